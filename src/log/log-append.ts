/**
 * The synchronous half of an append: producer rules, offsets and epoch stamped in place, indexes and producer state moved
 * on, bytes queued. This is the hot path: per batch it makes no object but the result.
 */
import { KafkaError } from '../protocol/errors.ts'
import * as batch from '../protocol/record/batch-header.ts'
import { LogSegment } from './log-segment.ts'
import type { LogState } from './log-state.ts'
import type { AppendOrigin, ProducerCheckOptions } from './producer-state.ts'

/** The index of a segment counts offsets from its base with 31 bits. */
const offsetsPerSegmentMax = 2 ** 31

export interface AppendOptions extends ProducerCheckOptions {
  /** Stamped into each batch. */
  readonly leaderEpoch: number
  readonly origin: Exclude<AppendOrigin, 'replication'>
}

export interface AppendResult {
  readonly baseOffset: number
  /** Inclusive. The append is done when `logEndOffset` is above it. */
  readonly lastOffset: number
  /** Milliseconds since 1970 for topics with LogAppendTime, else -1; of a duplicate, as Kafka has it, always its largest timestamp. */
  readonly logAppendTimeMs: number
  readonly logStartOffset: number
  /** The batch was in the log already: offsets are those of then. */
  readonly isDuplicate: boolean
}

export function appendAsLeader(state: LogState, records: Buffer, options: AppendOptions): AppendResult {
  checkSize(state, records)
  const duplicate = checkProducers(state, records, options)
  if (duplicate !== undefined) return duplicate
  const nowMs = state.environment.clock.now()
  const isLogAppendTime = state.config.messageTimestampType === 'LogAppendTime'
  const firstOffset = state.nextOffset
  let offset = firstOffset
  let maxTimestamp = -1
  for (let at = 0; at < records.length; at += batch.batchSizeInBytes(records, at)) {
    batch.setBaseOffset(records, at, offset)
    batch.setLeaderEpoch(records, at, options.leaderEpoch)
    if (isLogAppendTime) batch.setMaxTimestamp(records, at, batch.timestampTypes.LOG_APPEND_TIME, nowMs)
    offset += batch.lastOffsetDelta(records, at) + 1
    const timestamp = batch.maxTimestamp(records, at)
    if (timestamp > maxTimestamp) maxTimestamp = timestamp
  }
  if (state.epochs.latestEpoch !== options.leaderEpoch) state.epochs.assign(options.leaderEpoch, firstOffset)
  enqueue(state, records, firstOffset, offset, maxTimestamp, nowMs)
  return {
    baseOffset: firstOffset,
    lastOffset: offset - 1,
    logAppendTimeMs: isLogAppendTime ? nowMs : -1,
    logStartOffset: state.logStartOffset,
    isDuplicate: false,
  }
}

/** A follower's append found offsets below its own next one: the caller truncates or starts over. */
export class UnexpectedAppendOffsetError extends Error {
  override name = 'UnexpectedAppendOffsetError'
  readonly firstOffset: number

  constructor(message: string, firstOffset: number) {
    super(message)
    this.firstOffset = firstOffset
  }
}

/** Batches of any size: what the leader took in must have room here too, in a segment of its own if need be. */
export function appendAsFollower(state: LogState, records: Buffer): AppendResult {
  let endOffset = state.nextOffset
  const firstOffset = batch.baseOffset(records, 0)
  for (let at = 0; at < records.length; at += batch.batchSizeInBytes(records, at)) {
    const baseOffset = batch.baseOffset(records, at)
    if (baseOffset < endOffset) {
      throw new UnexpectedAppendOffsetError(
        `${state.name} expects offset ${endOffset} or above, not ${baseOffset}`,
        firstOffset,
      )
    }
    endOffset = batch.nextOffset(records, at)
    if (endOffset <= baseOffset)
      throw new KafkaError('CORRUPT_MESSAGE', `A batch of ${state.name} at ${baseOffset} is empty`)
  }
  const nowMs = state.environment.clock.now()
  for (let at = 0; at < records.length; ) at = enqueuePiece(state, records, at, nowMs)
  return {
    baseOffset: firstOffset,
    lastOffset: endOffset - 1,
    logAppendTimeMs: -1,
    logStartOffset: state.logStartOffset,
    isDuplicate: false,
  }
}

