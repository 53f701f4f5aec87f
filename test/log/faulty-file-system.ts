/**
 * The simulated twin of io/node-file-system.ts: a disk in memory that keeps apart what is in the page cache and what is
 * on the platter. It can die at any operation. After `crash('process')` the page cache is kept, with the operation under
 * way done in part; after `crash('power')` of all that was not synced any subset survives, writes torn at any byte,
 * directory entries up to some point in their order. It can also refuse an operation, or write short.
 */
import type { Random } from '../../src/base/random.ts'
import {
  type DirectoryEntry,
  type DiskSpace,
  type FileHandle,
  type FileLock,
  type FileSystem,
  FileSystemError,
} from '../../src/log/file-system.ts'

type Change =
  | { readonly kind: 'write'; readonly bytes: Buffer; readonly position: number }
  | { readonly kind: 'truncate'; readonly size: number }

class SimulatedFile {
  modifiedMs = 0
  cached: Buffer = Buffer.alloc(0)
  durable: Buffer = Buffer.alloc(0)
  unsynced: Change[] = []
}

type EntryChange = { readonly name: string; readonly node: Node | undefined }

class SimulatedDirectory {
  cached = new Map<string, Node>()
  durable = new Map<string, Node>()
  /** In order; a rename is two changes that stay together. */
  unsynced: EntryChange[][] = []
}

type Node = SimulatedFile | SimulatedDirectory

export interface Fault {
  /** Operation names as in FileSystem and FileHandle. */
  readonly operation: string
  /** The fault hits the first operation on a path with this in it. */
  readonly path: string
  readonly code: string
  /** Of a write: this share of the bytes is written before it fails. */
  readonly share?: number
}

