/**
 * ListOffsets (2). Finds the offset for a timestamp or for one of the special timestamps: -1 latest, -2 earliest,
 * -3 the largest timestamp, -4 earliest local, -5 latest tiered, -6 earliest pending upload.
 *
 * Version 2: request gains isolationLevel; response gains throttleTimeMs.
 * Version 3: the answer leaves before the throttling starts.
 * Version 4: request gains currentLeaderEpoch; response gains leaderEpoch.
 * Version 5: OFFSET_NOT_AVAILABLE may be answered.
 * Version 6: flexible.
 * Version 7: timestamp -3 (KIP-734).
 * Version 8: timestamp -4 (KIP-405).
 * Version 9: timestamp -5 (KIP-1005).
 * Version 10: request gains timeoutMs.
 * Version 11: timestamp -6 (KIP-1023).
 */
import {
  arrayOf,
  type Infer,
  type InferInput,
  int8,
  int16,
  int32,
  int64,
  int64Number,
  request,
  response,
  string,
  struct,
} from '../schema.ts'

export const listOffsetsPartition = struct('ListOffsetsPartition', {
  partitionIndex: int32(),
  currentLeaderEpoch: int32({ since: 4, default: -1, ignorable: true }),
  timestamp: int64(),
})
export type ListOffsetsPartition = Infer<typeof listOffsetsPartition>

export const listOffsetsTopic = struct('ListOffsetsTopic', {
  name: string(),
  partitions: arrayOf(listOffsetsPartition),
})
export type ListOffsetsTopic = Infer<typeof listOffsetsTopic>

export const listOffsetsRequest = request(
  { name: 'ListOffsetsRequest', apiKey: 2, versions: [1, 11], flexibleSince: 6, listeners: ['broker'] },
  {
    replicaId: int32(),
    isolationLevel: int8({ since: 2 }),
    topics: arrayOf(listOffsetsTopic),
    timeoutMs: int32({ since: 10, ignorable: true }),
  },
)
export type ListOffsetsRequest = Infer<typeof listOffsetsRequest>
export type ListOffsetsRequestInput = InferInput<typeof listOffsetsRequest>

export const listOffsetsPartitionResponse = struct('ListOffsetsPartitionResponse', {
  partitionIndex: int32(),
  errorCode: int16(),
  timestamp: int64({ default: -1n }),
  offset: int64Number({ default: -1 }),
  leaderEpoch: int32({ since: 4, default: -1 }),
})
export type ListOffsetsPartitionResponse = Infer<typeof listOffsetsPartitionResponse>

export const listOffsetsTopicResponse = struct('ListOffsetsTopicResponse', {
  name: string(),
  partitions: arrayOf(listOffsetsPartitionResponse),
})
export type ListOffsetsTopicResponse = Infer<typeof listOffsetsTopicResponse>

export const listOffsetsResponse = response(
  { name: 'ListOffsetsResponse', apiKey: 2, versions: [1, 11], flexibleSince: 6 },
  {
    throttleTimeMs: int32({ since: 2, ignorable: true }),
    topics: arrayOf(listOffsetsTopicResponse),
  },
)
export type ListOffsetsResponse = Infer<typeof listOffsetsResponse>
export type ListOffsetsResponseInput = InferInput<typeof listOffsetsResponse>
