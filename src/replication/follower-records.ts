/**
 * What of the records in a leader's answer a follower may append: whole batches, undamaged, of epochs that the leader it
 * follows can know. An answer may end in a part of a batch, which is fetched again.
 */
import * as batch from '../protocol/record/batch-header.ts'

export interface ReplicatedRecords {
  /** Ready to be appended; empty when nothing is. */
  readonly records: Buffer
  /** Why the first batch that is left out is wrong; undefined when none is. */
  readonly problem: string | undefined
}

/** `leaderEpoch` is that of the fetch: a later one means that the answer is not of the leader that was asked. */
export function checkReplicatedRecords(bytes: Buffer, leaderEpoch: number): ReplicatedRecords {
  let at = 0
  let problem: string | undefined
  while (bytes.length - at >= batch.batchHeaderSize) {
    const size = batch.batchSizeInBytes(bytes, at)
    if (size < batch.batchHeaderSize) problem = `a batch of ${size} bytes`
    else if (bytes.length - at < size) break
    else if (batch.magic(bytes, at) !== batch.currentMagic) problem = `a batch of format ${batch.magic(bytes, at)}`
    else if (batch.leaderEpoch(bytes, at) > leaderEpoch) problem = `a batch of epoch ${batch.leaderEpoch(bytes, at)}`
    else if (batch.lastOffsetDelta(bytes, at) < 0) problem = 'a batch that ends before it begins'
    else if (!batch.isCrcValid(bytes, at)) problem = 'a damaged batch'
    if (problem !== undefined) break
    at += size
  }
  if (problem !== undefined) problem = `${problem} at position ${at} of ${bytes.length} bytes`
  return { records: at === bytes.length ? bytes : bytes.subarray(0, at), problem }
}
