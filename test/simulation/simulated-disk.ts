/**
 * The simulated twin of io/node-file-system.ts: one machine's disk, which survives its processes. Each operation takes
 * virtual time, runs beside others, and has its effect when it is done; when its process is killed before, it is done, done
 * in part or not at all, and nobody is told. After a power failure what was not synced is lost in parts (disk-nodes.ts).
 * The disk can be slow, full, or refuse an operation.
 */
import type { SeededRandom } from '../../src/base/random.ts'
import {
  type DirectoryEntry,
  type DiskSpace,
  type FileHandle,
  type FileLock,
  type FileSystem,
  FileSystemError,
} from '../../src/log/file-system.ts'
import { DiskDirectory, DiskFile, type EntryChange } from './disk-nodes.ts'
import { type SimulatedProcess, startOfTimeMs } from './simulated-process.ts'
import type { World } from './world.ts'

interface Operation {
  readonly action: () => unknown
  /** A write's: does part of it. */
  readonly doPartly: ((share: number) => void) | undefined
}

export class SimulatedDisk {
  readonly name: string
  readonly #world: World
  readonly #random: SeededRandom
  #root = new DiskDirectory()
  readonly #locks = new Map<string, SimulatedProcess>()
  /** Operations under way, by the process that wants them. */
  readonly #underWay = new Map<SimulatedProcess, Set<Operation>>()
  usedBytes = 0
  bytesMax = Number.POSITIVE_INFINITY
  /** How many times slower than usual it is. */
  slowness = 1
  /** How long a sync takes, in milliseconds, and up to that much more. */
  syncMs = 0.5
  /** The next operation of that kind fails with this code. */
  readonly faults = new Map<'write' | 'sync', string>()

  constructor(world: World, name: string) {
    this.#world = world
    this.name = name
    this.#random = world.fork(`disk of ${name}`)
  }

