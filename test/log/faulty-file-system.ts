/**
 * The simulated twin of io/node-file-system.ts: a disk in memory that keeps apart what is in the page cache and what is
 * on the platter. It can die at any operation. After `crash('process')` the page cache is kept, with the operation under
 * way done in part; after `crash('power')` of all that was not synced any subset survives, writes torn at any byte,
 * directory entries up to some point in their order. It can also refuse an operation, or write short.
 */
import type { Random } from '../../src/base/random.ts'
import type { DiskSpace, FileHandle, FileLock, FileSystem } from '../../src/log/file-system.ts'
import { DiskFile } from '../disk/disk-nodes.ts'
import { DiskTree, failure, TreeFileSystem } from '../disk/tree-file-system.ts'

export interface Fault {
  /** Operation names as in FileSystem and FileHandle; fileSize is the latter's size. */
  readonly operation: string
  /** The fault hits the first operation on a path with this in it. */
  readonly path: string
  readonly code: string
  /** Of a write: this share of the bytes is written before it fails. */
  readonly share?: number
}

export class FaultyFileSystem extends TreeFileSystem {
  readonly #random: Random
  protected readonly tree = new DiskTree()
  #generation = 0
  #operationsLeft = Number.POSITIVE_INFINITY
  #faults: Fault[] = []
  readonly #locks = new Set<string>()
  operationsCount = 0
  /** The time that files are stamped with. */
  now = (): number => 0
  /** Paths of handles that are not closed. */
  readonly openPaths = new Map<FileHandle, string>()

  constructor(random: Random) {
    super()
    this.#random = random
  }

  /** The machine dies at the operation after the next `count`: it is done in part, all later ones fail until `crash`. */
  dieAfter(count: number): void {
    this.#operationsLeft = count
  }

  get isDead(): boolean {
    return this.#operationsLeft < 0
  }

  /** The disk as one process sees it: after the next crash everything that this one still tries fails. */
  mount(): FileSystem {
    const generation = this.#generation
    const alive = <Result>(path: string, operation: () => Promise<Result>): Promise<Result> =>
      generation === this.#generation ? operation() : Promise.reject(failure('ECRASHED', path))
    return {
      open: (path, options) => alive(path, () => this.open(path, options)),
      list: (path) => alive(path, () => this.list(path)),
      size: (path) => alive(path, () => this.size(path)),
      modifiedMs: (path) => alive(path, () => this.modifiedMs(path)),
      space: (path) => alive(path, () => this.space(path)),
      absolutePath: (path) => this.absolutePath(path),
      readFile: (path) => alive(path, () => this.readFile(path)),
      replaceFile: (path, content) => alive(path, () => this.replaceFile(path, content)),
      makeDirectory: (path) => alive(path, () => this.makeDirectory(path)),
      rename: (from, to) => alive(from, () => this.rename(from, to)),
      remove: (path) => alive(path, () => this.remove(path)),
      syncDirectory: (path) => alive(path, () => this.syncDirectory(path)),
      lock: (path) => alive(path, () => this.lock(path)),
    }
  }

  addFault(fault: Fault): void {
    this.#faults.push(fault)
  }

