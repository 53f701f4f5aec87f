/** What must hold of a topic's log after any fault: nothing lost, doubled or reordered, and the replicas are the same. */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { missing } from '../crash/crash-run.ts'
import { readTopic } from '../crash/load-client.ts'
import type { Cluster } from '../support/cluster.ts'
import type { ConsumerLoad, ProducerLoad } from './verifiable-load.ts'

/** One line for each broken promise. The load must have ended. */
export async function checkTopic(
  cluster: Cluster,
  load: ProducerLoad,
  partitions: number,
  consumers: readonly ConsumerLoad[] = [],
): Promise<string[]> {
  const failures = [...load.failures]
  const logs = await readTopic(cluster.bootstrap, load.topic, partitions)
  const numbers = new Set<number>()
  let highest = -1
  for (let partition = 0; partition < partitions; partition++) {
    const records = logs.get(partition) ?? []
    const own = load.acknowledged.filter((record) => record.partition === partition)
    const found = [...missing(records, own), ...outOfOrder(records), ...wronglyRead(records, partition, consumers)]
    failures.push(...found.map((failure) => `${load.topic}-${partition}: ${failure}`))
    for (const [, sequence] of records) {
      numbers.add(sequence)
      highest = Math.max(highest, sequence)
    }
  }
  for (let sequence = 0; sequence <= highest; sequence++)
    if (!numbers.has(sequence)) failures.push(`record ${sequence} is nowhere`)
  return failures
}

type Records = readonly (readonly [offset: number, sequence: number])[]

/** An idempotent producer's numbers rise in every partition: a repeated one is a double, a falling one out of order. */
export function outOfOrder(records: Records): string[] {
  const failures: string[] = []
  for (const [index, [offset, sequence]] of records.entries()) {
    const previous = records[index - 1]
    if (previous === undefined) continue
    if (offset !== previous[0] + 1) failures.push(`offset ${offset} follows ${previous[0]}`)
    if (sequence <= previous[1]) failures.push(`record ${sequence} at ${offset} follows record ${previous[1]}`)
  }
  return failures
}

/** What a member was given must be what the log has; all members together were given everything. */
function wronglyRead(records: Records, partition: number, consumers: readonly ConsumerLoad[]): string[] {
  if (consumers.length === 0) return []
  const sequences = new Map(records)
  const unread = new Map(records)
  const failures: string[] = []
  for (const consumer of consumers) {
    for (const [offset, sequence] of consumer.read.get(partition) ?? []) {
      unread.delete(offset)
      if (sequences.get(offset) !== sequence)
        failures.push(`a member was given ${sequence} at ${offset}, where ${sequences.get(offset)} is`)
    }
  }
  if (unread.size > 0) failures.push(`${unread.size} records were not given to the group, first ${[...unread][0]}`)
  return failures
}

/** Size and hash of a partition's segments on one broker, one after the other. */
function contentOf(directory: string): string {
  const hash = createHash('sha256')
  const chunk = Buffer.allocUnsafe(1024 * 1024)
  let size = 0
  const names = readdirSync(directory).filter((name) => name.endsWith('.log'))
  for (const name of names.sort()) {
    const file = openSync(join(directory, name), 'r')
    for (let count = readSync(file, chunk); count > 0; count = readSync(file, chunk)) {
      hash.update(chunk.subarray(0, count))
      size += count
    }
    closeSync(file)
  }
  return `${size} bytes, sha256 ${hash.digest('hex').slice(0, 16)}`
}

/**
 * Replicas whose bytes differ from the leader's, and do not come to be the same. Nobody may write, and all replicas must be
 * in sync: a follower that has come back is so from the high watermark on, and fetches what is beyond it.
 */
export async function differingReplicas(cluster: Cluster, topic: string): Promise<string[]> {
  let failures: string[] = []
  const areTheSame = async (): Promise<boolean> => {
    failures = await differencesNow(cluster, topic)
    return failures.length === 0
  }
  await cluster.until(`the same bytes of ${topic}`, areTheSame, 30_000).catch((error: Error) => {
    if (failures.length === 0) throw error
  })
  return failures
}

async function differencesNow(cluster: Cluster, topic: string): Promise<string[]> {
  const failures: string[] = []
  const partitions = await cluster.awaitInSync(topic)
  const content = (broker: number, partition: number) =>
    contentOf(cluster.node(broker).partitionDirectory(`${topic}-${partition}`))
  for (const { partition, leader, replicas } of partitions) {
    const expected = content(leader, partition)
    for (const replica of replicas) {
      const found = content(replica, partition)
      if (found !== expected)
        failures.push(`${topic}-${partition}: ${replica} has ${found}, the leader ${leader} ${expected}`)
    }
  }
  return failures
}
