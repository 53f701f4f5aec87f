/**
 * The throttles of a reassignment: which replicas send and take at a limited speed (settings of topics), and how fast
 * (settings of brokers). They stay until somebody takes them away, which verifying and cancelling do.
 */
import { alterConfigs, type ConfigChange, resourceTypes } from '../../client/admin-configs.ts'
import type { Reassignment } from '../../client/admin-reassignments.ts'
import { groupBy } from '../../client/group-by.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import type { PartitionName } from '../../client/list-offsets.ts'

const leaderRate = 'leader.replication.throttled.rate'
const followerRate = 'follower.replication.throttled.rate'
const moveRate = 'replica.alter.log.dirs.io.max.bytes.per.second'
const leaderReplicas = 'leader.replication.throttled.replicas'
const followerReplicas = 'follower.replication.throttled.replicas'

/** From where to where a partition's data goes. */
export interface Move extends PartitionName {
  readonly sources: readonly number[]
  readonly destinations: readonly number[]
}

/** What is under way, and what `wanted` adds: where a partition already moves, its sources stay those of that move. */
export function movesOf(
  ongoing: readonly (PartitionName & Reassignment)[],
  wanted: readonly (PartitionName & { readonly replicas: readonly number[] })[],
  replicasOf: (partition: PartitionName) => readonly number[],
): Move[] {
  const moves = new Map<string, Move>()
  const keyOf = ({ topic, partition }: PartitionName): string => `${topic}/${partition}`
  for (const { topic, partition, replicas, adding } of ongoing) {
    const sources = replicas.filter((id) => !adding.includes(id))
    moves.set(keyOf({ topic, partition }), { topic, partition, sources, destinations: adding })
  }
  for (const each of wanted) {
    const { topic, partition, replicas } = each
    const sources = moves.get(keyOf(each))?.sources ?? replicasOf(each)
    const destinations = replicas.filter((id) => !sources.includes(id))
    moves.set(keyOf(each), { topic, partition, sources, destinations })
  }
  return [...moves.values()]
}

/** `partition:broker,...`, in the order of the texts. */
export function throttledReplicas(moves: readonly Move[], side: 'sources' | 'destinations'): string {
  const texts = moves.flatMap((move) => move[side].map((id) => `${move.partition}:${id}`))
  return [...new Set(texts)].sort().join(',')
}

/** The brokers that send or take. */
export function movingBrokers(moves: readonly Move[]): number[] {
  const ids = new Set(moves.flatMap(({ sources, destinations }) => [...sources, ...destinations]))
  return [...ids].sort((left, right) => left - right)
}

/** Limits what goes between brokers to `rate` bytes a second. */
export async function throttleMoves(client: KafkaClient, moves: readonly Move[], rate: bigint): Promise<void> {
  for (const [topic, each] of groupBy(moves, ({ topic: name }) => name))
    await alterConfigs(client, { type: resourceTypes.topic, name: topic }, [
      set(leaderReplicas, throttledReplicas(each, 'sources')),
      set(followerReplicas, throttledReplicas(each, 'destinations')),
    ])
  await throttleBrokers(client, movingBrokers(moves), [set(leaderRate, `${rate}`), set(followerRate, `${rate}`)])
}

/** Limits what goes between directories of a broker. */
export function throttleDirectories(client: KafkaClient, brokers: readonly number[], rate: bigint): Promise<void> {
  return throttleBrokers(client, brokers, [set(moveRate, `${rate}`)])
}

export function clearBrokerThrottles(client: KafkaClient, brokers: readonly number[]): Promise<void> {
  return throttleBrokers(client, brokers, [leaderRate, followerRate, moveRate].map(unset))
}

export async function clearTopicThrottles(client: KafkaClient, topics: readonly string[]): Promise<void> {
  for (const name of topics)
    await alterConfigs(client, { type: resourceTypes.topic, name }, [leaderReplicas, followerReplicas].map(unset))
}

async function throttleBrokers(
  client: KafkaClient,
  brokers: readonly number[],
  changes: readonly ConfigChange[],
): Promise<void> {
  for (const id of brokers) await alterConfigs(client, { type: resourceTypes.broker, name: `${id}` }, changes)
}

function set(name: string, value: string): ConfigChange {
  return { name, operation: 'set', value }
}

function unset(name: string): ConfigChange {
  return { name, operation: 'delete', value: null }
}
