/**
 * DescribeLogDirs (35)
 *
 * *Behavior.* The log directories of this broker, by their absolute paths, with the size of each replica and how far it is
 * behind. An offline directory has KAFKA_STORAGE_ERROR and nothing else. Null topics ask for all replicas, no topics for
 * none; what is not here is left out. The metadata log is not a replica.
 *
 * *Version notes.* From 3 a refusal is an error of its own, before the answer is just empty. 4 tells the room on the disk,
 * 5 whether the directory is cordoned (KIP-1066).
 */
import type {
  DescribeLogDirsPartition,
  DescribeLogDirsRequest,
  DescribeLogDirsResponse,
  DescribeLogDirsResult,
} from '../protocol/api/35-describe-log-dirs.ts'
import { errorCodes } from '../protocol/errors.ts'
import type { DescribedLogDirectory } from '../runtime/broker/log-directories.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

export async function handleDescribeLogDirs(
  broker: Broker,
  request: DescribeLogDirsRequest,
  context: RequestContext,
): Promise<DescribeLogDirsResponse> {
  if (!broker.authorize(context, 'Describe', 'Cluster', clusterResourceName)) {
    return { throttleTimeMs: 0, errorCode: errorCodes.CLUSTER_AUTHORIZATION_FAILED, results: [] }
  }
  const directories = await broker.logDirectories.describe(askedFor(request.topics))
  return { throttleTimeMs: 0, errorCode: 0, results: directories.map(resultOf) }
}

function askedFor(topics: DescribeLogDirsRequest['topics']): (topic: string, partition: number) => boolean {
  if (topics === null) return () => true
  const asked = new Map<string, Set<number>>()
  for (const { topic, partitions } of topics) {
    asked.set(topic, new Set([...(asked.get(topic) ?? []), ...partitions]))
  }
  return (topic, partition) => asked.get(topic)?.has(partition) === true
}

function resultOf(directory: DescribedLogDirectory): DescribeLogDirsResult {
  const { path: logDir, errorCode, totalBytes, usableBytes, isCordoned } = directory
  const topics = new Map<string, DescribeLogDirsPartition[]>()
  for (const { topic, partition: partitionIndex, sizeInBytes, offsetLag, isFuture } of directory.logs) {
    const partitions = topics.get(topic) ?? []
    partitions.push({ partitionIndex, partitionSize: sizeInBytes, offsetLag, isFutureKey: isFuture })
    topics.set(topic, partitions)
  }
  const described = [...topics].map(([name, partitions]) => ({ name, partitions }))
  return { errorCode, logDir, topics: described, totalBytes, usableBytes, isCordoned }
}
