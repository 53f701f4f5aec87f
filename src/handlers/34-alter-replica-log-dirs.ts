/**
 * AlterReplicaLogDirs (34)
 *
 * *Behavior.* Moves replicas of this broker to other log directories of it, named by their absolute paths. The answer leaves
 * when the moves have begun; DescribeLogDirs shows them as future replicas until they are done. A replica that is not here
 * is REPLICA_NOT_AVAILABLE, or UNKNOWN_TOPIC_OR_PARTITION when nobody has it, and will be made in that directory should it
 * come. Naming the present directory gives a move up. Of a partition that is named twice the last directory counts. A
 * cordoned directory is INVALID_REPLICA_ASSIGNMENT (KIP-1066).
 *
 * *Version notes.* None that a handler sees: 2 is flexible.
 */
import type {
  AlterReplicaLogDirPartitionResult,
  AlterReplicaLogDirsRequest,
  AlterReplicaLogDirsResponse,
} from '../protocol/api/34-alter-replica-log-dirs.ts'
import { errorCodes, type KafkaError } from '../protocol/errors.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

export async function handleAlterReplicaLogDirs(
  broker: Broker,
  request: AlterReplicaLogDirsRequest,
  context: RequestContext,
): Promise<AlterReplicaLogDirsResponse> {
  const mayAlter = broker.authorize(context, 'Alter', 'Cluster', clusterResourceName)
  const results: AlterReplicaLogDirsResponse['results'] = []
  for (const [topicName, paths] of pathsByTopic(request)) {
    const partitions: AlterReplicaLogDirPartitionResult[] = []
    for (const [partitionIndex, path] of paths) {
      const errorCode = mayAlter
        ? await broker.logDirectories.move(topicName, partitionIndex, path)
        : errorCodes.CLUSTER_AUTHORIZATION_FAILED
      partitions.push({ partitionIndex, errorCode })
    }
    results.push({ topicName, partitions })
  }
  return { throttleTimeMs: 0, results }
}

/** The answer to a request that failed as a whole. */
export function refuseAlterReplicaLogDirs(
  request: AlterReplicaLogDirsRequest,
  { code: errorCode }: KafkaError,
): AlterReplicaLogDirsResponse {
  const results = [...pathsByTopic(request)].map(([topicName, paths]) => ({
    topicName,
    partitions: [...paths.keys()].map((partitionIndex) => ({ partitionIndex, errorCode })),
  }))
  return { throttleTimeMs: 0, results }
}

function pathsByTopic({ dirs }: AlterReplicaLogDirsRequest): ReadonlyMap<string, ReadonlyMap<number, string>> {
  const topics = new Map<string, Map<number, string>>()
  for (const { path, topics: named } of dirs) {
    for (const { name, partitions } of named) {
      if (partitions.length === 0) continue
      const paths = topics.get(name) ?? new Map<number, string>()
      topics.set(name, paths)
      for (const index of partitions) paths.set(index, path)
    }
  }
  return topics
}
