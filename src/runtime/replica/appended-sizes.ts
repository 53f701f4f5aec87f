/**
 * How many bytes lie between two offsets near the end of a log: what a waiting fetch adds up. One entry per append, until
 * it is both written and replicated; where the high watermark stands still entries are joined, so the list has an end.
 */
const entriesMax = 1024

export class AppendedSizes {
  #endOffsets: number[] = []
  #sizes: number[] = []
  #writtenIndex = 0
  #replicatedIndex = 0

  /** `sizeInBytes` were appended, up to `endOffset` (exclusive). */
  push(endOffset: number, sizeInBytes: number): void {
    const last = this.#endOffsets.length - 1
    if (last >= entriesMax && this.#writtenIndex <= last && this.#replicatedIndex <= last) {
      this.#endOffsets[last] = endOffset
      this.#sizes[last]! += sizeInBytes
      return
    }
    this.#endOffsets.push(endOffset)
    this.#sizes.push(sizeInBytes)
  }

  /** Bytes below `logEndOffset` that the last call did not count. */
  takeWritten(logEndOffset: number): number {
    let sizeInBytes = 0
    while (this.#writtenIndex < this.#endOffsets.length && this.#endOffsets[this.#writtenIndex]! <= logEndOffset) {
      sizeInBytes += this.#sizes[this.#writtenIndex++]!
    }
    return sizeInBytes
  }

  /** Bytes below `highWatermark` that the last call did not count. */
  takeReplicated(highWatermark: number): number {
    let sizeInBytes = 0
    while (
      this.#replicatedIndex < this.#endOffsets.length &&
      this.#endOffsets[this.#replicatedIndex]! <= highWatermark
    ) {
      sizeInBytes += this.#sizes[this.#replicatedIndex++]!
    }
    this.#dropTaken()
    return sizeInBytes
  }

  /** After a truncation or a change of roles. */
  clear(): void {
    this.#endOffsets = []
    this.#sizes = []
    this.#writtenIndex = 0
    this.#replicatedIndex = 0
  }

  #dropTaken(): void {
    const taken = Math.min(this.#writtenIndex, this.#replicatedIndex)
    if (taken === 0) return
    if (taken === this.#endOffsets.length) {
      this.#endOffsets.length = 0
      this.#sizes.length = 0
      this.#writtenIndex = 0
      this.#replicatedIndex = 0
    } else if (taken > 64) {
      this.#endOffsets = this.#endOffsets.slice(taken)
      this.#sizes = this.#sizes.slice(taken)
      this.#writtenIndex -= taken
      this.#replicatedIndex -= taken
    }
  }
}
