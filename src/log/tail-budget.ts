/**
 * How much memory the tails of all logs of a broker hold together. Every chunk is announced here; when there are too many
 * bytes, the tail with the oldest chunk has to let it go. Shared by the logs of all directories.
 */

/** A tail that holds chunks, first in, first out. */
export interface ChunkOwner {
  /** Lets the first chunk go; false when it cannot yet. */
  dropFirst(): boolean
}

/** The memory that all tails together may hold; queued bytes count but are never dropped. */
export class TailBudget {
  readonly #sizeMax: number
  #sizeInBytes = 0
  /** One entry per chunk, oldest first: whose first chunk is to go next. */
  #owners: (ChunkOwner | undefined)[] = []
  #head = 0

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  get sizeInBytes(): number {
    return this.#sizeInBytes
  }

  onChunkAdded(owner: ChunkOwner, sizeInBytes: number): void {
    this.#owners.push(owner)
    this.#sizeInBytes += sizeInBytes
    let tries = this.#owners.length - this.#head - 1
    while (this.#sizeInBytes > this.#sizeMax && tries-- > 0) {
      const oldest = this.#owners[this.#head]!
      this.#owners[this.#head++] = undefined
      // A log whose disk hangs has to keep its chunk: it goes to the end of the line.
      if (!oldest.dropFirst()) this.#owners.push(oldest)
    }
    if (this.#head > 1024 && this.#head * 2 > this.#owners.length) {
      this.#owners = this.#owners.slice(this.#head)
      this.#head = 0
    }
  }

  /** The first chunk of the tail that `dropFirst` was called of. */
  onChunkDropped(sizeInBytes: number): void {
    this.#sizeInBytes -= sizeInBytes
  }

  /** `owner` has let its first `count` chunks go by itself. */
  onChunksForgotten(owner: ChunkOwner, count: number, sizeInBytes: number): void {
    if (count === 0) return
    this.#sizeInBytes -= sizeInBytes
    let left = count
    const kept: (ChunkOwner | undefined)[] = []
    for (let index = this.#head; index < this.#owners.length; index++) {
      const each = this.#owners[index]
      if (each === owner && left > 0) left--
      else kept.push(each)
    }
    this.#owners = kept
    this.#head = 0
  }
}
