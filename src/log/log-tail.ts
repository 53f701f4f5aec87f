/**
 * The newest bytes of a log in memory: first the queue of what is to be written, afterwards what consumers at the end of
 * the log read without touching the disk. Small appends are copied together into chunks, so that a write is few buffers
 * and a small request does not keep a large frame alive; large ones are kept as they came, and their frames held.
 *
 * What is not written is never dropped; the rest is, oldest first over all logs, as the shared budget demands. Offsets
 * and positions ascend; a chunk lies in one segment and holds whole batches.
 */
import { frameMemory } from '../base/frame-memory.ts'
import * as batch from '../protocol/record/batch-header.ts'
import type { LogSegment } from './log-segment.ts'
import type { TailBudget } from './tail-budget.ts'

/** Appends up to this size are copied; beyond it copying costs more than a further buffer. */
const copiedSizeMax = 8 * 1024
const chunkSizeMin = 4 * 1024
const chunkSizeMax = 64 * 1024

interface TailChunk {
  readonly segment: LogSegment
  readonly bytes: Buffer
  /** Bytes that are filled. */
  size: number
  writtenSize: number
  readonly baseOffset: number
  /** The offset after its last record. */
  endOffset: number
  readonly isShared: boolean
}

/** What the writer takes at once: buffers that follow one another in one segment's file. */
export interface UnwrittenBytes {
  readonly buffers: Buffer[]
  readonly sizeInBytes: number
  /** The offset after the last record in them. */
  readonly endOffset: number
}

export class LogTail {
  readonly #budget: TailBudget
  #chunks: TailChunk[] = []
  /** Index of the first chunk that is not dropped. */
  #head = 0
  /** Index of the first chunk with unwritten bytes. */
  #unwritten = 0
  #queuedBytes = 0
  /** Where a reader is expected next: an offset within a chunk, and its place there. */
  #hintOffset = -1
  #hintAt = 0

  constructor(budget: TailBudget) {
    this.#budget = budget
  }

  /** Bytes that are not written yet. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** The lowest offset that is in memory; undefined when nothing is. */
  get startOffset(): number | undefined {
    return this.#chunks[this.#head]?.baseOffset
  }

