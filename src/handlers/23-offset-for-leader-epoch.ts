/**
 * OffsetForLeaderEpoch (23)
 *
 * *Behavior.* Where a leader epoch ended in the leader's log: the largest epoch not above the one asked for that has
 * records, and the offset after its last one. A client that had read further reads records that are gone. The current
 * epoch ends where the log does; one above all is answered with -1 and -1.
 *
 * *Version notes.* 3 tells the replica's id. Consumers must not see beyond the high watermark, and do not: an end above it
 * says only where to look again.
 */
import type {
  EpochEndOffset,
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
  OffsetForLeaderPartition,
} from '../protocol/api/23-offset-for-leader-epoch.ts'
import { type ErrorCode, errorCodes, type KafkaError } from '../protocol/errors.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

const noEpoch = -1
const unknownOffset = -1

export function handleOffsetForLeaderEpoch(
  broker: Broker,
  request: OffsetForLeaderEpochRequest,
  context: RequestContext,
): OffsetForLeaderEpochResponse {
  const isReplica = request.replicaId >= 0 && broker.authorize(context, 'ClusterAction', 'Cluster', 'kafka-cluster')
  const topics = request.topics.map(({ topic, partitions }) => {
    const isAllowed = isReplica || broker.authorize(context, 'Describe', 'Topic', topic)
    return {
      topic,
      partitions: partitions.map((asked) =>
        isAllowed
          ? endOffsetOf(broker, topic, asked)
          : answerOf(asked.partition, errorCodes.TOPIC_AUTHORIZATION_FAILED, noEpoch, unknownOffset),
      ),
    }
  })
  return { throttleTimeMs: 0, topics }
}

/** The answer to a request that failed as a whole. */
export function refuseOffsetForLeaderEpoch(
  { topics }: OffsetForLeaderEpochRequest,
  error: KafkaError,
): OffsetForLeaderEpochResponse {
  const answers = topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition }) => answerOf(partition, error.code, noEpoch, unknownOffset)),
  }))
  return { throttleTimeMs: 0, topics: answers }
}

function endOffsetOf(broker: Broker, topic: string, asked: OffsetForLeaderPartition): EpochEndOffset {
  const { partition: index, currentLeaderEpoch, leaderEpoch } = asked
  const partition = broker.replicaManager.partition(topic, index)
  const error = partition?.leaderError(currentLeaderEpoch) ?? broker.replicaManager.missingError(topic, index)
  if (partition === undefined || error !== 0) return answerOf(index, error, noEpoch, unknownOffset)
  const log = partition.log!
  if (leaderEpoch < noEpoch) return answerOf(index, 0, leaderEpoch, log.epochs[0]?.startOffset ?? unknownOffset)
  const end = log.endOffsetForEpoch(leaderEpoch)
  return answerOf(index, 0, end?.epoch ?? noEpoch, end?.endOffset ?? unknownOffset)
}

function answerOf(partition: number, errorCode: ErrorCode, leaderEpoch: number, endOffset: number): EpochEndOffset {
  return { errorCode, partition, leaderEpoch, endOffset }
}
