/**
 * A disk in memory behind log/file-system.ts, for a broker that leaves nothing behind: tests that embed one. What is
 * written is there for everybody at once; syncing does nothing. It holds at most `bytesMax`: beyond that it is full,
 * as a disk is.
 */
import path from 'node:path'
import {
  type DirectoryEntry,
  type DiskSpace,
  type FileHandle,
  type FileLock,
  type FileSystem,
  FileSystemError,
} from '../log/file-system.ts'

/** Bytes of a page; the first page of a file grows up to it, so that a small file stays small. */
const pageSize = 64 * 1024
const firstPageSizeMin = 512

/** Counts the bytes of all files. */
class MemoryBudget {
  readonly #bytesMax: number
  #usedBytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get totalBytes(): number {
    return this.#bytesMax
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  take(sizeInBytes: number, filePath: string): void {
    if (this.#usedBytes + sizeInBytes > this.#bytesMax) {
      const message = `ENOSPC: the ${this.#bytesMax} bytes of this broker's memory are used up '${filePath}'`
      throw new FileSystemError('ENOSPC', filePath, message)
    }
    this.#usedBytes += sizeInBytes
  }

  give(sizeInBytes: number): void {
    this.#usedBytes -= sizeInBytes
  }
}

class MemoryFile {
  modifiedMs = 0
  sizeInBytes = 0
  isRemoved = false
  openCount = 0
  readonly #budget: MemoryBudget
  #pages: Buffer[] = []

  constructor(budget: MemoryBudget) {
    this.#budget = budget
  }

  read(buffer: Buffer, position: number): number {
    const end = Math.min(position + buffer.length, this.sizeInBytes)
    for (let at = position; at < end; ) {
      const start = at % pageSize
      const count = Math.min(end - at, pageSize - start)
      this.#pages[Math.floor(at / pageSize)]!.copy(buffer, at - position, start, start + count)
      at += count
    }
    return Math.max(0, end - position)
  }

