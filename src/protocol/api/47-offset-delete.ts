/**
 * OffsetDelete (47). Deletes committed offsets of a group. Never flexible.
 */
import { arrayOf, type Infer, type InferInput, int16, int32, request, response, string, struct } from '../schema.ts'

export const offsetDeleteRequestPartition = struct('OffsetDeleteRequestPartition', {
  partitionIndex: int32(),
})
export type OffsetDeleteRequestPartition = Infer<typeof offsetDeleteRequestPartition>

export const offsetDeleteRequestTopic = struct('OffsetDeleteRequestTopic', {
  name: string({ mapKey: true }),
  partitions: arrayOf(offsetDeleteRequestPartition),
})
export type OffsetDeleteRequestTopic = Infer<typeof offsetDeleteRequestTopic>

export const offsetDeleteRequest = request(
  { name: 'OffsetDeleteRequest', apiKey: 47, versions: [0, 0], listeners: ['broker'] },
  {
    groupId: string(),
    topics: arrayOf(offsetDeleteRequestTopic),
  },
)
export type OffsetDeleteRequest = Infer<typeof offsetDeleteRequest>
export type OffsetDeleteRequestInput = InferInput<typeof offsetDeleteRequest>

export const offsetDeleteResponsePartition = struct('OffsetDeleteResponsePartition', {
  partitionIndex: int32({ mapKey: true }),
  errorCode: int16(),
})
export type OffsetDeleteResponsePartition = Infer<typeof offsetDeleteResponsePartition>

export const offsetDeleteResponseTopic = struct('OffsetDeleteResponseTopic', {
  name: string({ mapKey: true }),
  partitions: arrayOf(offsetDeleteResponsePartition),
})
export type OffsetDeleteResponseTopic = Infer<typeof offsetDeleteResponseTopic>

export const offsetDeleteResponse = response(
  { name: 'OffsetDeleteResponse', apiKey: 47, versions: [0, 0] },
  {
    errorCode: int16(),
    throttleTimeMs: int32({ ignorable: true }),
    topics: arrayOf(offsetDeleteResponseTopic),
  },
)
export type OffsetDeleteResponse = Infer<typeof offsetDeleteResponse>
export type OffsetDeleteResponseInput = InferInput<typeof offsetDeleteResponse>
