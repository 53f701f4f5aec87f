/**
 * A rolling restart under load: every node is stopped as an operator stops it, started again, and the next one follows when
 * all replicas are in sync. A producer writes with acks=all, two members of a group read and commit; with the clients'
 * default retries none of them may see a failure.
 */
import { Cluster, type ClusterOptions } from '../support/cluster.ts'
import { checkTopic, differingReplicas } from './log-checks.ts'
import { ConsumerLoad, ProducerLoad } from './verifiable-load.ts'

const topic = 'rolling'
const partitions = 6
const recordsPerSecond = 400

export interface RestartReport {
  readonly node: number
  readonly wasActiveController: boolean
  readonly exitCode: number | null
  readonly stopMs: number
  /** Until the new process served clients. */
  readonly startMs: number
  readonly gapMs: number
  readonly partitionGapMs: number
}

export interface RollingReport {
  readonly acknowledged: number
  readonly commits: number
  readonly restarts: readonly RestartReport[]
  readonly longestGapMs: number
  readonly longestPollGapMs: number
  readonly failures: readonly string[]
}

export async function rollingRun(
  options: ClusterOptions,
  rounds: number,
  onRestart: (text: string) => void,
): Promise<RollingReport> {
  const cluster = await Cluster.start(options)
  const { bootstrap, directory } = cluster
  const clients: { kill(): void }[] = []
  try {
    await cluster.createTopic(topic, partitions)
    const producer = new ProducerLoad({ bootstrap, directory, topic, partitions, recordsPerSecond })
    clients.push(producer)
    const members = [1, 2].map(() => new ConsumerLoad({ bootstrap, topic, group: 'rolling-group' }))
    clients.push(...members)
    await producer.acknowledgedAfter(0)
    await Promise.all(members.map((member) => member.more(recordsPerSecond)))
    const restarts: RestartReport[] = []
    for (let round = 0; round < rounds; round++) {
      for (const id of cluster.nodes.keys()) {
        const report = await restart(cluster, id, producer)
        onRestart(JSON.stringify(report))
        restarts.push(report)
        await Promise.all(members.map((member) => member.more(recordsPerSecond / 4)))
      }
    }
    return await finish(cluster, producer, members, restarts)
  } catch (error) {
    throw new Error(`${(error as Error).stack}\nthe nodes said last:\n${cluster.lastWords()}`)
  } finally {
    for (const client of clients) client.kill()
    await cluster.dispose()
  }
}

async function restart(cluster: Cluster, id: number, producer: ProducerLoad): Promise<RestartReport> {
  const node = cluster.node(id)
  const active = await cluster.activeController()
  const fromMs = Date.now()
  const exitCode = await node.stop()
  const stopMs = Date.now() - fromMs
  const startMs = Math.round(await node.start())
  await cluster.awaitInSync(topic)
  await producer.acknowledgedAfter(Date.now())
  const gap = producer.longestGap(fromMs, Date.now())
  const wasActiveController = id === active
  return {
    node: id,
    wasActiveController,
    exitCode,
    stopMs,
    startMs,
    gapMs: gap.overallMs,
    partitionGapMs: gap.partitionMs,
  }
}

async function finish(
  cluster: Cluster,
  producer: ProducerLoad,
  members: readonly ConsumerLoad[],
  restarts: readonly RestartReport[],
): Promise<RollingReport> {
  await producer.stop()
  const ends = producer.acknowledged
  await Promise.all(members.map((member) => member.stop()))
  // What the two had not read when they went, a third reads where they committed.
  const last = new ConsumerLoad({ bootstrap: cluster.bootstrap, topic, group: 'rolling-group' })
  const all = [...members, last]
  try {
    await last.caughtUp(ends.filter(({ partition, offset }) => !isRead(members, partition, offset)))
    await last.stop()
  } finally {
    last.kill()
  }
  const failures = [
    ...all.flatMap((member) => member.failures),
    // A JVM ends a clean stop with the signal's code.
    ...restarts
      .filter(({ exitCode }) => exitCode !== 0 && exitCode !== 143)
      .map(({ node }) => `node ${node} did not end with 0`),
    ...(await checkTopic(cluster, producer, partitions, all)),
    ...(await differingReplicas(cluster, topic)),
  ]
  return {
    acknowledged: producer.acknowledged.length,
    commits: all.reduce((sum, { commits }) => sum + commits, 0),
    restarts,
    longestGapMs: Math.max(...restarts.map(({ partitionGapMs }) => partitionGapMs)),
    longestPollGapMs: Math.max(...members.map(({ longestPollGapMs }) => longestPollGapMs)),
    failures: failures.slice(0, 50),
  }
}

function isRead(members: readonly ConsumerLoad[], partition: number, offset: number): boolean {
  return members.some(({ committed }) => (committed.get(partition) ?? 0) > offset)
}