  /** Ends the process, or the power; whoever opens files now finds what is left. Old handles are dead. */
  crash(kind: 'process' | 'power'): void {
    this.#generation++
    this.#operationsLeft = Number.POSITIVE_INFINITY
    this.#faults = []
    this.#locks.clear()
    this.openPaths.clear()
    if (kind === 'power') this.tree.root.loseUnsynced(this.#random)
  }

  protected handleOf(file: DiskFile, path: string): FileHandle {
    const handle = new FaultyHandle(this, file, path, this.#generation)
    this.openPaths.set(handle, path)
    return handle
  }

  protected spaceOf(path: string): DiskSpace {
    if (this.tree.find(path) === undefined) throw failure('ENOENT', path)
    return { totalBytes: 1_000_000, usableBytes: 900_000 }
  }

  protected lockOf(path: string): FileLock {
    if (this.#locks.has(path)) throw failure('ELOCKED', path)
    this.#locks.add(path)
    return { release: async () => void this.#locks.delete(path) }
  }

  protected nowMs(): number {
    return this.now()
  }

  /** Its steps are those of one process. */
  override replaceFile(path: string, content: Buffer | string): Promise<void> {
    return super.replaceFile.call(this.mount(), path, content)
  }

  /** For tests that damage a file: what the page cache has, and a way to change it for good. */
  peek(path: string): Buffer {
    return this.tree.file(path).content
  }

  poke(path: string, bytes: Buffer): void {
    const { directory, name } = this.tree.entry(path)
    const node = new DiskFile()
    node.write(bytes, 0)
    node.sync()
    directory.replaceDurably(name, node)
  }

  /** Counts, dies, fails; takes effect a few turns later, as on a disk, and at once then. */
  protected async operate<Result>(
    operation: string,
    path: string,
    action: () => Result,
    onPartly?: (share: number) => void,
  ): Promise<Result> {
    const generation = this.#generation
    await Promise.resolve()
    for (let turns = this.#random.integer(3); turns > 0; turns--) await Promise.resolve()
    if (generation !== this.#generation || this.isDead) throw failure('ECRASHED', path)
    this.operationsCount++
    if (--this.#operationsLeft < 0) {
      onPartly?.(this.#random.next())
      throw failure('ECRASHED', path)
    }
    const index = this.#faults.findIndex((fault) => fault.operation === operation && path.includes(fault.path))
    if (index < 0) return action()
    const [fault] = this.#faults.splice(index, 1)
    onPartly?.(fault!.share ?? 0)
    throw failure(fault!.code, path)
  }

  /** For handles, which die with the process that opened them. */
  operateHandle<Result>(
    operation: string,
    path: string,
    generation: number,
    action: () => Result,
    onPartly?: (share: number) => void,
  ): Promise<Result> {
    if (generation !== this.#generation) return Promise.reject(failure('ECRASHED', path))
    return this.operate(operation, path, action, onPartly)
  }
}

class FaultyHandle implements FileHandle {
  readonly path: string
  readonly #fileSystem: FaultyFileSystem
  readonly #file: DiskFile
  readonly #generation: number
  #isClosed = false

  constructor(fileSystem: FaultyFileSystem, file: DiskFile, path: string, generation: number) {
    this.#fileSystem = fileSystem
    this.#file = file
    this.path = path
    this.#generation = generation
  }

  read(buffer: Buffer, position: number): Promise<number> {
    return this.#operate('read', () => this.#file.read(buffer, position))
  }

  write(buffers: readonly Buffer[], position: number): Promise<void> {
    // What is written is what the buffers hold when the write begins.
    const bytes = Buffer.concat(buffers)
    const put = (part: Buffer): void => {
      this.#touch()
      if (part.length > 0) this.#file.write(part, position)
    }
    return this.#operate(
      'write',
      () => put(bytes),
      (share) => put(bytes.subarray(0, Math.floor(bytes.length * share))),
    )
  }

  sync(): Promise<void> {
    return this.#operate('sync', () => this.#file.sync())
  }

  truncate(size: number): Promise<void> {
    return this.#operate('truncate', () => {
      this.#touch()
      this.#file.truncate(size)
    })
  }

  size(): Promise<number> {
    return this.#operate('fileSize', () => this.#file.size)
  }

  async close(): Promise<void> {
    if (this.#isClosed) throw new Error(`closed twice: ${this.path}`)
    this.#isClosed = true
    this.#fileSystem.openPaths.delete(this)
  }

  #operate<Result>(operation: string, action: () => Result, onPartly?: (share: number) => void): Promise<Result> {
    if (this.#isClosed) throw new Error(`used after it was closed: ${this.path}`)
    return this.#fileSystem.operateHandle(operation, this.path, this.#generation, action, onPartly)
  }

  #touch(): void {
    this.#file.modifiedMs = this.#fileSystem.now()
  }
}
