/**
 * Remembers what a broker that was started anew has forgotten: a producer snapshot tells the last batch of each producer,
 * while a producer may send the five that were never answered again. Asked by the produce handler when a batch was refused
 * as out of order, so that a start, and an append that is in order, cost nothing.
 *
 * Goes backward through the log from the oldest batch that is known, by headers alone, piece by piece from one index entry
 * to another, until it has met the batch that was asked for or all five. What it reads has a limit; a producer whose batches
 * are not found within it is not looked for again.
 */
import { errorCodes, KafkaError } from '../protocol/errors.ts'
import * as batch from '../protocol/record/batch-header.ts'
import { FileBatches } from './file-batches.ts'
import { readSegment } from './log-reader.ts'
import type { LogSegment } from './log-segment.ts'
import type { LogState } from './log-state.ts'
import type { OlderBatch, ProducerEntry } from './producer-entry.ts'

/** A piece of a segment is read at a time: more than five requests of a usual producer. */
const pieceSize = 1024 * 1024
/** Of a large batch, whose records are skipped, that much is read. */
const windowSize = 64 * 1024
/** What one search may read: the headers of 128 large batches, or all of 8 MiB of small ones. */
export const recallBytesMax = 8 * 1024 * 1024

/** How the log runs reads, so that it knows of them; see PartitionLog. */
type RunRead = <Result>(read: () => Promise<Result>) => Promise<Result>

/** One way back through the log. */
interface Search {
  readonly producerId: bigint
  readonly producerEpoch: number
  /** Where the batch begins that is looked for. */
  readonly sequence: number
  readonly endOffset: number
  readonly countMax: number
  /** Newest first. */
  readonly found: OlderBatch[]
  leftBytes: number
  /** The batch was met: those before it may be of interest another time. */
  isMet: boolean
  /** All five are known, or there is nothing of this epoch further back, or not within the limit. */
  isExhausted: boolean
}

export class ProducerRecall {
  readonly #state: LogState
  readonly #runRead: RunRead
  /** Searches under way. */
  readonly #pending = new Map<ProducerEntry, Promise<void>>()

  constructor(state: LogState, runRead: RunRead) {
    this.#state = state
    this.#runRead = runRead
  }

  /**
   * Call it when `append` refused the batch `records` as out of order. Undefined: it is. Otherwise it may be in the log;
   * append it again once the promise resolves. Rejects with KAFKA_STORAGE_ERROR.
   */
  maybeRecall(records: Buffer): Promise<void> | undefined {
    const entry = this.#state.producers.findForgetful(records, 0)
    if (entry === undefined) return undefined
    let pending = this.#pending.get(entry)
    if (pending === undefined) {
      pending = this.#recall(entry, batch.baseSequence(records, 0)).finally(() => this.#pending.delete(entry))
      this.#pending.set(entry, pending)
    }
    return pending
  }

  async #recall(entry: ProducerEntry, sequence: number): Promise<void> {
    const { producerId, producerEpoch, forgottenEndOffset } = entry
    const search = await this.#runRead(() =>
      searchBack(this.#state, {
        producerId,
        producerEpoch,
        sequence,
        endOffset: forgottenEndOffset,
        countMax: entry.missingCount,
        found: [],
        leftBytes: recallBytesMax,
        isMet: false,
        isExhausted: false,
      }),
    )
    // Meanwhile the producer may have begun an epoch, or the log was cut and has another entry: there this one is dead.
    if (entry.forgottenEndOffset !== forgottenEndOffset || entry.producerEpoch !== producerEpoch) return
    const found = search.found.slice(0, entry.missingCount)
    entry.recall(found)
    const oldest = found.at(-1)
    const hasMore = search.isMet && !search.isExhausted && oldest !== undefined && entry.missingCount > 0
    entry.forgottenEndOffset = hasMore ? oldest.lastOffset - oldest.offsetDelta : -1
  }
}

/** Fills `found`; ends when it has met the batch, or is exhausted. */
async function searchBack(state: LogState, search: Search): Promise<Search> {
  const segments = state.segments.all.slice(0, state.segments.floorIndex(search.endOffset - 1) + 1).reverse()
  for (const segment of segments) {
    try {
      await readSegment(state, segment, () => searchSegment(state, segment, search))
    } catch (error) {
      // Retention took it, and what is before it.
      if (!(error instanceof KafkaError && error.code === errorCodes.OFFSET_OUT_OF_RANGE)) throw error
      break
    }
    if (search.isMet || search.isExhausted) break
  }
  return search
}

async function searchSegment(state: LogState, segment: LogSegment, search: Search): Promise<void> {
  if (segment.writtenSize === 0) return
  const { offset: offsets } = await segment.loadIndexes()
  const handle = await segment.file.pin()
  try {
    let end = segment.writtenSize
    let from = offsets.lookup(search.endOffset)
    do {
      from = offsets.floorPosition(Math.max(Math.min(from, end - 1) - pieceSize, 0))
      const { read } = state.environment.lanes
      const batches = new FileBatches(handle, read, { start: from, end, windowSize, whole: false })
      await searchPiece(batches, search)
      search.leftBytes -= batches.readBytes
      if (batches.isTorn || search.leftBytes <= 0) search.isExhausted = true
      end = from
    } while (end > 0 && !search.isMet && !search.isExhausted)
  } finally {
    segment.file.unpin()
  }
}

/** Finds the producer's batches in a piece, which come before those that were found. */
async function searchPiece(batches: FileBatches, search: Search): Promise<void> {
  const found: OlderBatch[] = []
  for (;;) {
    const isThere = batches.next()
    if (!(typeof isThere === 'boolean' ? isThere : await isThere)) break
    const { bytes, at } = batches
    if (batch.baseOffset(bytes, at) >= search.endOffset) break
    // Half of a piece is worth nothing: what follows would be missing.
    if (batches.readBytes > search.leftBytes) return
    if (batch.isControl(bytes, at) || batch.producerId(bytes, at) !== search.producerId) continue
    if (batch.producerEpoch(bytes, at) !== search.producerEpoch) {
      search.isExhausted = true
      continue
    }
    if (batch.baseSequence(bytes, at) === search.sequence) search.isMet = true
    found.push({
      lastSequence: batch.lastSequence(bytes, at),
      lastOffset: batch.lastOffset(bytes, at),
      offsetDelta: batch.lastOffsetDelta(bytes, at),
      timestamp: batch.maxTimestamp(bytes, at),
    })
  }
  for (const each of found.reverse()) {
    if (search.found.length < search.countMax) search.found.push(each)
  }
  if (search.found.length >= search.countMax) search.isExhausted = true
}
