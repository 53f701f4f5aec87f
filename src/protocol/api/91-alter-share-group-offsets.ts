/**
 * AlterShareGroupOffsets (91). Sets start offsets of a share group.
 */
import {
  arrayOf,
  type Infer,
  type InferInput,
  int16,
  int32,
  int64Number,
  request,
  response,
  string,
  struct,
  uuid,
} from '../schema.ts'

export const alterShareGroupOffsetsRequestPartition = struct('AlterShareGroupOffsetsRequestPartition', {
  partitionIndex: int32(),
  startOffset: int64Number(),
})
export type AlterShareGroupOffsetsRequestPartition = Infer<typeof alterShareGroupOffsetsRequestPartition>

export const alterShareGroupOffsetsRequestTopic = struct('AlterShareGroupOffsetsRequestTopic', {
  topicName: string({ mapKey: true }),
  partitions: arrayOf(alterShareGroupOffsetsRequestPartition),
})
export type AlterShareGroupOffsetsRequestTopic = Infer<typeof alterShareGroupOffsetsRequestTopic>

export const alterShareGroupOffsetsRequest = request(
  { name: 'AlterShareGroupOffsetsRequest', apiKey: 91, versions: [0, 0], flexibleSince: 0, listeners: ['broker'] },
  {
    groupId: string(),
    topics: arrayOf(alterShareGroupOffsetsRequestTopic),
  },
)
export type AlterShareGroupOffsetsRequest = Infer<typeof alterShareGroupOffsetsRequest>
export type AlterShareGroupOffsetsRequestInput = InferInput<typeof alterShareGroupOffsetsRequest>

export const alterShareGroupOffsetsResponsePartition = struct('AlterShareGroupOffsetsResponsePartition', {
  partitionIndex: int32(),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0, default: null }),
})
export type AlterShareGroupOffsetsResponsePartition = Infer<typeof alterShareGroupOffsetsResponsePartition>

export const alterShareGroupOffsetsResponseTopic = struct('AlterShareGroupOffsetsResponseTopic', {
  topicName: string({ mapKey: true }),
  topicId: uuid(),
  partitions: arrayOf(alterShareGroupOffsetsResponsePartition),
})
export type AlterShareGroupOffsetsResponseTopic = Infer<typeof alterShareGroupOffsetsResponseTopic>

export const alterShareGroupOffsetsResponse = response(
  { name: 'AlterShareGroupOffsetsResponse', apiKey: 91, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, default: null }),
    responses: arrayOf(alterShareGroupOffsetsResponseTopic),
  },
)
export type AlterShareGroupOffsetsResponse = Infer<typeof alterShareGroupOffsetsResponse>
export type AlterShareGroupOffsetsResponseInput = InferInput<typeof alterShareGroupOffsetsResponse>
