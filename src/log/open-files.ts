/**
 * File handles as a cache. A log has a file per segment and a broker tens of thousands of them, while the process may
 * hold only so many open: a handle is opened when it is needed, stays open while somebody has it pinned, and afterwards
 * until others need the place more. Owned by the log manager; every segment of every log opens its `.log` through it.
 *
 * A pinned file stays readable whatever happens to its name: a fetch answer keeps its region past the segment's removal.
 */
import { assert } from '../base/assert.ts'
import { type FileHandle, type FileSystem, FileSystemError } from './file-system.ts'

export class OpenFiles {
  readonly fileSystem: FileSystem
  readonly #limit: number
  #openCount = 0
  /** Open and unpinned, the one unpinned longest ago first. */
  readonly #idle = new Set<PooledFile>()

  /** Keeps at most `limit` handles, beyond those that are pinned. */
  constructor(fileSystem: FileSystem, limit: number) {
    this.fileSystem = fileSystem
    this.#limit = limit
  }

  get openCount(): number {
    return this.#openCount
  }

  /** A file that may or may not exist yet; nothing is opened. */
  file(path: string): PooledFile {
    return new PooledFile(this, path)
  }

  onOpened(): void {
    this.#openCount++
    this.#closeIdle()
  }

  onPinned(file: PooledFile): void {
    this.#idle.delete(file)
  }

  onUnpinned(file: PooledFile): void {
    this.#idle.add(file)
    this.#closeIdle()
  }

  onClosed(file: PooledFile): void {
    this.#openCount--
    this.#idle.delete(file)
  }

  #closeIdle(): void {
    while (this.#openCount > this.#limit && this.#idle.size > 0) {
      const [oldest] = this.#idle
      oldest!.closeIdle()
    }
  }
}

export class PooledFile {
  readonly #files: OpenFiles
  #path: string
  #handle: FileHandle | undefined
  #opening: Promise<FileHandle> | undefined
  #pinCount = 0
  #isDiscarded = false

  constructor(files: OpenFiles, path: string) {
    this.#files = files
    this.#path = path
  }

  get path(): string {
    return this.#path
  }

  get pinCount(): number {
    return this.#pinCount
  }

  /** The handle, which stays open until as many `unpin`. Rejects with FileSystemError, and is not pinned then. */
  pin(options?: { readonly create?: boolean }): FileHandle | Promise<FileHandle> {
    // Another file may have its name by now.
    if (this.#handle === undefined && this.#isDiscarded) return Promise.reject(this.#goneError())
    this.#pinCount++
    if (this.#handle !== undefined) {
      this.#files.onPinned(this)
      return this.#handle
    }
    this.#opening ??= this.#open(options?.create ?? false)
    return this.#opening
  }

  unpin(): void {
    assert(this.#pinCount > 0, `unpinned more often than pinned: ${this.#path}`)
    this.#pinCount--
    if (this.#pinCount > 0 || this.#handle === undefined) return
    if (this.#isDiscarded) this.closeIdle()
    else this.#files.onUnpinned(this)
  }

  /** The file was renamed; an open handle goes with it. */
  onRenamed(path: string): void {
    this.#path = path
  }

  /** Nobody will pin it again: closes it once the last one unpins. */
  discard(): void {
    this.#isDiscarded = true
    if (this.#pinCount === 0 && this.#handle !== undefined) this.closeIdle()
  }

  /** Closes a handle that nobody has pinned. What was written is in the page cache: an error on close has nothing to say. */
  closeIdle(): void {
    assert(this.#pinCount === 0 && this.#handle !== undefined, `an idle handle is closed: ${this.#path}`)
    const handle = this.#handle
    this.#handle = undefined
    this.#files.onClosed(this)
    handle.close().catch(() => undefined)
  }

  #goneError(): FileSystemError {
    return new FileSystemError('ENOENT', this.#path, `ENOENT: ${this.#path} is gone`)
  }

  async #open(create: boolean): Promise<FileHandle> {
    try {
      const handle = await this.#files.fileSystem.open(this.#path, { create })
      if (this.#isDiscarded) {
        handle.close().catch(() => undefined)
        throw this.#goneError()
      }
      this.#handle = handle
      this.#files.onOpened()
      return handle
    } catch (error) {
      this.#pinCount = 0
      throw error
    } finally {
      this.#opening = undefined
    }
  }
}
