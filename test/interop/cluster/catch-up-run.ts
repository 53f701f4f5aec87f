/**
 * A follower that was away while its leaders took many bytes: it is started again, and comes back into the in-sync replicas
 * while the leaders go on serving a load with acks=all.
 */
import { Cluster, combinedNodes } from '../support/cluster.ts'
import { javaTool } from '../support/run-tool.ts'
import { checkTopic, differingReplicas } from './log-checks.ts'
import { type Gap, ProducerLoad } from './verifiable-load.ts'

const missed = 'missed'
const served = 'served'
const partitions = 3
const recordBytes = 10_000

export interface CatchUpReport {
  readonly bytes: number
  readonly writeSeconds: number
  /** From the start of the process until it was in sync in every partition. */
  readonly catchUpSeconds: number
  readonly megabytesPerSecond: number
  /** In the load beside it, meanwhile. */
  readonly gap: Gap
  readonly failures: readonly string[]
}

export async function catchUpRun(bytes: number): Promise<CatchUpReport> {
  const cluster = await Cluster.start({ nodes: combinedNodes(3) })
  const { bootstrap, directory } = cluster
  let producer: ProducerLoad | undefined
  try {
    await cluster.createTopic(missed, partitions)
    await cluster.createTopic(served, partitions)
    producer = new ProducerLoad({ bootstrap, directory, topic: served, partitions, recordsPerSecond: 200 })
    await producer.acknowledgedAfter(0)
    const away = cluster.node(3)
    await away.stop()
    const writeStartMs = Date.now()
    await javaTool('org.apache.kafka.tools.ProducerPerformance', [
      ...['--bootstrap-server', bootstrap, '--topic', missed, '--throughput', '-1'],
      ...['--num-records', String(Math.ceil(bytes / recordBytes)), '--record-size', String(recordBytes)],
    ])
    const writeSeconds = (Date.now() - writeStartMs) / 1000
    const startMs = Date.now()
    await away.start()
    await cluster.awaitInSync(missed, 600_000)
    await cluster.awaitInSync(served)
    const endMs = Date.now()
    const catchUpSeconds = (endMs - startMs) / 1000
    await producer.acknowledgedAfter(endMs)
    const gap = producer.longestGap(startMs, endMs)
    await producer.stop()
    const failures = [
      ...(await checkTopic(cluster, producer, partitions)),
      ...(await differingReplicas(cluster, missed)),
      ...(await differingReplicas(cluster, served)),
    ]
    const megabytesPerSecond = Math.round(bytes / 1e6 / catchUpSeconds)
    return { bytes, writeSeconds, catchUpSeconds, megabytesPerSecond, gap, failures }
  } catch (error) {
    throw new Error(`${(error as Error).stack}\nthe nodes said last:\n${cluster.lastWords()}`)
  } finally {
    producer?.kill()
    await cluster.dispose()
  }
}
