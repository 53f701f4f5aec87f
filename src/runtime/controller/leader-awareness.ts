/**
 * Topics and partitions that were just created are answered once the brokers that lead them know of them, so that the
 * client's next request does not meet a leader that has not heard of it. At most for a second: a broker that is silent,
 * whom the controller still believes alive, must not hold up everyone who creates a topic.
 */
import type { Clock } from '../../base/clock.ts'
import type { MetadataRecord } from '../../metadata/metadata-record.ts'
import { apiKeys } from '../../protocol/api/index.ts'
import type { ControllerLog } from './controller-log.ts'

const waitMsMax = 1_000

export interface LeaderAwarenessInput {
  readonly nodeId: number
  readonly log: ControllerLog
  readonly clock: Clock
  readonly apiKey: number
  readonly request: object
  /** What the request wrote. */
  readonly records: readonly MetadataRecord[]
  readonly lastOffset: number
  /** When the request came, of the clock's monotonic time. */
  readonly startMs: number
}

export async function whenLeadersKnow(input: LeaderAwarenessInput): Promise<void> {
  const { nodeId, log, clock, apiKey, request, records, lastOffset, startMs } = input
  if (apiKey !== apiKeys.CreateTopics && apiKey !== apiKeys.CreatePartitions) return
  const leaders = new Set<number>()
  for (const record of records) if (record.type === 'PartitionRecord') leaders.add(record.data.leader)
  // The broker in the controller's process has the same image.
  leaders.delete(nodeId)
  if (leaders.size === 0) return
  const { timeoutMs } = request as { readonly timeoutMs: number }
  // The other half is for the broker that passed the request on.
  const leftMs = Math.min(waitMsMax, (timeoutMs - (clock.monotonic() - startMs)) / 2)
  if (leftMs > 0) await log.whenReplicasKnow?.([...leaders], lastOffset, leftMs)
}