  write(buffers: readonly Buffer[], position: number, filePath: string): void {
    let at = position
    let size = 0
    for (const buffer of buffers) size += buffer.length
    this.#reserve(position + size, filePath)
    for (const buffer of buffers) {
      for (let from = 0; from < buffer.length; ) {
        const start = at % pageSize
        const count = buffer.copy(this.#pages[Math.floor(at / pageSize)]!, start, from, from + pageSize - start)
        from += count
        at += count
      }
    }
    this.sizeInBytes = Math.max(this.sizeInBytes, at)
  }

  /** What is cut off is gone: bytes that a later write skips are zero. */
  truncate(size: number, filePath: string): void {
    if (size > this.sizeInBytes) this.#reserve(size, filePath)
    const count = Math.ceil(size / pageSize)
    for (const page of this.#pages.splice(count)) this.#budget.give(page.length)
    this.#pages[count - 1]?.fill(0, size - (count - 1) * pageSize)
    this.sizeInBytes = size
  }

  /** Its memory goes with the last handle. */
  maybeFree(): void {
    if (!this.isRemoved || this.openCount > 0) return
    for (const page of this.#pages.splice(0)) this.#budget.give(page.length)
    this.sizeInBytes = 0
  }

  #reserve(size: number, filePath: string): void {
    const count = Math.ceil(size / pageSize)
    if (count === 0) return
    if (count === 1) {
      this.#growPage(0, size, filePath)
      return
    }
    if (this.#pages.length < count)
      for (let index = 0; index < count; index++) this.#growPage(index, pageSize, filePath)
  }

  #growPage(index: number, size: number, filePath: string): void {
    const page = this.#pages[index]
    const before = page?.length ?? 0
    if (before >= size) return
    const grown = Math.min(pageSize, Math.max(firstPageSizeMin, before * 2, size))
    this.#budget.take(grown - before, filePath)
    const bytes = Buffer.alloc(grown)
    page?.copy(bytes)
    this.#pages[index] = bytes
  }
}

type MemoryDirectory = Map<string, MemoryFile | MemoryDirectory>

export class MemoryFileSystem implements FileSystem {
  readonly #root: MemoryDirectory = new Map()
  readonly #locks = new Set<string>()
  readonly #budget: MemoryBudget
  readonly #now: () => number

  constructor(options: { readonly bytesMax: number; readonly now: () => number }) {
    this.#budget = new MemoryBudget(options.bytesMax)
    this.#now = options.now
  }

  get usedBytes(): number {
    return this.#budget.usedBytes
  }

  async open(filePath: string, options: { create?: boolean; readOnly?: boolean } = {}): Promise<FileHandle> {
    const found = this.#find(filePath)
    if (found instanceof Map) throw failure('EISDIR', filePath)
    if (found === undefined && !options.create) throw failure('ENOENT', filePath)
    const file = found ?? this.#create(filePath)
    file.openCount++
    return new MemoryFileHandle(filePath, file, this.#now)
  }

  async list(directory: string): Promise<readonly DirectoryEntry[]> {
    return [...this.#directory(directory)].map(([name, node]) => ({ name, isDirectory: node instanceof Map }))
  }

  async size(filePath: string): Promise<number | undefined> {
    const node = this.#find(filePath)
    return node instanceof MemoryFile ? node.sizeInBytes : undefined
  }

  async modifiedMs(filePath: string): Promise<number | undefined> {
    const node = this.#find(filePath)
    return node instanceof MemoryFile ? node.modifiedMs : undefined
  }

  async space(): Promise<DiskSpace> {
    const { usedBytes, totalBytes } = this.#budget
    return { totalBytes, usableBytes: totalBytes - usedBytes }
  }

  absolutePath(filePath: string): string {
    return path.resolve(filePath)
  }

  async readFile(filePath: string): Promise<Buffer> {
    const node = this.#find(filePath)
    if (!(node instanceof MemoryFile)) throw failure('ENOENT', filePath)
    const bytes = Buffer.allocUnsafeSlow(node.sizeInBytes)
    node.read(bytes, 0)
    return bytes
  }

  async replaceFile(filePath: string, content: Buffer | string): Promise<void> {
    const file = new MemoryFile(this.#budget)
    file.write([Buffer.from(content)], 0, filePath)
    file.modifiedMs = this.#now()
    this.#put(filePath, file)
  }

  async makeDirectory(directory: string): Promise<void> {
    let at = this.#root
    for (const name of partsOf(directory)) {
      const node = at.get(name) ?? new Map()
      if (!(node instanceof Map)) throw failure('ENOTDIR', directory)
      at.set(name, node)
      at = node
    }
  }

  async rename(from: string, to: string): Promise<void> {
    const node = this.#find(from)
    if (node === undefined) throw failure('ENOENT', from)
    this.#parent(from).delete(path.basename(from))
    this.#put(to, node)
  }

  async remove(filePath: string): Promise<void> {
    const node = this.#find(filePath)
    if (node === undefined) return
    this.#parent(filePath).delete(path.basename(filePath))
    discard(node)
  }

  syncDirectory(directory: string): Promise<void> {
    this.#directory(directory)
    return Promise.resolve()
  }

  async lock(filePath: string): Promise<FileLock> {
    const absolute = path.resolve(filePath)
    if (this.#locks.has(absolute)) throw failure('ELOCKED', filePath)
    this.#locks.add(absolute)
    return {
      release: async () => {
        this.#locks.delete(absolute)
      },
    }
  }

  #find(filePath: string): MemoryFile | MemoryDirectory | undefined {
    let node: MemoryFile | MemoryDirectory | undefined = this.#root
    for (const name of partsOf(filePath)) {
      if (!(node instanceof Map)) return undefined
      node = node.get(name)
    }
    return node
  }

  #directory(directory: string): MemoryDirectory {
    const node = this.#find(directory)
    if (node === undefined) throw failure('ENOENT', directory)
    if (!(node instanceof Map)) throw failure('ENOTDIR', directory)
    return node
  }

  #parent(filePath: string): MemoryDirectory {
    return this.#directory(path.dirname(path.resolve(filePath)))
  }

  #create(filePath: string): MemoryFile {
    const file = new MemoryFile(this.#budget)
    file.modifiedMs = this.#now()
    this.#put(filePath, file)
    return file
  }

  #put(filePath: string, node: MemoryFile | MemoryDirectory): void {
    const parent = this.#parent(filePath)
    const name = path.basename(filePath)
    const before = parent.get(name)
    parent.set(name, node)
    if (before !== undefined) discard(before)
  }
}

class MemoryFileHandle implements FileHandle {
  readonly path: string
  readonly #file: MemoryFile
  readonly #now: () => number
  #isClosed = false

  constructor(filePath: string, file: MemoryFile, now: () => number) {
    this.path = filePath
    this.#file = file
    this.#now = now
  }

  async read(buffer: Buffer, position: number): Promise<number> {
    this.#checkOpen()
    return this.#file.read(buffer, position)
  }

  async write(buffers: readonly Buffer[], position: number): Promise<void> {
    this.#checkOpen()
    this.#file.write(buffers, position, this.path)
    this.#file.modifiedMs = this.#now()
  }

  sync(): Promise<void> {
    return Promise.resolve()
  }

  async truncate(size: number): Promise<void> {
    this.#checkOpen()
    this.#file.truncate(size, this.path)
    this.#file.modifiedMs = this.#now()
  }

  size(): Promise<number> {
    return Promise.resolve(this.#file.sizeInBytes)
  }

  async close(): Promise<void> {
    this.#checkOpen()
    this.#isClosed = true
    this.#file.openCount--
    this.#file.maybeFree()
  }

  #checkOpen(): void {
    if (this.#isClosed) throw failure('EBADF', this.path)
  }
}

function discard(node: MemoryFile | MemoryDirectory): void {
  if (node instanceof Map) {
    for (const child of node.values()) discard(child)
    return
  }
  node.isRemoved = true
  node.maybeFree()
}

function partsOf(filePath: string): string[] {
  return path.resolve(filePath).split(path.sep).filter(Boolean)
}

function failure(code: string, filePath: string): FileSystemError {
  return new FileSystemError(code, filePath, `${code}: '${filePath}'`)
}
