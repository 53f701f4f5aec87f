/**
 * Reads a log's own batches again: to rebuild producer state from a snapshot and what came after it, and to recover a
 * segment whose indexes are lost or that a crash may have torn.
 */
import * as batch from '../protocol/record/batch-header.ts'
import { FileBatches, walkHeaders } from './file-batches.ts'
import { LogSegment } from './log-segment.ts'
import type { LogState } from './log-state.ts'
import { ProducerState } from './producer-state.ts'

const scanWindowSize = 1024 * 1024

/** Makes the producers' state that of the log up to `endOffset`: the newest snapshot below, and the batches after it. */
export async function rebuildProducers(
  state: LogState,
  endOffset: number,
  producers: ProducerState = state.producers,
): Promise<void> {
  const firstOffset = state.segments.first.baseOffset
  const snapshot = await state.environment.lanes.read.run(() => state.snapshots.readLatest(firstOffset, endOffset))
  const startOffset = snapshot?.offset ?? Math.min(Math.max(state.logStartOffset, firstOffset), endOffset)
  producers.reset(startOffset, snapshot?.entries)
  for (let index = Math.max(state.segments.floorIndex(startOffset), 0); ; index++) {
    const segment = state.segments.at(index)
    if (segment === undefined || segment.baseOffset >= endOffset || producers.endOffset >= endOffset) break
    await scan(state, segment, segment.writtenSize, (bytes, at) => {
      if (batch.lastOffset(bytes, at) < startOffset) return true
      if (batch.baseOffset(bytes, at) >= endOffset) return false
      producers.replay(bytes, at)
      return true
    })
  }
  producers.endOffset = endOffset
}

/**
 * Makes the indexes of an older segment anew from its file and the producers' state at its start, when the index files
 * turn out to be damaged while the log is in use.
 */
export async function rebuildIndexes(state: LogState, segment: LogSegment): Promise<void> {
  const { environment, config } = state
  environment.logger.warn('indexes of a segment are made anew', { log: state.name, segment: segment.baseOffset })
  const producers = new ProducerState()
  await rebuildProducers(state, segment.baseOffset, producers)
  const rebuilt = LogSegment.create(environment, segment.directory, segment.baseOffset)
  const validSize = await scan(state, segment, segment.writtenSize, (bytes, at, size) => {
    rebuilt.onAppended(bytes, at, size, config.indexIntervalBytes)
    const completed = producers.replay(bytes, at)
    if (completed?.isAborted) rebuilt.indexes.transactions.append(completed)
    return true
  })
  if (validSize < segment.writtenSize)
    throw new Error(`Segment ${segment.file.path} is damaged at position ${validSize}`)
  rebuilt.closeTimeIndex()
  segment.adoptIndexes(rebuilt)
  await environment.lanes.write.run(() => segment.saveIndexes(true))
}

/**
 * Reads all of a segment, checks each batch and rebuilds the indexes, which are in memory afterwards; brings producers and
 * leader epochs forward, which must be those at its base offset. Cuts the file after the last valid batch; returns false
 * when something was cut off.
 */
export async function recoverSegment(state: LogState, segment: LogSegment): Promise<boolean> {
  const fileSize = segment.writtenSize
  segment.resetIndexes()
  let expectedOffset = segment.baseOffset
  const validSize = await scan(state, segment, fileSize, (bytes, at, size) => {
    const baseOffset = batch.baseOffset(bytes, at)
    const lastOffset = batch.lastOffset(bytes, at)
    if (baseOffset < expectedOffset || lastOffset < baseOffset || !batch.isCrcValid(bytes, at)) return false
    if (!segment.indexes.offset.canHold(lastOffset)) return false
    expectedOffset = lastOffset + 1
    segment.onAppended(bytes, at, size, state.config.indexIntervalBytes)
    replayBatch(state, segment, bytes, at)
    return true
  })
  segment.writtenSize = validSize
  if (validSize === fileSize) return true
  const handle = await segment.file.pin()
  try {
    // Flushed at once: what is appended here could otherwise, after a loss of power, be followed by what was cut off.
    await state.environment.lanes.write.run(async () => {
      await handle.truncate(validSize)
      await handle.sync()
    })
  } finally {
    segment.file.unpin()
  }
  return false
}

/** What an appended batch means for producers, aborted transactions and leader epochs. */
function replayBatch(state: LogState, segment: LogSegment, bytes: Buffer, at: number): void {
  const epoch = batch.leaderEpoch(bytes, at)
  if (epoch > state.epochs.latestEpoch) state.epochs.assign(epoch, batch.baseOffset(bytes, at))
  const completed = state.producers.replay(bytes, at)
  if (completed?.isAborted) segment.indexes.transactions.append(completed)
}

/** The offset after the last batch of a segment whose indexes are in memory; undefined when the file does not end in a whole batch. */
export async function readEndOffset(state: LogState, segment: LogSegment): Promise<number | undefined> {
  const { offset: offsets } = segment.indexes
  const start = offsets.entriesCount === 0 ? 0 : offsets.entry(offsets.entriesCount - 1).position
  let endOffset = segment.baseOffset
  const handle = await segment.file.pin()
  try {
    const lane = state.environment.lanes.read
    // segment.ms counts from the first batch, however often the log was opened since.
    const first = walkHeaders(handle, lane, 0, segment.size)
    if (await first.next()) segment.firstTimestamp = batch.maxTimestamp(first.bytes, first.at)
    const batches = new FileBatches(handle, lane, { start, end: segment.size, windowSize: 16 * 1024, whole: false })
    for (;;) {
      const isThere = batches.next()
      if (!(typeof isThere === 'boolean' ? isThere : await isThere)) break
      const maxTimestamp = batch.maxTimestamp(batches.bytes, batches.at)
      endOffset = batch.nextOffset(batches.bytes, batches.at)
      segment.noteTimestamp(maxTimestamp, endOffset - 1)
    }
    return batches.isTorn || endOffset < segment.baseOffset ? undefined : endOffset
  } finally {
    segment.file.unpin()
  }
}

/** Visits whole batches until `visit` returns false or the bytes are not a batch; returns where the visited ones end. */
async function scan(
  state: LogState,
  segment: LogSegment,
  size: number,
  visit: (bytes: Buffer, at: number, size: number) => boolean,
): Promise<number> {
  const handle = await segment.file.pin()
  try {
    const lane = state.environment.lanes.read
    const batches = new FileBatches(handle, lane, { start: 0, end: size, windowSize: scanWindowSize, whole: true })
    for (;;) {
      const isThere = batches.next()
      if (!(typeof isThere === 'boolean' ? isThere : await isThere)) return batches.position
      if (!visit(batches.bytes, batches.at, batches.size)) return batches.position
    }
  } finally {
    segment.file.unpin()
  }
}
