/**
 * AlterPartitionReassignments (45). Starts, changes or cancels reassignments of partitions.
 *
 * Version 1: request gains allowReplicationFactorChange; response gains allowReplicationFactorChange; the
 * replication factor may be told to stay.
 */
import {
  arrayOf,
  bool,
  type Infer,
  type InferInput,
  int16,
  int32,
  request,
  response,
  string,
  struct,
} from '../schema.ts'

export const reassignablePartition = struct('ReassignablePartition', {
  partitionIndex: int32(),
  replicas: arrayOf(int32(), { nullableSince: 0, default: null }),
})
export type ReassignablePartition = Infer<typeof reassignablePartition>

export const reassignableTopic = struct('ReassignableTopic', {
  name: string(),
  partitions: arrayOf(reassignablePartition),
})
export type ReassignableTopic = Infer<typeof reassignableTopic>

export const alterPartitionReassignmentsRequest = request(
  {
    name: 'AlterPartitionReassignmentsRequest',
    apiKey: 45,
    versions: [0, 1],
    flexibleSince: 0,
    listeners: ['broker', 'controller'],
  },
  {
    timeoutMs: int32({ default: 60000 }),
    allowReplicationFactorChange: bool({ since: 1, default: true }),
    topics: arrayOf(reassignableTopic),
  },
)
export type AlterPartitionReassignmentsRequest = Infer<typeof alterPartitionReassignmentsRequest>
export type AlterPartitionReassignmentsRequestInput = InferInput<typeof alterPartitionReassignmentsRequest>

export const reassignablePartitionResponse = struct('ReassignablePartitionResponse', {
  partitionIndex: int32(),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0 }),
})
export type ReassignablePartitionResponse = Infer<typeof reassignablePartitionResponse>

export const reassignableTopicResponse = struct('ReassignableTopicResponse', {
  name: string(),
  partitions: arrayOf(reassignablePartitionResponse),
})
export type ReassignableTopicResponse = Infer<typeof reassignableTopicResponse>

export const alterPartitionReassignmentsResponse = response(
  { name: 'AlterPartitionReassignmentsResponse', apiKey: 45, versions: [0, 1], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    allowReplicationFactorChange: bool({ since: 1, default: true, ignorable: true }),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0 }),
    responses: arrayOf(reassignableTopicResponse),
  },
)
export type AlterPartitionReassignmentsResponse = Infer<typeof alterPartitionReassignmentsResponse>
export type AlterPartitionReassignmentsResponseInput = InferInput<typeof alterPartitionReassignmentsResponse>
