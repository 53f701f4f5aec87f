/**
 * ElectLeaders (43) at the controller: gives partitions their preferred leader back, or one that lives where data may be
 * lost by it. Each partition succeeds or fails by itself; asked for all, those that need no election are not told.
 */
import type { MetadataRecord } from '../metadata/metadata-record.ts'
import { noLeader, type PartitionRegistration } from '../metadata/partition-registration.ts'
import type { TopicImage } from '../metadata/topic-image.ts'
import type {
  ElectLeadersRequest,
  ElectLeadersResponse,
  PartitionResult,
  ReplicaElectionResult,
} from '../protocol/api/43-elect-leaders.ts'
import { type ErrorName, errorCodes, KafkaError } from '../protocol/errors.ts'
import { changeBasis } from './broker-transitions.ts'
import type { ControllerResult } from './controller-result.ts'
import type { ControllerState } from './controller-state.ts'
import { partitionChange } from './partition-change.ts'

/** Kafka's numbers of ElectionType. */
export const electionTypes = { preferred: 0, unclean: 1 } as const

type ElectionKind = keyof typeof electionTypes

export function electLeaders(
  state: ControllerState,
  request: ElectLeadersRequest,
): ControllerResult<ElectLeadersResponse> {
  const kind = electionKind(request.electionType)
  const records: MetadataRecord[] = []
  const { topicPartitions } = request
  const replicaElectionResults: ReplicaElectionResult[] =
    topicPartitions === null
      ? [...state.image.topics.values()].map((topic) => ({
          topic: topic.name,
          partitionResult: [...topic.partitions.keys()]
            .map((partitionId) => elect(state, topic.name, topic, partitionId, kind, records))
            .filter(({ errorCode }) => errorCode !== errorCodes.ELECTION_NOT_NEEDED),
        }))
      : topicPartitions.map(({ topic: name, partitions }) => {
          const topic = state.image.topics.getByName(name)
          const partitionResult = partitions.map((id) => elect(state, name, topic, id, kind, records))
          return { topic: name, partitionResult }
        })
  return { records, response: { throttleTimeMs: 0, errorCode: 0, replicaElectionResults } }
}

function electionKind(type: number): ElectionKind {
  if (type === electionTypes.preferred) return 'preferred'
  if (type === electionTypes.unclean) return 'unclean'
  throw new KafkaError('INVALID_REQUEST', `Unknown election type ${type}`)
}

function elect(
  state: ControllerState,
  topicName: string,
  topic: TopicImage | undefined,
  partitionId: number,
  kind: ElectionKind,
  records: MetadataRecord[],
): PartitionResult {
  const answer = (error: ErrorName, errorMessage: string | null): PartitionResult => {
    return { partitionId, errorCode: errorCodes[error], errorMessage }
  }
  if (topic === undefined) return answer('UNKNOWN_TOPIC_OR_PARTITION', `No such topic as ${topicName}`)
  const partition = topic.partitions.get(partitionId)
  if (partition === undefined) {
    return answer('UNKNOWN_TOPIC_OR_PARTITION', `No such partition as ${topicName}-${partitionId}`)
  }
  if (!needsElection(partition, kind)) {
    return answer('ELECTION_NOT_NEEDED', 'Leader election not needed for topic partition.')
  }
  const record = partitionChange({ ...changeBasis(state, topic, partitionId, partition), election: kind })
  if (record !== undefined) {
    records.push(record)
    return answer('NONE', null)
  }
  return kind === 'preferred'
    ? answer('PREFERRED_LEADER_NOT_AVAILABLE', 'The preferred leader was not available.')
    : answer('ELIGIBLE_LEADERS_NOT_AVAILABLE', 'Eligible topic partition leaders are not available.')
}

function needsElection(partition: PartitionRegistration, kind: ElectionKind): boolean {
  return kind === 'preferred' ? partition.leader !== partition.replicas[0] : partition.leader === noLeader
}
