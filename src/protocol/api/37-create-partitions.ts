/**
 * CreatePartitions (37). Raises the number of partitions of topics.
 *
 * Version 1: the answer leaves before the throttling starts.
 * Version 2: flexible.
 * Version 3: THROTTLING_QUOTA_EXCEEDED may be answered (KIP-599).
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

export const createPartitionsAssignment = struct('CreatePartitionsAssignment', {
  brokerIds: arrayOf(int32()),
})
export type CreatePartitionsAssignment = Infer<typeof createPartitionsAssignment>

export const createPartitionsTopic = struct('CreatePartitionsTopic', {
  name: string({ mapKey: true }),
  count: int32(),
  assignments: arrayOf(createPartitionsAssignment, { nullableSince: 0 }),
})
export type CreatePartitionsTopic = Infer<typeof createPartitionsTopic>

export const createPartitionsRequest = request(
  {
    name: 'CreatePartitionsRequest',
    apiKey: 37,
    versions: [0, 3],
    flexibleSince: 2,
    listeners: ['broker', 'controller'],
  },
  {
    topics: arrayOf(createPartitionsTopic),
    timeoutMs: int32(),
    validateOnly: bool(),
  },
)
export type CreatePartitionsRequest = Infer<typeof createPartitionsRequest>
export type CreatePartitionsRequestInput = InferInput<typeof createPartitionsRequest>

export const createPartitionsTopicResult = struct('CreatePartitionsTopicResult', {
  name: string(),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0, default: null }),
})
export type CreatePartitionsTopicResult = Infer<typeof createPartitionsTopicResult>

export const createPartitionsResponse = response(
  { name: 'CreatePartitionsResponse', apiKey: 37, versions: [0, 3], flexibleSince: 2 },
  {
    throttleTimeMs: int32(),
    results: arrayOf(createPartitionsTopicResult),
  },
)
export type CreatePartitionsResponse = Infer<typeof createPartitionsResponse>
export type CreatePartitionsResponseInput = InferInput<typeof createPartitionsResponse>
