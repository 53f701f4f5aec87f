/**
 * The disk of this machine behind log/file-system.ts: callback functions of `node:fs` on plain descriptors, one promise
 * per operation, each in the lane of its directory; small appends to a lone directory are written at once, see SwiftWrites
 * (swift-writes.ts). A short write is an error, as is anything else that the operating system reports; nothing is retried.
 */
import fs from 'node:fs'
import path from 'node:path'
import {
  type DirectoryEntry,
  type DiskSpace,
  type FileHandle,
  type FileLock,
  type FileSystem,
  FileSystemError,
} from '../log/file-system.ts'
import { lockFile } from './file-lock.ts'
import { type IoLane, IoLanes, type PathLanes } from './io-lanes.ts'
import { swiftSizeMax } from './swift-writes.ts'

/** Buffers in one writev; the limit of Linux. */
const buffersMax = 1024
/** Bytes in one call: beyond it the page cache costs more per byte (measured on ext4: 0.4 to 0.7 s/GB, with 1 MiB 0.7 to 2.3). */
const pieceSizeMax = 256 * 1024
const smallFileSize = 2048
/** For reads under way, reused: what is read is copied out of them, because indexes stay and should not keep more than they fill. */
const scratchBuffers: Buffer[] = []

export class NodeFileSystem implements FileSystem {
  readonly #lanes: IoLanes

  constructor(lanes: IoLanes = new IoLanes()) {
    this.#lanes = lanes
  }

