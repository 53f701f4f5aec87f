/**
 * What lies on a simulated disk: files and directories, each knowing how to go back to what was synced. Changes since the
 * last sync are kept in order with what they overwrote; when the power fails they are taken back, and any subset of
 * them is done again, writes torn at any byte, directory entries up to some point in their order.
 */
import type { Random } from '../../src/base/random.ts'

interface Change {
  readonly kind: 'write' | 'truncate'
  readonly position: number
  readonly bytes: Buffer
  /** What was there before, from `position` on, and how long the file was. */
  readonly before: Buffer
  readonly sizeBefore: number
}

const capacityMin = 256

export class DiskFile {
  modifiedMs = 0
  #bytes = Buffer.alloc(0)
  #size = 0
  #unsynced: Change[] = []

  get size(): number {
    return this.#size
  }

  get unsyncedCount(): number {
    return this.#unsynced.length
  }

  /** The content as the page cache has it, lent. */
  get content(): Buffer {
    return this.#bytes.subarray(0, this.#size)
  }

  read(buffer: Buffer, position: number): number {
    if (position >= this.#size) return 0
    return this.#bytes.copy(buffer, 0, position, Math.min(position + buffer.length, this.#size))
  }

  write(bytes: Buffer, position: number): void {
    this.#unsynced.push({
      kind: 'write',
      position,
      bytes,
      before: Buffer.from(this.#bytes.subarray(position, Math.min(this.#size, position + bytes.length))),
      sizeBefore: this.#size,
    })
    this.#put(bytes, position)
  }

  truncate(size: number): void {
    this.#unsynced.push({
      kind: 'truncate',
      position: size,
      bytes: Buffer.alloc(0),
      before: Buffer.from(this.#bytes.subarray(Math.min(size, this.#size), this.#size)),
      sizeBefore: this.#size,
    })
    this.#resize(size)
  }

  sync(): void {
    this.#unsynced = []
  }

  /** The power failed. Returns whether anything was lost. */
  loseUnsynced(random: Random): boolean {
    const changes = this.#unsynced
    if (changes.length === 0) return false
    for (let index = changes.length - 1; index >= 0; index--) {
      const { before, position, sizeBefore } = changes[index]!
      this.#resize(sizeBefore)
      this.#put(before, position)
      this.#resize(sizeBefore)
    }
    this.#unsynced = []
    const keepsMost = random.next() < 0.5
    for (const { kind, bytes, position } of changes) {
      const luck = random.next()
      if (kind === 'truncate') {
        if (luck < 0.7) this.#resize(position)
      } else if (luck < (keepsMost ? 0.9 : 0.4)) this.#put(bytes, position)
      else if (luck < 0.95) {
        const size = random.integer(bytes.length + 1)
        const from = random.integer(bytes.length - size + 1)
        if (size > 0) this.#put(bytes.subarray(from, from + size), position + from)
      }
    }
    return true
  }

  #put(bytes: Buffer, position: number): void {
    const end = position + bytes.length
    if (end > this.#size) this.#resize(end)
    bytes.copy(this.#bytes, position)
  }

  #resize(size: number): void {
    if (size > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(capacityMin, size, this.#bytes.length * 2))
      this.#bytes.copy(grown, 0, 0, this.#size)
      this.#bytes = grown
    }
    if (size < this.#size) this.#bytes.fill(0, size, this.#size)
    this.#size = size
  }
}

export interface EntryChange {
  readonly name: string
  readonly node: DiskNode | undefined
}

export class DiskDirectory {
  entries = new Map<string, DiskNode>()
  #durable = new Map<string, DiskNode>()
  /** In order; a rename is two changes that stay together. */
  #unsynced: (readonly EntryChange[])[] = []

  change(changes: readonly EntryChange[]): void {
    apply(this.entries, changes)
    this.#unsynced.push(changes)
  }

  /** Puts it there, on the platter too, past whatever else is not synced. */
  replaceDurably(name: string, node: DiskNode): void {
    this.entries.set(name, node)
    this.#durable.set(name, node)
  }

  sync(): void {
    if (this.#unsynced.length === 0) return
    this.#durable = new Map(this.entries)
    this.#unsynced = []
  }

  /** The power failed, for all that is below too. Returns whether anything was lost. */
  loseUnsynced(random: Random): boolean {
    let isLossy = false
    if (this.#unsynced.length > 0) {
      const survivors = random.integer(this.#unsynced.length + 1)
      isLossy = survivors < this.#unsynced.length
      for (const changes of this.#unsynced.slice(0, survivors)) apply(this.#durable, changes)
      this.#unsynced = []
      this.entries = new Map(this.#durable)
    }
    for (const node of this.entries.values()) isLossy = node.loseUnsynced(random) || isLossy
    return isLossy
  }
}

export type DiskNode = DiskFile | DiskDirectory

function apply(entries: Map<string, DiskNode>, changes: readonly EntryChange[]): void {
  for (const { name, node } of changes) {
    if (node === undefined) entries.delete(name)
    else entries.set(name, node)
  }
}
