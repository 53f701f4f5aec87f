/**
 * DescribeProducers (61)
 *
 * *Behavior.* The producer ids that a partition's log remembers, with their sequences and the transaction that each has
 * open. Any replica answers for its own log, not only the leader. A producer that has written nothing for
 * `producer.id.expiration.ms` is forgotten.
 */
import { topicNameProblem } from '../metadata/topic-name.ts'
import type {
  DescribeProducersRequest,
  DescribeProducersResponse,
  PartitionResponse,
  ProducerState,
} from '../protocol/api/61-describe-producers.ts'
import { type ErrorCode, errorCodes } from '../protocol/errors.ts'
import type { Partition } from '../runtime/replica/partition.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

interface Refusal {
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
}

export function handleDescribeProducers(
  broker: Broker,
  request: DescribeProducersRequest,
  context: RequestContext,
): DescribeProducersResponse {
  const topics = request.topics.map(({ name, partitionIndexes }) => {
    const refusal = topicRefusal(broker, name, context)
    const partitions = partitionIndexes.map((index) =>
      refusal === undefined ? describePartition(broker, name, index) : refused(index, refusal),
    )
    return { name, partitions }
  })
  return { throttleTimeMs: 0, topics }
}

function topicRefusal(broker: Broker, topic: string, context: RequestContext): Refusal | undefined {
  const problem = topicNameProblem(topic)
  if (problem !== undefined) return { errorCode: errorCodes.INVALID_TOPIC_EXCEPTION, errorMessage: problem }
  if (!broker.authorize(context, 'Read', 'Topic', topic)) {
    return { errorCode: errorCodes.TOPIC_AUTHORIZATION_FAILED, errorMessage: 'Topic authorization failed.' }
  }
  if (broker.image.topics.getByName(topic) !== undefined) return undefined
  const errorMessage = 'This server does not host this topic-partition.'
  return { errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION, errorMessage }
}

function describePartition(broker: Broker, topic: string, index: number): PartitionResponse {
  const partition = broker.replicaManager.partition(topic, index)
  const errorCode = partition === undefined ? broker.replicaManager.missingError(topic, index) : replicaError(partition)
  if (errorCode !== 0) return refused(index, { errorCode, errorMessage: null })
  const activeProducers: ProducerState[] = []
  for (const producer of partition!.log!.activeProducers()) {
    const { producerId, producerEpoch, lastSequence, lastTimestamp, coordinatorEpoch } = producer
    const currentTxnStartOffset = producer.transactionFirstOffset
    activeProducers.push({
      producerId,
      producerEpoch,
      lastSequence,
      lastTimestamp,
      coordinatorEpoch,
      currentTxnStartOffset,
    })
  }
  return { partitionIndex: index, errorCode: 0, errorMessage: null, activeProducers }
}

function replicaError({ state, log }: Partition): ErrorCode {
  if (state === 'offline') return errorCodes.KAFKA_STORAGE_ERROR
  return log === undefined ? errorCodes.NOT_LEADER_OR_FOLLOWER : 0
}

function refused(partitionIndex: number, { errorCode, errorMessage }: Refusal): PartitionResponse {
  return { partitionIndex, errorCode, errorMessage, activeProducers: [] }
}