  /** The disk as `process` sees it, until it is killed. */
  mount(process: SimulatedProcess): FileSystem {
    this.#underWay.set(process, new Set())
    process.onKilled.push(() => this.#onProcessEnded(process))
    return new MountedDisk(this, process)
  }

  /** The power fails; the processes are to be killed before. Returns whether anything was lost. */
  loseUnsynced(): boolean {
    return this.#root.loseUnsynced(this.#random)
  }

  /** Another disk, empty, takes its place; the processes are to be killed before. */
  wipe(): void {
    this.#root = new DiskDirectory()
    this.usedBytes = 0
  }

  /** Content of a file as the page cache has it, lent; undefined when there is none. */
  peek(path: string): Buffer | undefined {
    const node = this.find(path)
    return node instanceof DiskFile ? node.content : undefined
  }

  /** Names in a directory; none when it is not there. */
  names(path: string): string[] {
    const node = this.find(path)
    return node instanceof DiskDirectory ? [...node.entries.keys()] : []
  }

  find(path: string): DiskFile | DiskDirectory | undefined {
    let node: DiskFile | DiskDirectory | undefined = this.#root
    for (const name of namesOf(path)) node = node instanceof DiskDirectory ? node.entries.get(name) : undefined
    return node
  }

  parent(path: string): { directory: DiskDirectory; name: string } {
    const names = namesOf(path)
    const name = names.pop()!
    const directory = this.find(names.join('/'))
    if (!(directory instanceof DiskDirectory)) throw failure('ENOENT', path)
    return { directory, name }
  }

  lock(path: string, process: SimulatedProcess): FileLock {
    if (this.#locks.has(path)) throw failure('ELOCKED', path)
    this.#locks.set(path, process)
    return {
      release: async () => {
        if (this.#locks.get(path) === process) this.#locks.delete(path)
      },
    }
  }

  /** Takes room for `count` bytes more. Throws ENOSPC. */
  take(count: number, path: string): void {
    if (this.usedBytes + count > this.bytesMax) throw failure('ENOSPC', path)
    this.usedBytes += count
  }

  /** Does `action` after a while, for a process that is alive then. */
  operate<Result>(
    process: SimulatedProcess,
    kind: 'look' | 'write' | 'sync',
    path: string,
    action: () => Result,
    doPartly?: (share: number) => void,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const operations = this.#underWay.get(process)
      if (operations === undefined || !process.isAlive) return
      const operation: Operation = { action, doPartly }
      operations.add(operation)
      // The disk goes on while its process is paused; only the answer waits.
      this.#world.at(this.#durationMs(kind), () => {
        if (!operations.delete(operation)) return
        let settle: () => void
        try {
          this.#maybeFail(kind, path, doPartly)
          const result = action()
          settle = () => resolve(result)
        } catch (error) {
          settle = () => reject(error as Error)
        }
        process.schedule(0, settle)
      })
    })
  }

  #maybeFail(kind: 'look' | 'write' | 'sync', path: string, doPartly?: (share: number) => void): void {
    if (kind === 'look') return
    const code = this.faults.get(kind)
    if (code === undefined) return
    this.faults.delete(kind)
    doPartly?.(this.#random.next())
    throw failure(code, path)
  }

  #durationMs(kind: 'look' | 'write' | 'sync'): number {
    const luck = this.#random.next()
    const usualMs = kind === 'sync' ? this.syncMs * (1 + luck) : 0.02 + luck * 0.08
    const spike = this.#random.next() < 0.005 ? 5 + 30 * this.#random.next() : 0
    return (usualMs + spike) * this.slowness
  }

  #onProcessEnded(process: SimulatedProcess): void {
    const operations = this.#underWay.get(process) ?? new Set()
    this.#underWay.delete(process)
    for (const { action, doPartly } of operations) {
      const luck = this.#random.next()
      try {
        if (luck < 0.4) action()
        else if (luck < 0.7) doPartly?.(this.#random.next())
      } catch {
        // Nobody is there to be told.
      }
    }
    operations.clear()
    for (const [path, holder] of [...this.#locks]) if (holder === process) this.#locks.delete(path)
  }
}

class MountedDisk implements FileSystem {
  readonly #disk: SimulatedDisk
  readonly #process: SimulatedProcess

  constructor(disk: SimulatedDisk, process: SimulatedProcess) {
    this.#disk = disk
    this.#process = process
  }

  open(path: string, options: { create?: boolean; readOnly?: boolean } = {}): Promise<FileHandle> {
    return this.#operate('look', path, () => {
      const { directory, name } = this.#disk.parent(path)
      let node = directory.entries.get(name)
      if (node === undefined && options.create) {
        node = this.#newFile()
        this.#change(directory, [{ name, node }])
      }
      if (!(node instanceof DiskFile)) throw failure('ENOENT', path)
      return new SimulatedHandle(this.#disk, this.#process, node, path)
    })
  }

  list(path: string): Promise<readonly DirectoryEntry[]> {
    return this.#operate('look', path, () => {
      const node = this.#disk.find(path)
      if (!(node instanceof DiskDirectory)) throw failure('ENOENT', path)
      return [...node.entries].map(([name, child]) => ({ name, isDirectory: child instanceof DiskDirectory }))
    })
  }

  size(path: string): Promise<number | undefined> {
    return this.#operate('look', path, () => {
      const node = this.#disk.find(path)
      return node instanceof DiskFile ? node.size : undefined
    })
  }

  modifiedMs(path: string): Promise<number | undefined> {
    return this.#operate('look', path, () => {
      const node = this.#disk.find(path)
      return node instanceof DiskFile ? node.modifiedMs : undefined
    })
  }

  space(path: string): Promise<DiskSpace> {
    return this.#operate('look', path, () => {
      const totalBytes = Math.min(this.#disk.bytesMax, 2 ** 40)
      return { totalBytes, usableBytes: Math.max(0, totalBytes - this.#disk.usedBytes) }
    })
  }

  absolutePath(path: string): string {
    return path
  }

  readFile(path: string): Promise<Buffer> {
    return this.#operate('look', path, () => {
      const node = this.#disk.find(path)
      if (!(node instanceof DiskFile)) throw failure('ENOENT', path)
      return Buffer.from(node.content)
    })
  }

  async replaceFile(path: string, content: Buffer | string): Promise<void> {
    const handle = await this.open(`${path}.tmp`, { create: true })
    await handle.truncate(0)
    await handle.write([Buffer.from(content)], 0)
    await handle.sync()
    await handle.close()
    await this.rename(`${path}.tmp`, path)
    await this.syncDirectory(path.slice(0, path.lastIndexOf('/')))
  }

  makeDirectory(path: string): Promise<void> {
    return this.#operate('look', path, () => {
      let directory = this.#disk.find('') as DiskDirectory
      for (const name of namesOf(path)) {
        let next = directory.entries.get(name)
        if (next === undefined) {
          next = new DiskDirectory()
          directory.change([{ name, node: next }])
        }
        if (!(next instanceof DiskDirectory)) throw failure('ENOTDIR', path)
        directory = next
      }
    })
  }

  rename(from: string, to: string): Promise<void> {
    return this.#operate('look', from, () => {
      const source = this.#disk.parent(from)
      const target = this.#disk.parent(to)
      const node = source.directory.entries.get(source.name)
      if (node === undefined) throw failure('ENOENT', from)
      if (source.directory !== target.directory) throw failure('EXDEV', from)
      const changes = [
        { name: source.name, node: undefined },
        { name: target.name, node },
      ]
      this.#change(source.directory, changes)
    })
  }

  remove(path: string): Promise<void> {
    return this.#operate('look', path, () => {
      const { directory, name } = this.#disk.parent(path)
      if (directory.entries.has(name)) this.#change(directory, [{ name, node: undefined }])
    })
  }

  syncDirectory(path: string): Promise<void> {
    return this.#operate('sync', path, () => {
      const node = this.#disk.find(path)
      if (!(node instanceof DiskDirectory)) throw failure('ENOENT', path)
      node.sync()
    })
  }

  lock(path: string): Promise<FileLock> {
    return this.#operate('look', path, () => this.#disk.lock(path, this.#process))
  }

  #operate<Result>(kind: 'look' | 'sync', path: string, action: () => Result): Promise<Result> {
    return this.#disk.operate(this.#process, kind, path, action)
  }

  /** What a directory lets go of gives its room back, unsynced as that may be. */
  #change(directory: DiskDirectory, changes: readonly EntryChange[]): void {
    for (const { name } of changes.slice(-1)) {
      const gone = directory.entries.get(name)
      if (gone !== undefined) this.#disk.usedBytes -= sizeOf(gone)
    }
    directory.change(changes)
  }

  #newFile(): DiskFile {
    const file = new DiskFile()
    file.modifiedMs = startOfTimeMs + Math.floor(this.#process.world.nowMs)
    return file
  }
}

