/**
 * AssignReplicasToDirs (73). A broker tells the controller in which log directory each replica lives.
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
  struct,
  uuid,
} from '../schema.ts'

export const assignReplicasToDirsRequestPartitionData = struct('PartitionData', {
  partitionIndex: int32(),
})
export type AssignReplicasToDirsRequestPartitionData = Infer<typeof assignReplicasToDirsRequestPartitionData>

export const assignReplicasToDirsRequestTopicData = struct('TopicData', {
  topicId: uuid(),
  partitions: arrayOf(assignReplicasToDirsRequestPartitionData),
})
export type AssignReplicasToDirsRequestTopicData = Infer<typeof assignReplicasToDirsRequestTopicData>

export const assignReplicasToDirsRequestDirectoryData = struct('DirectoryData', {
  id: uuid(),
  topics: arrayOf(assignReplicasToDirsRequestTopicData),
})
export type AssignReplicasToDirsRequestDirectoryData = Infer<typeof assignReplicasToDirsRequestDirectoryData>

export const assignReplicasToDirsRequest = request(
  { name: 'AssignReplicasToDirsRequest', apiKey: 73, versions: [0, 0], flexibleSince: 0, listeners: ['controller'] },
  {
    brokerId: int32(),
    brokerEpoch: int64Number({ default: -1 }),
    directories: arrayOf(assignReplicasToDirsRequestDirectoryData),
  },
)
export type AssignReplicasToDirsRequest = Infer<typeof assignReplicasToDirsRequest>
export type AssignReplicasToDirsRequestInput = InferInput<typeof assignReplicasToDirsRequest>

export const assignReplicasToDirsResponsePartitionData = struct('PartitionData', {
  partitionIndex: int32(),
  errorCode: int16(),
})
export type AssignReplicasToDirsResponsePartitionData = Infer<typeof assignReplicasToDirsResponsePartitionData>

export const assignReplicasToDirsResponseTopicData = struct('TopicData', {
  topicId: uuid(),
  partitions: arrayOf(assignReplicasToDirsResponsePartitionData),
})
export type AssignReplicasToDirsResponseTopicData = Infer<typeof assignReplicasToDirsResponseTopicData>

export const assignReplicasToDirsResponseDirectoryData = struct('DirectoryData', {
  id: uuid(),
  topics: arrayOf(assignReplicasToDirsResponseTopicData),
})
export type AssignReplicasToDirsResponseDirectoryData = Infer<typeof assignReplicasToDirsResponseDirectoryData>

export const assignReplicasToDirsResponse = response(
  { name: 'AssignReplicasToDirsResponse', apiKey: 73, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    directories: arrayOf(assignReplicasToDirsResponseDirectoryData),
  },
)
export type AssignReplicasToDirsResponse = Infer<typeof assignReplicasToDirsResponse>
export type AssignReplicasToDirsResponseInput = InferInput<typeof assignReplicasToDirsResponse>
