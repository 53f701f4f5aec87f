/**
 * The simulated twin of io/node-file-system.ts: one machine's disk, which survives its processes. Each operation takes
 * virtual time, runs beside others, and has its effect when it is done; when its process is killed before, it is done, done
 * in part or not at all, and nobody is told. After a power failure what was not synced is lost in parts (disk-nodes.ts).
 * The disk can be slow, full, or refuse an operation.
 */
import type { SeededRandom } from '../../src/base/random.ts'
import type { DiskSpace, FileHandle, FileLock, FileSystem } from '../../src/log/file-system.ts'
import { DiskDirectory, DiskFile, type DiskNode } from '../disk/disk-nodes.ts'
import { DiskTree, failure, TreeFileSystem } from '../disk/tree-file-system.ts'
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
  tree = new DiskTree()
  readonly #locks = new Map<string, SimulatedProcess>()
  /** Operations under way, by the process that wants them. */
  readonly #underWay = new Map<SimulatedProcess, Set<Operation>>()
  usedBytes = 0
  /** A write or a sync was refused since it was mounted last: its node has lost the use of a directory. */
  hasFailed = false
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
    this.hasFailed = false
    this.#underWay.set(process, new Set())
    process.onKilled.push(() => this.#onProcessEnded(process))
    return new MountedDisk(this, process)
  }

  /** The power fails; the processes are to be killed before. Returns whether anything was lost. */
  loseUnsynced(): boolean {
    return this.tree.root.loseUnsynced(this.#random)
  }

  /** Another disk, empty, takes its place; the processes are to be killed before. */
  wipe(): void {
    this.tree = new DiskTree()
    this.usedBytes = 0
  }

  /** Content of a file as the page cache has it, lent; undefined when there is none. */
  peek(path: string): Buffer | undefined {
    const node = this.tree.find(path)
    return node instanceof DiskFile ? node.content : undefined
  }

  /** Names in a directory; none when it is not there. */
  names(path: string): string[] {
    const node = this.tree.find(path)
    return node instanceof DiskDirectory ? [...node.entries.keys()] : []
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
          if (kind !== 'look') this.hasFailed = true
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

class MountedDisk extends TreeFileSystem {
  readonly #disk: SimulatedDisk
  readonly #process: SimulatedProcess

  constructor(disk: SimulatedDisk, process: SimulatedProcess) {
    super()
    this.#disk = disk
    this.#process = process
  }

  protected get tree(): DiskTree {
    return this.#disk.tree
  }

  protected operate<Result>(operation: keyof FileSystem, path: string, action: () => Result): Promise<Result> {
    return this.#disk.operate(this.#process, operation === 'syncDirectory' ? 'sync' : 'look', path, action)
  }

  protected handleOf(file: DiskFile, path: string): FileHandle {
    return new SimulatedHandle(this.#disk, this.#process, file, path)
  }

  protected spaceOf(): DiskSpace {
    const totalBytes = Math.min(this.#disk.bytesMax, 2 ** 40)
    return { totalBytes, usableBytes: Math.max(0, totalBytes - this.#disk.usedBytes) }
  }

  protected lockOf(path: string): FileLock {
    return this.#disk.lock(path, this.#process)
  }

  protected nowMs(): number {
    return startOfTimeMs + Math.floor(this.#process.world.nowMs)
  }

  /** Its room is given back, unsynced as that may be. */
  protected override onGone(node: DiskNode): void {
    this.#disk.usedBytes -= sizeOf(node)
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

function sizeOf(node: DiskNode): number {
  if (node instanceof DiskFile) return node.size
  let size = 0
  for (const child of node.entries.values()) size += sizeOf(child)
  return size
}