/** Starts a new segment at `baseOffset`, unless the active one is empty; the writer makes its file. Returns whether it did. */
export function rollLog(state: LogState, baseOffset: number): boolean {
  const { active } = state.segments
  if (active.baseOffset === baseOffset) return false
  active.closeTimeIndex()
  const segment = LogSegment.create(state.environment, state.directory, baseOffset)
  segment.pendingSnapshot = state.producers.encodeSnapshot()
  segment.becomeActive(state.config)
  state.segments.add(segment)
  return true
}

function checkSize(state: LogState, records: Buffer): void {
  if (records.length <= state.config.segmentBytes) return
  throw new KafkaError(
    'RECORD_LIST_TOO_LARGE',
    `Message batch size is ${records.length} bytes, more than the segment size of ${state.config.segmentBytes}`,
  )
}

/** Throws what the rules refuse; returns the answer to a batch that was appended before. */
function checkProducers(state: LogState, records: Buffer, options: AppendOptions): AppendResult | undefined {
  const size = batch.batchSizeInBytes(records, 0)
  if (!batch.hasProducerId(records, 0) && size === records.length) return undefined
  for (let at = 0; at < records.length; at += batch.batchSizeInBytes(records, at)) {
    if (!batch.hasProducerId(records, at)) continue
    if (size !== records.length) {
      throw new KafkaError('INVALID_RECORD', 'A batch with a producer id must be the only one of its partition')
    }
    const known = state.producers.check(records, at, options)
    if (known === undefined) continue
    return {
      baseOffset: known.firstOffset,
      lastOffset: known.lastOffset,
      logAppendTimeMs: known.timestamp,
      logStartOffset: state.logStartOffset,
      isDuplicate: true,
    }
  }
  return undefined
}

/** Queues batches from `start` on, as many as fit into one segment, one at least; returns where they end. */
function enqueuePiece(state: LogState, records: Buffer, start: number, nowMs: number): number {
  const firstOffset = batch.baseOffset(records, start)
  let end = start
  let endOffset = firstOffset
  let maxTimestamp = -1
  for (let size = 0; end < records.length; end += size) {
    size = batch.batchSizeInBytes(records, end)
    const isFull = end + size - start > state.config.segmentBytes
    if (end > start && (isFull || batch.nextOffset(records, end) - firstOffset > offsetsPerSegmentMax)) break
    const epoch = batch.leaderEpoch(records, end)
    if (epoch >= 0 && epoch !== state.epochs.latestEpoch) state.epochs.assign(epoch, batch.baseOffset(records, end))
    endOffset = batch.nextOffset(records, end)
    maxTimestamp = Math.max(maxTimestamp, batch.maxTimestamp(records, end))
  }
  const piece = start === 0 && end === records.length ? records : records.subarray(start, end)
  enqueue(state, piece, firstOffset, endOffset, maxTimestamp, nowMs)
  return end
}

/** Nothing may refuse from here on. */
function enqueue(
  state: LogState,
  records: Buffer,
  firstOffset: number,
  endOffset: number,
  maxTimestamp: number,
  nowMs: number,
): void {
  const { config, producers, segments } = state
  if (segments.active.shouldRoll(config, records.length, endOffset - 1, maxTimestamp, nowMs)) {
    // Without a gap between segments, which recovery takes for a loss, unless offsets would not fit into the index.
    rollLog(state, endOffset - state.nextOffset <= offsetsPerSegmentMax ? state.nextOffset : firstOffset)
  }
  const segment = segments.active
  state.tail.append(records, segment, firstOffset, endOffset)
  let size = 0
  for (let at = 0; at < records.length; at += size) {
    size = batch.batchSizeInBytes(records, at)
    segment.onAppended(records, at, size, config.indexIntervalBytes)
    const completed = producers.replay(records, at)
    if (completed?.isAborted) segment.indexes.transactions.append(completed)
  }
  state.nextOffset = endOffset
}
