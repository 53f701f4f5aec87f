/**
 * ListPartitionReassignments (46). Lists the reassignments that are under way.
 */
import { arrayOf, type Infer, type InferInput, int16, int32, request, response, string, struct } from '../schema.ts'

export const listPartitionReassignmentsTopics = struct('ListPartitionReassignmentsTopics', {
  name: string(),
  partitionIndexes: arrayOf(int32()),
})
export type ListPartitionReassignmentsTopics = Infer<typeof listPartitionReassignmentsTopics>

export const listPartitionReassignmentsRequest = request(
  {
    name: 'ListPartitionReassignmentsRequest',
    apiKey: 46,
    versions: [0, 0],
    flexibleSince: 0,
    listeners: ['broker', 'controller'],
  },
  {
    timeoutMs: int32({ default: 60000 }),
    topics: arrayOf(listPartitionReassignmentsTopics, { nullableSince: 0, default: null }),
  },
)
export type ListPartitionReassignmentsRequest = Infer<typeof listPartitionReassignmentsRequest>
export type ListPartitionReassignmentsRequestInput = InferInput<typeof listPartitionReassignmentsRequest>

export const ongoingPartitionReassignment = struct('OngoingPartitionReassignment', {
  partitionIndex: int32(),
  replicas: arrayOf(int32()),
  addingReplicas: arrayOf(int32()),
  removingReplicas: arrayOf(int32()),
})
export type OngoingPartitionReassignment = Infer<typeof ongoingPartitionReassignment>

export const ongoingTopicReassignment = struct('OngoingTopicReassignment', {
  name: string(),
  partitions: arrayOf(ongoingPartitionReassignment),
})
export type OngoingTopicReassignment = Infer<typeof ongoingTopicReassignment>

export const listPartitionReassignmentsResponse = response(
  { name: 'ListPartitionReassignmentsResponse', apiKey: 46, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0 }),
    topics: arrayOf(ongoingTopicReassignment),
  },
)
export type ListPartitionReassignmentsResponse = Infer<typeof listPartitionReassignmentsResponse>
export type ListPartitionReassignmentsResponseInput = InferInput<typeof listPartitionReassignmentsResponse>