export class FaultyFileSystem implements FileSystem {
  readonly #random: Random
  #root = new SimulatedDirectory()
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
    if (kind === 'power') this.#loseUnsynced(this.#root)
  }

  async open(path: string, options: { create?: boolean; readOnly?: boolean } = {}): Promise<FileHandle> {
    return this.#operate('open', path, () => {
      const { directory, name } = this.#parent(path)
      let node = directory.cached.get(name)
      if (node === undefined && options.create) {
        node = new SimulatedFile()
        this.#change(directory, [{ name, node }])
      }
      if (!(node instanceof SimulatedFile)) throw failure('ENOENT', path)
      const handle = new SimulatedHandle(this, node, path, this.#generation)
      this.openPaths.set(handle, path)
      return handle
    })
  }

  async list(path: string): Promise<readonly DirectoryEntry[]> {
    return this.#operate('list', path, () => {
      const node = this.#find(path)
      if (!(node instanceof SimulatedDirectory)) throw failure('ENOENT', path)
      return [...node.cached].map(([name, child]) => ({ name, isDirectory: child instanceof SimulatedDirectory }))
    })
  }

  async size(path: string): Promise<number | undefined> {
    return this.#operate('size', path, () => {
      const node = this.#find(path)
      return node instanceof SimulatedFile ? node.cached.length : undefined
    })
  }

  async modifiedMs(path: string): Promise<number | undefined> {
    return this.#operate('modifiedMs', path, () => {
      const node = this.#find(path)
      return node instanceof SimulatedFile ? node.modifiedMs : undefined
    })
  }

  async space(path: string): Promise<DiskSpace> {
    return this.#operate('space', path, () => {
      if (this.#find(path) === undefined) throw failure('ENOENT', path)
      return { totalBytes: 1_000_000, usableBytes: 900_000 }
    })
  }

  absolutePath(path: string): string {
    return path
  }

  async readFile(path: string): Promise<Buffer> {
    return this.#operate('readFile', path, () => {
      const node = this.#find(path)
      if (!(node instanceof SimulatedFile)) throw failure('ENOENT', path)
      return Buffer.from(node.cached)
    })
  }

  async replaceFile(path: string, content: Buffer | string): Promise<void> {
    const mounted = this.mount()
    const handle = await mounted.open(`${path}.tmp`, { create: true })
    await handle.truncate(0)
    await handle.write([Buffer.from(content)], 0)
    await handle.sync()
    await handle.close()
    await mounted.rename(`${path}.tmp`, path)
    await mounted.syncDirectory(path.slice(0, path.lastIndexOf('/')))
  }

  async makeDirectory(path: string): Promise<void> {
    return this.#operate('makeDirectory', path, () => {
      let directory = this.#root
      for (const name of namesOf(path)) {
        let next = directory.cached.get(name)
        if (next === undefined) {
          next = new SimulatedDirectory()
          this.#change(directory, [{ name, node: next }])
        }
        if (!(next instanceof SimulatedDirectory)) throw failure('ENOTDIR', path)
        directory = next
      }
    })
  }

  async rename(from: string, to: string): Promise<void> {
    return this.#operate('rename', from, () => {
      const source = this.#parent(from)
      const target = this.#parent(to)
      const node = source.directory.cached.get(source.name)
      if (node === undefined) throw failure('ENOENT', from)
      if (source.directory !== target.directory) throw failure('EXDEV', from)
      const changes = [
        { name: source.name, node: undefined },
        { name: target.name, node },
      ]
      this.#change(source.directory, changes)
    })
  }

  async remove(path: string): Promise<void> {
    return this.#operate('remove', path, () => {
      const { directory, name } = this.#parent(path)
      if (directory.cached.has(name)) this.#change(directory, [{ name, node: undefined }])
    })
  }

  async syncDirectory(path: string): Promise<void> {
    return this.#operate('syncDirectory', path, () => {
      const node = this.#find(path)
      if (!(node instanceof SimulatedDirectory)) throw failure('ENOENT', path)
      node.durable = new Map(node.cached)
      node.unsynced = []
    })
  }

  async lock(path: string): Promise<FileLock> {
    return this.#operate('lock', path, () => {
      if (this.#locks.has(path)) throw failure('ELOCKED', path)
      this.#locks.add(path)
      return { release: async () => void this.#locks.delete(path) }
    })
  }

  /** For tests that damage a file: what the page cache has, and a way to change it for good. */
  peek(path: string): Buffer {
    const node = this.#find(path)
    if (!(node instanceof SimulatedFile)) throw failure('ENOENT', path)
    return node.cached
  }

  poke(path: string, bytes: Buffer): void {
    const { directory, name } = this.#parent(path)
    const node = new SimulatedFile()
    node.cached = bytes
    node.durable = bytes
    directory.cached.set(name, node)
    directory.durable.set(name, node)
  }

  /** Counts, dies, fails; takes effect a few turns later, as on a disk, and at once then. */
  async #operate<Result>(
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
  operate<Result>(
    operation: string,
    path: string,
    generation: number,
    action: () => Result,
    onPartly?: (share: number) => void,
  ): Promise<Result> {
    if (generation !== this.#generation) return Promise.reject(failure('ECRASHED', path))
    return this.#operate(operation, path, action, onPartly)
  }

  #change(directory: SimulatedDirectory, changes: EntryChange[]): void {
    applyEntries(directory.cached, changes)
    directory.unsynced.push(changes)
  }

  #loseUnsynced(directory: SimulatedDirectory): void {
    const survivors = this.#random.integer(directory.unsynced.length + 1)
    for (const changes of directory.unsynced.slice(0, survivors)) applyEntries(directory.durable, changes)
    directory.unsynced = []
    directory.cached = new Map(directory.durable)
    for (const node of directory.cached.values()) {
      if (node instanceof SimulatedDirectory) this.#loseUnsynced(node)
      else loseWrites(node, this.#random)
    }
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root
    for (const name of namesOf(path)) {
      node = node instanceof SimulatedDirectory ? node.cached.get(name) : undefined
    }
    return node
  }

  #parent(path: string): { directory: SimulatedDirectory; name: string } {
    const names = namesOf(path)
    const name = names.pop()!
    const directory = this.#find(names.join('/'))
    if (!(directory instanceof SimulatedDirectory)) throw failure('ENOENT', path)
    return { directory, name }
  }
}