  async open(filePath: string, options: { create?: boolean; readOnly?: boolean } = {}): Promise<FileHandle> {
    const { O_RDONLY, O_RDWR, O_CREAT } = fs.constants
    const flags = options.readOnly ? O_RDONLY : O_RDWR | (options.create ? O_CREAT : 0)
    const descriptor = await this.#call<number>(filePath, (done) => fs.open(filePath, flags, 0o644, done))
    return new NodeFileHandle(filePath, descriptor, this.#lanes.of(filePath))
  }

  async list(directory: string): Promise<readonly DirectoryEntry[]> {
    const entries = await this.#call<fs.Dirent[]>(directory, (done) =>
      fs.readdir(directory, { withFileTypes: true }, done),
    )
    return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }))
  }

  async size(filePath: string): Promise<number | undefined> {
    return (await this.#statIfThere(filePath))?.size
  }

  async modifiedMs(filePath: string): Promise<number | undefined> {
    const stats = await this.#statIfThere(filePath)
    return stats === undefined ? undefined : Math.floor(stats.mtimeMs)
  }

  async space(filePath: string): Promise<DiskSpace> {
    const { bsize, blocks, bavail } = await this.#call<fs.StatsFs>(filePath, (done) => fs.statfs(filePath, done))
    return { totalBytes: bsize * blocks, usableBytes: bsize * bavail }
  }

  absolutePath(filePath: string): string {
    return path.resolve(filePath)
  }

  /** Most files are small: one read without asking for the size does, and nobody waits for the close. */
  async readFile(filePath: string): Promise<Buffer> {
    const descriptor = await this.#call<number>(filePath, (done) => fs.open(filePath, fs.constants.O_RDONLY, done))
    const handle = new NodeFileHandle(filePath, descriptor, this.#lanes.of(filePath))
    const scratch = scratchBuffers.pop() ?? Buffer.allocUnsafeSlow(smallFileSize)
    try {
      const count = await this.#call<number>(filePath, (done) =>
        fs.read(descriptor, scratch, 0, smallFileSize, 0, done),
      )
      if (count < smallFileSize) return Buffer.from(scratch.subarray(0, count))
      const whole = Buffer.allocUnsafeSlow(await handle.size())
      return whole.subarray(0, await handle.read(whole, 0))
    } finally {
      scratchBuffers.push(scratch)
      handle.close().catch(() => undefined)
    }
  }

  async replaceFile(filePath: string, content: Buffer | string): Promise<void> {
    const temporaryPath = `${filePath}.tmp`
    const descriptor = await this.#call<number>(temporaryPath, (done) => fs.open(temporaryPath, 'w', 0o644, done))
    const handle = new NodeFileHandle(temporaryPath, descriptor, this.#lanes.of(temporaryPath))
    try {
      await handle.write([Buffer.from(content)], 0)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await this.rename(temporaryPath, filePath)
    await this.syncDirectory(path.dirname(filePath))
  }

  async makeDirectory(directory: string): Promise<void> {
    await this.#call<string | undefined>(directory, (done) => fs.mkdir(directory, { recursive: true }, done))
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call<void>(from, (done) => fs.rename(from, to, done))
  }

  remove(filePath: string): Promise<void> {
    return this.#call<void>(filePath, (done) => fs.rm(filePath, { recursive: true, force: true }, done))
  }

  async syncDirectory(directory: string): Promise<void> {
    const descriptor = await this.#call<number>(directory, (done) => fs.open(directory, 'r', done))
    try {
      await this.#call<void>(directory, (done) => fs.fsync(descriptor, done))
    } finally {
      await this.#call<void>(directory, (done) => fs.close(descriptor, done))
    }
  }

  async #statIfThere(filePath: string): Promise<fs.Stats | undefined> {
    try {
      return await this.#call<fs.Stats>(filePath, (done) => fs.stat(filePath, done))
    } catch (error) {
      if ((error as FileSystemError).code === 'ENOENT') return undefined
      throw error
    }
  }

  #call<Result>(filePath: string, start: (done: Done<Result>) => void): Promise<Result> {
    return call(this.#lanes.of(filePath).common, filePath, start)
  }

  lock(filePath: string): Promise<FileLock> {
    return lockFile(filePath)
  }
}

class NodeFileHandle implements FileHandle {
  readonly path: string
  readonly #descriptor: number
  readonly #lanes: PathLanes

  constructor(filePath: string, descriptor: number, lanes: PathLanes) {
    this.path = filePath
    this.#lanes = lanes
    this.#descriptor = descriptor
  }

  read(buffer: Buffer, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      let filled = 0
      const readOn = (): void => {
        fs.read(this.#descriptor, buffer, filled, buffer.length - filled, position + filled, (error, count) => {
          this.#lanes.common.done()
          if (error !== null) return reject(toFileSystemError(error, this.path))
          filled += count
          if (count === 0 || filled === buffer.length) resolve(filled)
          else this.#lanes.common.run(readOn)
        })
      }
      if (buffer.length === 0) resolve(0)
      else this.#lanes.common.run(readOn)
    })
  }

  write(buffers: readonly Buffer[], position: number): Promise<void> {
    let size = 0
    for (const buffer of buffers) size += buffer.length
    if (size > pieceSizeMax || buffers.length > buffersMax) return this.#writeInPieces(buffers, position)
    const { swiftWrites } = this.#lanes
    if (size <= swiftSizeMax && size > 0 && swiftWrites?.isAllowed() === true) {
      return this.#writeNow(buffers, size, position)
    }
    return this.#writeOnce(buffers, size, position)
  }

  async #writeInPieces(buffers: readonly Buffer[], position: number): Promise<void> {
    let at = position
    for (const piece of inPieces(buffers)) {
      await this.#writeOnce(piece.buffers, piece.size, at)
      at += piece.size
    }
  }

  async sync(): Promise<void> {
    const { flushes, swiftWrites } = this.#lanes
    swiftWrites?.onFlushStarted()
    try {
      await call<void>(flushes, this.path, (done) => fs.fdatasync(this.#descriptor, done))
    } finally {
      swiftWrites?.onFlushEnded()
    }
  }

  truncate(size: number): Promise<void> {
    return call<void>(this.#lanes.common, this.path, (done) => fs.ftruncate(this.#descriptor, size, done))
  }

  async size(): Promise<number> {
    return (await call<fs.Stats>(this.#lanes.common, this.path, (done) => fs.fstat(this.#descriptor, done))).size
  }

  close(): Promise<void> {
    return call<void>(this.#lanes.common, this.path, (done) => fs.close(this.#descriptor, done))
  }

  async #writeNow(buffers: readonly Buffer[], size: number, position: number): Promise<void> {
    const { swiftWrites } = this.#lanes
    const startedMs = performance.now()
    let count = 0
    try {
      count =
        buffers.length === 1
          ? fs.writeSync(this.#descriptor, buffers[0]!, 0, size, position)
          : fs.writevSync(this.#descriptor, buffers as Buffer[], position)
    } catch (error) {
      throw toFileSystemError(error as NodeJS.ErrnoException, this.path)
    }
    swiftWrites?.onWritten(startedMs, performance.now())
    if (count !== size) throw toShortWriteError(this.path, count, size)
  }

  #writeOnce(buffers: readonly Buffer[], size: number, position: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const onWritten = (error: NodeJS.ErrnoException | null, count: number): void => {
        this.#lanes.common.done()
        if (error !== null) reject(toFileSystemError(error, this.path))
        else if (count === size) resolve()
        else reject(toShortWriteError(this.path, count, size))
      }
      const [only] = buffers
      if (only === undefined) resolve()
      else
        this.#lanes.common.run(() => {
          if (buffers.length === 1) fs.write(this.#descriptor, only, 0, size, position, onWritten)
          else fs.writev(this.#descriptor, buffers as Buffer[], position, onWritten)
        })
    })
  }
}

/** The same bytes in the same order, as many as one call may take at a time. */
function* inPieces(buffers: readonly Buffer[]): Generator<{ buffers: Buffer[]; size: number }> {
  let piece: Buffer[] = []
  let size = 0
  for (const buffer of buffers) {
    for (let from = 0; from < buffer.length; ) {
      const part = buffer.subarray(from, from + pieceSizeMax - size)
      piece.push(part)
      size += part.length
      from += part.length
      if (size < pieceSizeMax && piece.length < buffersMax) continue
      yield { buffers: piece, size }
      piece = []
      size = 0
    }
  }
  if (size > 0) yield { buffers: piece, size }
}

type Done<Result> = (error: NodeJS.ErrnoException | null, result: Result) => void

function call<Result>(lane: IoLane, filePath: string, start: (done: Done<Result>) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    const done: Done<Result> = (error, result) => {
      lane.done()
      if (error === null || error === undefined) resolve(result)
      else reject(toFileSystemError(error, filePath))
    }
    lane.run(() => start(done))
  })
}

function toFileSystemError(error: NodeJS.ErrnoException, filePath: string): FileSystemError {
  // Operations on descriptors do not name the file.
  const message = error.message.includes(filePath) ? error.message : `${error.message} '${filePath}'`
  return new FileSystemError(error.code ?? 'EIO', filePath, message)
}

function toShortWriteError(filePath: string, count: number, size: number): FileSystemError {
  const message = `ENOSPC: only ${count} of ${size} bytes could be written, the disk is full or a limit reached '${filePath}'`
  return new FileSystemError('ENOSPC', filePath, message)
}
