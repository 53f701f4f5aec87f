/** Replicas and the log directories in which they lie: where each is, and moves between directories of a broker. */
import { alterReplicaLogDirsRequest, alterReplicaLogDirsResponse } from '../protocol/api/34-alter-replica-log-dirs.ts'
import type { KafkaError } from '../protocol/errors.ts'
import { describeLogDirs } from './admin-cluster.ts'
import { adminError } from './admin-error.ts'
import { groupBy } from './group-by.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { PartitionName } from './list-offsets.ts'

export interface ReplicaName extends PartitionName {
  readonly brokerId: number
}

export interface ReplicaPlace extends ReplicaName {
  /** undefined: in no directory that is online. */
  readonly path: string | undefined
  /** Where it is moving to. */
  readonly futurePath: string | undefined
  /** Bytes of the log where it is, and of the copy where it goes. */
  readonly size: number
  readonly futureSize: number
}

export interface WantedPlace extends ReplicaName {
  readonly path: string
}

export interface ReplicaOutcome extends WantedPlace {
  readonly error: KafkaError | undefined
}

const alterExchange = { request: alterReplicaLogDirsRequest, response: alterReplicaLogDirsResponse }

/** Where `replicas` lie, in their order. Brokers that do not answer reject with ConnectionError. */
export async function replicaPlaces(client: KafkaClient, replicas: readonly ReplicaName[]): Promise<ReplicaPlace[]> {
  const places = new Map<string, { path?: string; futurePath?: string; size: number; futureSize: number }>()
  await Promise.all(
    [...new Set(replicas.map(({ brokerId }) => brokerId))].map(async (brokerId) => {
      for (const { path, errorCode, partitions } of await describeLogDirs(client, brokerId)) {
        if (errorCode !== 0) continue
        for (const { topic, partition, isFuture, size } of partitions) {
          const key = `${brokerId} ${topic}/${partition}`
          const place = places.get(key) ?? { size: 0, futureSize: 0 }
          if (isFuture) Object.assign(place, { futurePath: path, futureSize: size })
          else Object.assign(place, { path, size })
          places.set(key, place)
        }
      }
    }),
  )
  return replicas.map(({ topic, partition, brokerId }) => {
    const { path, futurePath, size = 0, futureSize = 0 } = places.get(`${brokerId} ${topic}/${partition}`) ?? {}
    return { topic, partition, brokerId, path, futurePath, size, futureSize }
  })
}

/** Moves replicas to directories of their brokers. Each has an outcome; REPLICA_NOT_AVAILABLE: it is not there yet. */
export async function alterReplicaLogDirs(
  client: KafkaClient,
  wanted: readonly WantedPlace[],
): Promise<ReplicaOutcome[]> {
  const errors = new Map<string, KafkaError>()
  await Promise.all(
    [...groupBy(wanted, ({ brokerId }) => brokerId)].map(async ([brokerId, moves]) => {
      const dirs = [...groupBy(moves, ({ path }) => path)].map(([path, each]) => ({
        path,
        topics: [...groupBy(each, ({ topic }) => topic)].map(([name, one]) => ({
          name,
          partitions: one.map(({ partition }) => partition),
        })),
      }))
      const answer = await client.ask(alterExchange, { dirs }, { nodeId: brokerId })
      for (const { topicName, partitions } of answer.results)
        for (const { partitionIndex, errorCode } of partitions)
          if (errorCode !== 0) errors.set(`${brokerId} ${topicName}/${partitionIndex}`, adminError(errorCode))
    }),
  )
  return wanted.map((each) => ({ ...each, error: errors.get(`${each.brokerId} ${each.topic}/${each.partition}`) }))
}
