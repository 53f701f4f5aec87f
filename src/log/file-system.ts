/**
 * The disk as a parameter. io/node-file-system.ts is the real one, test/log/faulty-file-system.ts the simulated twin
 * that tears, loses and refuses writes. Every method rejects with FileSystemError; a short write or a failed sync is
 * an error here and is never retried by the caller: the directory goes offline.
 */
export interface FileSystem {
  /** Opens for reading and writing; creates an empty file when `create` is set and none exists. */
  open(path: string, options?: { readonly create?: boolean; readonly readOnly?: boolean }): Promise<FileHandle>
  /** Names in a directory, unsorted. Rejects with `code: 'ENOENT'` when there is none. */
  list(path: string): Promise<readonly DirectoryEntry[]>
  /** The size in bytes of a file, or undefined when there is none. */
  size(path: string): Promise<number | undefined>
  /** When a file was last written to, milliseconds since 1970; undefined when there is none. */
  modifiedMs(path: string): Promise<number | undefined>
  /** Of the disk that `path`, which exists, lies on. */
  space(path: string): Promise<DiskSpace>
  /** As other processes name it. */
  absolutePath(path: string): string
  readFile(path: string): Promise<Buffer>
  /** Writes a temporary file beside `path`, syncs it, renames it over `path` and syncs the directory. */
  replaceFile(path: string, content: Buffer | string): Promise<void>
  makeDirectory(path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** Removes a file or a whole directory; nothing happens when there is none. */
  remove(path: string): Promise<void>
  /** Makes creations, renames and removals in a directory durable. */
  syncDirectory(path: string): Promise<void>
  /** Takes the lock of a data directory, held also against Apache Kafka's own; rejects with `code: 'ELOCKED'` when another process holds it. */
  lock(path: string): Promise<FileLock>
}

export interface DirectoryEntry {
  readonly name: string
  readonly isDirectory: boolean
}

export interface DiskSpace {
  readonly totalBytes: number
  /** What this process may still fill. */
  readonly usableBytes: number
}

export interface FileLock {
  release(): Promise<void>
}

export interface FileHandle {
  readonly path: string
  /** Fills `buffer` from `position`; returns the bytes read, fewer only at the end of the file. */
  read(buffer: Buffer, position: number): Promise<number>
  /** Writes all of `buffers` in order at `position`, or rejects. */
  write(buffers: readonly Buffer[], position: number): Promise<void>
  /** Flushes content and size to the disk. */
  sync(): Promise<void>
  truncate(size: number): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

export class FileSystemError extends Error {
  override name = 'FileSystemError'
  /** The operating system's code: ENOENT, ENOSPC, EIO, ELOCKED ... */
  readonly code: string
  readonly path: string

  constructor(code: string, path: string, message: string) {
    super(message)
    this.code = code
    this.path = path
  }
}
