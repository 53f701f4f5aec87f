/**
 * The producer state snapshots of one log on disk: one at each roll, named by its segment's base offset, and one at a
 * clean stop, named by the end offset. A damaged one is removed and an older one serves.
 */
import { fileSuffixes, joinPath, offsetFileName } from './file-names.ts'
import type { FileSystem } from './file-system.ts'
import type { ProducerEntry } from './producer-entry.ts'
import { decodeProducerSnapshot } from './producer-snapshot.ts'
import { readIfThere } from './segment-indexes.ts'

export class ProducerSnapshots {
  readonly #fileSystem: FileSystem
  #directory: string
  /** Ascending. */
  #offsets: number[]

  constructor(fileSystem: FileSystem, directory: string, offsets: readonly number[]) {
    this.#fileSystem = fileSystem
    this.#directory = directory
    this.#offsets = [...offsets].sort((left, right) => left - right)
  }

  get offsets(): readonly number[] {
    return this.#offsets
  }

  onDirectoryRenamed(directory: string): void {
    this.#directory = directory
  }

  async write(offset: number, bytes: Buffer, sync: boolean): Promise<void> {
    const handle = await this.#fileSystem.open(this.#path(offset), { create: true })
    try {
      await handle.truncate(0)
      await handle.write([bytes], 0)
      if (sync) await handle.sync()
    } finally {
      await handle.close()
    }
    if (!this.#offsets.includes(offset)) this.#offsets = [...this.#offsets, offset].sort((left, right) => left - right)
  }

  /**
   * The newest undamaged snapshot that ends at `endOffset` or before, and not below `startOffset`, where the segments
   * begin: what came after it could not be replayed. Damaged ones are removed on the way.
   */
  async readLatest(
    startOffset: number,
    endOffset: number,
  ): Promise<{ offset: number; entries: ProducerEntry[] } | undefined> {
    for (;;) {
      const offset = this.#offsets.findLast((candidate) => candidate <= endOffset)
      if (offset === undefined || offset < startOffset) return undefined
      const bytes = await readIfThere(this.#fileSystem, this.#path(offset))
      const entries = bytes === undefined ? undefined : decodeProducerSnapshot(bytes)
      if (entries !== undefined) return { offset, entries }
      await this.#remove(offset)
    }
  }

  /**
   * Removes those that end above `endOffset`, for good: the log was cut there and will have other records. Did one come
   * back after a loss of power, it would tell of producers that are not in the log.
   */
  async removeAbove(endOffset: number): Promise<void> {
    const removed = this.#offsets.filter((candidate) => candidate > endOffset)
    for (const offset of removed) await this.#remove(offset)
    if (removed.length > 0) await this.#fileSystem.syncDirectory(this.#directory)
  }

  /** Removes those that end below `startOffset`, where nothing can be replayed from any more. */
  async removeBelow(startOffset: number): Promise<void> {
    for (const offset of this.#offsets.filter((candidate) => candidate < startOffset)) await this.#remove(offset)
  }

  /** Removes those at these base offsets. */
  async removeAt(baseOffsets: readonly number[]): Promise<void> {
    for (const offset of baseOffsets) if (this.#offsets.includes(offset)) await this.#remove(offset)
  }

  /** Keeps those at the base offset of a segment, and the newest. */
  async removeStray(baseOffsets: ReadonlySet<number>): Promise<void> {
    const newest = this.#offsets.at(-1)
    const stray = this.#offsets.filter((offset) => offset !== newest && !baseOffsets.has(offset))
    for (const offset of stray) await this.#remove(offset)
  }

  async #remove(offset: number): Promise<void> {
    this.#offsets = this.#offsets.filter((candidate) => candidate !== offset)
    await this.#fileSystem.remove(this.#path(offset))
  }

  #path(offset: number): string {
    return joinPath(this.#directory, offsetFileName(offset, fileSuffixes.snapshot))
  }
}
