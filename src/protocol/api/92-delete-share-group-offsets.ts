/**
 * DeleteShareGroupOffsets (92). Deletes the start offsets of a share group.
 */
import {
  arrayOf,
  type Infer,
  type InferInput,
  int16,
  int32,
  request,
  response,
  string,
  struct,
  uuid,
} from '../schema.ts'

export const deleteShareGroupOffsetsRequestTopic = struct('DeleteShareGroupOffsetsRequestTopic', {
  topicName: string(),
})
export type DeleteShareGroupOffsetsRequestTopic = Infer<typeof deleteShareGroupOffsetsRequestTopic>

export const deleteShareGroupOffsetsRequest = request(
  { name: 'DeleteShareGroupOffsetsRequest', apiKey: 92, versions: [0, 0], flexibleSince: 0, listeners: ['broker'] },
  {
    groupId: string(),
    topics: arrayOf(deleteShareGroupOffsetsRequestTopic),
  },
)
export type DeleteShareGroupOffsetsRequest = Infer<typeof deleteShareGroupOffsetsRequest>
export type DeleteShareGroupOffsetsRequestInput = InferInput<typeof deleteShareGroupOffsetsRequest>

export const deleteShareGroupOffsetsResponseTopic = struct('DeleteShareGroupOffsetsResponseTopic', {
  topicName: string(),
  topicId: uuid(),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0, default: null }),
})
export type DeleteShareGroupOffsetsResponseTopic = Infer<typeof deleteShareGroupOffsetsResponseTopic>

export const deleteShareGroupOffsetsResponse = response(
  { name: 'DeleteShareGroupOffsetsResponse', apiKey: 92, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, default: null }),
    responses: arrayOf(deleteShareGroupOffsetsResponseTopic),
  },
)
export type DeleteShareGroupOffsetsResponse = Infer<typeof deleteShareGroupOffsetsResponse>
export type DeleteShareGroupOffsetsResponseInput = InferInput<typeof deleteShareGroupOffsetsResponse>