class SimulatedHandle implements FileHandle {
  readonly path: string
  readonly #disk: SimulatedDisk
  readonly #process: SimulatedProcess
  readonly #file: DiskFile
  #isClosed = false

  constructor(disk: SimulatedDisk, process: SimulatedProcess, file: DiskFile, path: string) {
    this.#disk = disk
    this.#process = process
    this.#file = file
    this.path = path
  }

  read(buffer: Buffer, position: number): Promise<number> {
    return this.#operate('look', () => this.#file.read(buffer, position))
  }

  write(buffers: readonly Buffer[], position: number): Promise<void> {
    // What is written is what the buffers hold when the write begins.
    const bytes = Buffer.concat(buffers)
    const put = (part: Buffer): void => {
      const growth = Math.max(0, position + part.length - this.#file.size)
      this.#disk.take(growth, this.path)
      this.#file.modifiedMs = startOfTimeMs + Math.floor(this.#process.world.nowMs)
      if (part.length > 0) this.#file.write(part, position)
    }
    const doPartly = (share: number): void => put(bytes.subarray(0, Math.floor(bytes.length * share)))
    return this.#operate('write', () => put(bytes), doPartly)
  }

  sync(): Promise<void> {
    return this.#operate('sync', () => this.#file.sync())
  }

  truncate(size: number): Promise<void> {
    return this.#operate('look', () => {
      this.#disk.usedBytes += size - this.#file.size
      this.#file.truncate(size)
    })
  }

  size(): Promise<number> {
    return this.#operate('look', () => this.#file.size)
  }

  async close(): Promise<void> {
    if (this.#isClosed) throw new Error(`closed twice: ${this.path}`)
    this.#isClosed = true
  }

  #operate<Result>(
    kind: 'look' | 'write' | 'sync',
    action: () => Result,
    doPartly?: (share: number) => void,
  ): Promise<Result> {
    if (this.#isClosed) return Promise.reject(failure('EBADF', this.path))
    return this.#disk.operate(this.#process, kind, this.path, action, doPartly)
  }
}

function sizeOf(node: DiskFile | DiskDirectory): number {
  if (node instanceof DiskFile) return node.size
  let size = 0
  for (const child of node.entries.values()) size += sizeOf(child)
  return size
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '')
}

function failure(code: string, path: string): FileSystemError {
  return new FileSystemError(code, path, `${code}: ${path}`)
}
