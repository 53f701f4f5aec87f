/**
 * ElectLeaders (43). Elects the preferred leader, or any replica that lives, for partitions.
 *
 * Version 1: request gains electionType; response gains errorCode; unclean elections too (KIP-460).
 * Version 2: flexible.
 */
import {
  arrayOf,
  type Infer,
  type InferInput,
  int8,
  int16,
  int32,
  request,
  response,
  string,
  struct,
} from '../schema.ts'

export const topicPartitions = struct('TopicPartitions', {
  topic: string({ mapKey: true }),
  partitions: arrayOf(int32()),
})
export type TopicPartitions = Infer<typeof topicPartitions>

export const electLeadersRequest = request(
  { name: 'ElectLeadersRequest', apiKey: 43, versions: [0, 2], flexibleSince: 2, listeners: ['broker', 'controller'] },
  {
    electionType: int8({ since: 1 }),
    topicPartitions: arrayOf(topicPartitions, { nullableSince: 0 }),
    timeoutMs: int32({ default: 60000 }),
  },
)
export type ElectLeadersRequest = Infer<typeof electLeadersRequest>
export type ElectLeadersRequestInput = InferInput<typeof electLeadersRequest>

export const partitionResult = struct('PartitionResult', {
  partitionId: int32(),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0 }),
})
export type PartitionResult = Infer<typeof partitionResult>

export const replicaElectionResult = struct('ReplicaElectionResult', {
  topic: string(),
  partitionResult: arrayOf(partitionResult),
})
export type ReplicaElectionResult = Infer<typeof replicaElectionResult>

export const electLeadersResponse = response(
  { name: 'ElectLeadersResponse', apiKey: 43, versions: [0, 2], flexibleSince: 2 },
  {
    throttleTimeMs: int32(),
    errorCode: int16({ since: 1 }),
    replicaElectionResults: arrayOf(replicaElectionResult),
  },
)
export type ElectLeadersResponse = Infer<typeof electLeadersResponse>
export type ElectLeadersResponseInput = InferInput<typeof electLeadersResponse>