class SimulatedHandle implements FileHandle {
  readonly path: string
  readonly #fileSystem: FaultyFileSystem
  readonly #file: SimulatedFile
  readonly #generation: number
  #isClosed = false

  constructor(fileSystem: FaultyFileSystem, file: SimulatedFile, path: string, generation: number) {
    this.#fileSystem = fileSystem
    this.#file = file
    this.path = path
    this.#generation = generation
  }

  read(buffer: Buffer, position: number): Promise<number> {
    return this.#operate('read', () => {
      const { cached } = this.#file
      return position >= cached.length
        ? 0
        : cached.copy(buffer, 0, position, Math.min(position + buffer.length, cached.length))
    })
  }

  write(buffers: readonly Buffer[], position: number): Promise<void> {
    // What is written is what the buffers hold when the write begins.
    const bytes = Buffer.concat(buffers)
    return this.#operate(
      'write',
      () => this.#change({ kind: 'write', bytes, position }),
      (share) => {
        const part = bytes.subarray(0, Math.floor(bytes.length * share))
        if (part.length > 0) this.#change({ kind: 'write', bytes: part, position })
      },
    )
  }

  sync(): Promise<void> {
    return this.#operate('sync', () => {
      this.#file.durable = Buffer.from(this.#file.cached)
      this.#file.unsynced = []
    })
  }

  truncate(size: number): Promise<void> {
    return this.#operate('truncate', () => this.#change({ kind: 'truncate', size }))
  }

  size(): Promise<number> {
    return this.#operate('fileSize', () => this.#file.cached.length)
  }

  async close(): Promise<void> {
    if (this.#isClosed) throw new Error(`closed twice: ${this.path}`)
    this.#isClosed = true
    this.#fileSystem.openPaths.delete(this)
  }

  #operate<Result>(operation: string, action: () => Result, onPartly?: (share: number) => void): Promise<Result> {
    if (this.#isClosed) throw new Error(`used after it was closed: ${this.path}`)
    return this.#fileSystem.operate(operation, this.path, this.#generation, action, onPartly)
  }

  #change(change: Change): void {
    this.#file.modifiedMs = this.#fileSystem.now()
    this.#file.cached = applied(this.#file.cached, change)
    this.#file.unsynced.push(change)
  }
}

function applied(bytes: Buffer, change: Change): Buffer {
  if (change.kind === 'truncate') {
    const cut = Buffer.alloc(change.size)
    bytes.copy(cut)
    return cut
  }
  const end = change.position + change.bytes.length
  if (end <= bytes.length) {
    change.bytes.copy(bytes, change.position)
    return bytes
  }
  const grown = Buffer.alloc(end)
  bytes.copy(grown)
  change.bytes.copy(grown, change.position)
  return grown
}

function loseWrites(file: SimulatedFile, random: Random): void {
  let bytes = file.durable
  const keepsMost = random.next() < 0.5
  for (const change of file.unsynced) {
    const luck = random.next()
    if (change.kind === 'truncate' || luck < (keepsMost ? 0.9 : 0.4)) bytes = applied(bytes, change)
    else if (luck < 0.95) {
      const size = random.integer(change.bytes.length + 1)
      const from = random.integer(change.bytes.length - size + 1)
      if (size === 0) continue
      const torn = change.bytes.subarray(from, from + size)
      bytes = applied(bytes, { kind: 'write', bytes: torn, position: change.position + from })
    }
  }
  file.durable = bytes
  file.cached = Buffer.from(bytes)
  file.unsynced = []
}

function applyEntries(entries: Map<string, Node>, changes: readonly EntryChange[]): void {
  for (const { name, node } of changes) {
    if (node === undefined) entries.delete(name)
    else entries.set(name, node)
  }
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '')
}

function failure(code: string, path: string): FileSystemError {
  return new FileSystemError(code, path, `${code}: ${path}`)
}
