/**
 * AlterReplicaLogDirs (34). Moves replicas to another log directory of the same broker.
 *
 * Version 2: flexible.
 */
import { arrayOf, type Infer, type InferInput, int16, int32, request, response, string, struct } from '../schema.ts'

export const alterReplicaLogDirTopic = struct('AlterReplicaLogDirTopic', {
  name: string({ mapKey: true }),
  partitions: arrayOf(int32()),
})
export type AlterReplicaLogDirTopic = Infer<typeof alterReplicaLogDirTopic>

export const alterReplicaLogDir = struct('AlterReplicaLogDir', {
  path: string({ mapKey: true }),
  topics: arrayOf(alterReplicaLogDirTopic),
})
export type AlterReplicaLogDir = Infer<typeof alterReplicaLogDir>

export const alterReplicaLogDirsRequest = request(
  { name: 'AlterReplicaLogDirsRequest', apiKey: 34, versions: [1, 2], flexibleSince: 2, listeners: ['broker'] },
  {
    dirs: arrayOf(alterReplicaLogDir),
  },
)
export type AlterReplicaLogDirsRequest = Infer<typeof alterReplicaLogDirsRequest>
export type AlterReplicaLogDirsRequestInput = InferInput<typeof alterReplicaLogDirsRequest>

export const alterReplicaLogDirPartitionResult = struct('AlterReplicaLogDirPartitionResult', {
  partitionIndex: int32(),
  errorCode: int16(),
})
export type AlterReplicaLogDirPartitionResult = Infer<typeof alterReplicaLogDirPartitionResult>

export const alterReplicaLogDirTopicResult = struct('AlterReplicaLogDirTopicResult', {
  topicName: string(),
  partitions: arrayOf(alterReplicaLogDirPartitionResult),
})
export type AlterReplicaLogDirTopicResult = Infer<typeof alterReplicaLogDirTopicResult>

export const alterReplicaLogDirsResponse = response(
  { name: 'AlterReplicaLogDirsResponse', apiKey: 34, versions: [1, 2], flexibleSince: 2 },
  {
    throttleTimeMs: int32(),
    results: arrayOf(alterReplicaLogDirTopicResult),
  },
)
export type AlterReplicaLogDirsResponse = Infer<typeof alterReplicaLogDirsResponse>
export type AlterReplicaLogDirsResponseInput = InferInput<typeof alterReplicaLogDirsResponse>