  /** Adds whole batches that go to the end of `segment`'s file, `baseOffset` to `endOffset` (exclusive). Keeps large `bytes` without a copy. */
  append(bytes: Buffer, segment: LogSegment, baseOffset: number, endOffset: number): void {
    this.#queuedBytes += bytes.length
    if (bytes.length > copiedSizeMax) {
      this.#add(segment, bytes, bytes.length, baseOffset, endOffset, false)
      return
    }
    const last = this.#chunks[this.#chunks.length - 1]
    if (last?.isShared && last.segment === segment && last.bytes.length - last.size >= bytes.length) {
      bytes.copy(last.bytes, last.size)
      last.size += bytes.length
      last.endOffset = endOffset
      if (this.#unwritten >= this.#chunks.length) this.#unwritten = this.#chunks.length - 1
      return
    }
    const wasFull = last?.isShared && this.#head < this.#chunks.length
    const chunkSize = wasFull ? Math.min(last.bytes.length * 2, chunkSizeMax) : chunkSizeMin
    const shared = Buffer.allocUnsafeSlow(Math.max(chunkSize, bytes.length))
    bytes.copy(shared)
    this.#add(segment, shared, bytes.length, baseOffset, endOffset, true)
  }

  /** The next bytes to write to `segment`, at most about `sizeMax`; undefined when all of that segment is written. */
  nextUnwritten(segment: LogSegment, sizeMax: number): UnwrittenBytes | undefined {
    const buffers: Buffer[] = []
    let sizeInBytes = 0
    let endOffset = 0
    for (let index = this.#unwritten; index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]!
      if (chunk.segment !== segment || (sizeInBytes > 0 && sizeInBytes + chunk.size - chunk.writtenSize > sizeMax))
        break
      buffers.push(chunk.bytes.subarray(chunk.writtenSize, chunk.size))
      sizeInBytes += chunk.size - chunk.writtenSize
      endOffset = chunk.endOffset
    }
    return buffers.length === 0 ? undefined : { buffers, sizeInBytes, endOffset }
  }

  onWritten(sizeInBytes: number): void {
    this.#queuedBytes -= sizeInBytes
    let left = sizeInBytes
    while (left > 0) {
      const chunk = this.#chunks[this.#unwritten]!
      const size = Math.min(left, chunk.size - chunk.writtenSize)
      chunk.writtenSize += size
      left -= size
      if (chunk.writtenSize < chunk.size) break
      this.#unwritten++
    }
  }

  /**
   * Whole batches from the one that holds `startOffset`, below `endOffset`, at most `sizeMax` bytes but for a first batch
   * when `minOneBatch`. Undefined when `startOffset` is not in memory. All below `endOffset` must be written.
   */
  read(startOffset: number, endOffset: number, sizeMax: number, minOneBatch: boolean): Buffer[] | undefined {
    let index = this.#floorChunk(startOffset)
    if (index < 0) return undefined
    const slices: Buffer[] = []
    let chunk = this.#chunks[index]!
    let from = this.#findBatch(chunk, startOffset)
    let left = sizeMax
    for (;;) {
      const to = this.#endOfBatches(chunk, from, endOffset, left, minOneBatch && slices.length === 0)
      if (to === from) break
      slices.push(chunk.bytes.subarray(from, to))
      left -= to - from
      const next = this.#chunks[++index]
      if (to < chunk.size || next === undefined || left <= 0) break
      chunk = next
      from = 0
    }
    return slices
  }

  /** Drops the first chunk for the budget's sake; false when it is not written yet. */
  dropFirst(): boolean {
    const chunk = this.#chunks[this.#head]
    if (chunk === undefined) return true
    if (this.#head >= this.#unwritten) return false
    this.#budget.onChunkDropped(chunk.bytes.length)
    this.#dropHead()
    return true
  }

  /** Forgets the segments below `endOffset`, which compaction has replaced: readers are to see what took their place. */
  dropBelow(endOffset: number): void {
    let count = 0
    let sizeInBytes = 0
    while (this.#head < this.#unwritten && this.#chunks[this.#head]!.endOffset <= endOffset) {
      count++
      sizeInBytes += this.#chunks[this.#head]!.bytes.length
      this.#dropHead()
    }
    this.#budget.onChunksForgotten(this, count, sizeInBytes)
  }

  /** Forgets everything, after a truncation or when the log is closed; nothing is unwritten then. */
  clear(): void {
    const left = this.#chunks.slice(this.#head)
    const sizeInBytes = left.reduce((sum, chunk) => sum + chunk.bytes.length, 0)
    this.#budget.onChunksForgotten(this, left.length, sizeInBytes)
    for (const { isShared, bytes } of this.#chunks.slice(this.#head, this.#unwritten)) {
      if (!isShared) frameMemory.release(bytes)
    }
    this.#chunks = []
    this.#head = 0
    this.#unwritten = 0
    this.#queuedBytes = 0
    this.#hintOffset = -1
  }

  #dropHead(): void {
    const { isShared, bytes } = this.#chunks[this.#head]!
    if (!isShared) frameMemory.release(bytes)
    this.#head++
    if (this.#head > 64 && this.#head * 2 > this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#head)
      this.#unwritten -= this.#head
      this.#head = 0
    } else {
      this.#chunks[this.#head - 1] = droppedChunk
    }
  }

  #add(
    segment: LogSegment,
    bytes: Buffer,
    size: number,
    baseOffset: number,
    endOffset: number,
    isShared: boolean,
  ): void {
    if (!isShared) frameMemory.hold(bytes)
    this.#chunks.push({ segment, bytes, size, writtenSize: 0, baseOffset, endOffset, isShared })
    this.#budget.onChunkAdded(this, bytes.length)
  }

  /** Index of the chunk that holds `offset`, or the one after it when `offset` lies in a gap; -1 when not in memory. */
  #floorChunk(offset: number): number {
    const chunks = this.#chunks
    if (this.#head >= chunks.length || offset < chunks[this.#head]!.baseOffset) return -1
    let low = this.#head
    let high = chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (chunks[middle]!.endOffset <= offset) low = middle + 1
      else high = middle
    }
    return low < chunks.length ? low : -1
  }

  /** Where in `chunk` the batch begins that holds `offset`. */
  #findBatch(chunk: TailChunk, offset: number): number {
    if (offset <= chunk.baseOffset) return 0
    const bytes = chunk.bytes
    let at = 0
    if (this.#hintOffset <= offset && this.#hintOffset >= chunk.baseOffset && this.#hintAt < chunk.size) {
      at = this.#hintAt
    }
    while (batch.lastOffset(bytes, at) < offset) at += batch.batchSizeInBytes(bytes, at)
    this.#hintOffset = batch.baseOffset(bytes, at)
    this.#hintAt = at
    return at
  }

  #endOfBatches(chunk: TailChunk, from: number, endOffset: number, sizeMax: number, minOneBatch: boolean): number {
    if (chunk.endOffset <= endOffset && chunk.size - from <= sizeMax) return chunk.size
    const bytes = chunk.bytes
    let at = from
    while (at < chunk.size && batch.lastOffset(bytes, at) < endOffset) {
      const next = at + batch.batchSizeInBytes(bytes, at)
      if (next - from > sizeMax && !(minOneBatch && at === from)) break
      at = next
    }
    return at
  }
}

/** Stands where a chunk was dropped, so that its bytes are free. */
const droppedChunk = {} as TailChunk
