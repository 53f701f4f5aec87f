/**
 * Bounds the memory of indexes that are read from disk for older segments: the ones not used for longest are dropped and
 * read again when needed. The indexes of the segment that is written to are not in here, they are its owner's.
 */
export interface CachedIndexes {
  /** Forgets what was loaded; it can be loaded again. */
  dropIndexes(): void
}

export class IndexCache {
  readonly #sizeMax: number
  readonly #sizes = new Map<CachedIndexes, number>()
  #sizeInBytes = 0

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  get sizeInBytes(): number {
    return this.#sizeInBytes
  }

  /** Notes that `owner` holds or uses `sizeInBytes` of indexes now; drops others', oldest use first, to stay within the limit. */
  touch(owner: CachedIndexes, sizeInBytes: number): void {
    this.forget(owner)
    this.#sizes.set(owner, sizeInBytes)
    this.#sizeInBytes += sizeInBytes
    for (const oldest of this.#sizes.keys()) {
      if (this.#sizeInBytes <= this.#sizeMax || oldest === owner) break
      this.forget(oldest)
      oldest.dropIndexes()
    }
  }

  forget(owner: CachedIndexes): void {
    const sizeInBytes = this.#sizes.get(owner)
    if (sizeInBytes === undefined) return
    this.#sizes.delete(owner)
    this.#sizeInBytes -= sizeInBytes
  }
}
