/**
 * DescribeQuorum (55)
 *
 * *Behavior.* The voters and observers of the metadata log with how far each is, as the quorum's leader sees them. A
 * broker's listener asks it; on a controller's, others answer NOT_LEADER_OR_FOLLOWER. The one partition that can be asked for is that log's: any other request gets
 * UNKNOWN_TOPIC_OR_PARTITION for all that it names.
 *
 * *Version notes.* 1 tells times, 2 directories, the endpoints of the voters and messages beside error codes (KIP-853).
 */
import { zeroUuid } from '../base/uuid.ts'
import { clusterMetadataTopicName } from '../metadata/topic-name.ts'
import type {
  DescribeQuorumRequest,
  DescribeQuorumResponse,
  DescribeQuorumResponsePartitionData,
  ReplicaState,
} from '../protocol/api/55-describe-quorum.ts'
import { type ErrorCode, errorCodes } from '../protocol/errors.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'
import { goesToLeader } from './raft-request.ts'

const directoriesVersion = 2

type QuorumDescription = ReturnType<NodeServices['quorum']['describeQuorum']>

export function handleDescribeQuorum(
  broker: NodeServices,
  request: DescribeQuorumRequest,
  context: RequestContext,
): DescribeQuorumResponse | Promise<DescribeQuorumResponse> {
  if (!broker.authorize(context, 'Describe', 'Cluster', clusterResourceName)) {
    const errorCode = errorCodes.CLUSTER_AUTHORIZATION_FAILED
    return { errorCode, errorMessage: 'Cluster authorization failed.', topics: [], nodes: [] }
  }
  if (!asksForMetadataLog(request)) {
    return refusal(request, errorCodes.UNKNOWN_TOPIC_OR_PARTITION, 'This server does not host this topic-partition.')
  }
  if (goesToLeader(broker, context)) return askLeader(broker, request, context)
  const quorum = broker.quorum.describeQuorum()
  if (!quorum.isLeader) {
    const message =
      'For requests intended only for the leader, this error indicates that the broker is not the current leader.'
    return refusal(request, errorCodes.NOT_LEADER_OR_FOLLOWER, message)
  }
  const isDetailed = context.apiVersion >= directoriesVersion
  const partition: DescribeQuorumResponsePartitionData = {
    partitionIndex: 0,
    errorCode: 0,
    errorMessage: '',
    leaderId: quorum.leaderId,
    leaderEpoch: quorum.epoch,
    highWatermark: quorum.highWatermark,
    currentVoters: quorum.voters.map((voter) => replicaState(voter, isDetailed)),
    observers: quorum.observers.map((observer) => replicaState(observer, isDetailed)),
  }
  const nodes = (isDetailed ? quorum.nodes : []).map(({ id: nodeId, endpoints }) => ({
    nodeId,
    listeners: endpoints.map(({ name, host, port }) => ({ name, host, port })),
  }))
  const topics = [{ topicName: clusterMetadataTopicName, partitions: [partition] }]
  return { errorCode: 0, errorMessage: '', topics, nodes }
}

/** The leader answers in the newest version, which tells more than an older one can. */
async function askLeader(
  broker: NodeServices,
  request: DescribeQuorumRequest,
  { apiKey, apiVersion }: RequestContext,
): Promise<DescribeQuorumResponse> {
  const answer = await broker.controller.send<DescribeQuorumResponse>(apiKey, request)
  if (apiVersion >= directoriesVersion) return answer
  const withoutDirectory = (replica: ReplicaState) => ({ ...replica, replicaDirectoryId: zeroUuid })
  const topics = answer.topics.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map((partition) => ({
      ...partition,
      currentVoters: partition.currentVoters.map(withoutDirectory),
      observers: partition.observers.map(withoutDirectory),
    })),
  }))
  return { ...answer, topics, nodes: [] }
}

function asksForMetadataLog({ topics }: DescribeQuorumRequest): boolean {
  const [topic] = topics
  return (
    topics.length === 1 &&
    topic!.topicName === clusterMetadataTopicName &&
    topic!.partitions.length === 1 &&
    topic!.partitions[0]!.partitionIndex === 0
  )
}

function replicaState(replica: QuorumDescription['voters'][number], isDetailed: boolean): ReplicaState {
  const { id: replicaId, directoryId, ...progress } = replica
  return { replicaId, replicaDirectoryId: isDetailed ? directoryId : zeroUuid, ...progress }
}

/** The same for all partitions that are named. */
function refusal(
  { topics }: DescribeQuorumRequest,
  errorCode: ErrorCode,
  errorMessage: string,
): DescribeQuorumResponse {
  const nothing = { leaderId: 0, leaderEpoch: 0, highWatermark: 0, currentVoters: [], observers: [] }
  const answers = topics.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode, errorMessage, ...nothing })),
  }))
  return { errorCode: 0, errorMessage: '', topics: answers, nodes: [] }
}
