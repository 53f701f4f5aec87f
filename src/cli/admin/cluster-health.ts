/**
 * `ottla cluster health`: whether a broker answers and leads its partitions, for the health checks of containers. It
 * asks for the metadata alone and gives up soon; main.ts runs it without yargs.
 */
import type { Endpoint } from '../../client/connection.ts'
import { KafkaClient, parseBootstrap } from '../../client/kafka-client.ts'
import type { MetadataResponse } from '../../protocol/api/03-metadata.ts'
import { ownBootstrap } from '../environment.ts'
import { OperatorError } from '../operator-error.ts'
import { exitCodes } from '../start.ts'
import type { ToolStreams } from '../tools/tool.ts'
import { type OutputFormat, printJson } from './admin-output.ts'

export interface HealthOptions {
  readonly bootstrap: string
  readonly timeoutMs: number
  readonly format: OutputFormat
  /** Look at the whole cluster, not at the broker that is asked. */
  readonly isWhole?: boolean | undefined
}

export const healthTimeoutMs = 1000

export interface Health {
  readonly isHealthy: boolean
  /** One line that says why. */
  readonly reason: string
  readonly partitionCount: number
  readonly leaderlessCount: number
}

/** Resolves with the exit code: 0 when it is healthy. */
export async function clusterHealth(options: HealthOptions, { output, errors }: ToolStreams): Promise<number> {
  const health = await check(options)
  if (options.format === 'json') printJson(output, health)
  else (health.isHealthy ? output : errors).write(`${health.reason}\n`)
  return health.isHealthy ? exitCodes.stopped : exitCodes.failed
}

async function check({ bootstrap, timeoutMs, isWhole }: HealthOptions): Promise<Health> {
  const endpoints = parseBootstrap(bootstrap)
  if (endpoints === undefined) throw new OperatorError(`--bootstrap-server ${bootstrap}: write it as host:port`)
  const limits = { requestTimeoutMs: timeoutMs, bootstrapTimeoutMs: timeoutMs, operationTimeoutMs: timeoutMs }
  const client = new KafkaClient({ bootstrap: endpoints, clientId: 'ottla-health', ...limits })
  try {
    if (isWhole) return await (await import('./whole-cluster-health.ts')).checkCluster(client)
    const answer = await client.loadTopics(null)
    const fenced = isNamed(answer.brokers, endpoints) ? undefined : await fencedBroker(client, endpoints)
    if (fenced === undefined) return judge(answer, endpoints)
    return unhealthy(`broker ${fenced.nodeId} is fenced: the controller does not hear from it`)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return unhealthy(reason)
  } finally {
    client.close()
  }
}

function unhealthy(reason: string): Health {
  return { isHealthy: false, reason: `unhealthy: ${reason}`, partitionCount: 0, leaderlessCount: 0 }
}

function isNamed(brokers: readonly Endpoint[], endpoints: readonly Endpoint[]): boolean {
  return brokers.some(({ host, port }) => endpoints.some((each) => each.host === host && each.port === port))
}

/** A broker that answers and is not in the metadata may be fenced; also when it is known by another address. */
async function fencedBroker(client: KafkaClient, endpoints: readonly Endpoint[]) {
  const { allNodes } = await import('./whole-cluster-health.ts')
  const nodes = await allNodes(client).catch(() => [])
  return nodes.find((node) => node.isFenced && isNamed([node], endpoints))
}

/** Looks at the partitions of the broker that was asked; of all brokers where it is not known which one that is. */
export function judge({ brokers, topics }: MetadataResponse, endpoints: readonly Endpoint[]): Health {
  const asked = brokers.find(({ host, port }) => endpoints.some((each) => each.host === host && each.port === port))
  const own = brokers.length === 1 ? brokers[0] : asked
  const partitions = topics.flatMap(({ name, partitions: each }) => each.map((partition) => ({ name, partition })))
  const concerned = partitions.filter(
    ({ partition }) => own === undefined || partition.replicaNodes.includes(own.nodeId),
  )
  const leaderless = concerned.filter(
    ({ partition }) => partition.leaderId < 0 || (own !== undefined && partition.offlineReplicas.includes(own.nodeId)),
  )
  const counts = { partitionCount: concerned.length, leaderlessCount: leaderless.length }
  if (brokers.length === 0) return { isHealthy: false, reason: 'unhealthy: no broker is registered', ...counts }
  const [first] = leaderless
  if (first === undefined) return { isHealthy: true, reason: `healthy: ${concerned.length} partitions`, ...counts }
  const names = `${first.name}-${first.partition.partitionIndex}${leaderless.length > 1 ? ' and others' : ''}`
  return {
    isHealthy: false,
    reason: `unhealthy: ${leaderless.length} of ${concerned.length} partitions are offline or have no leader: ${names}`,
    ...counts,
  }
}

/** The options of plain words; undefined where yargs must look. `words` is what follows `cluster health`. */
export function parseHealthArguments(words: readonly string[]): HealthOptions | undefined {
  let bootstrap = ownBootstrap(process.env)
  let timeoutMs = healthTimeoutMs
  let format: OutputFormat = 'text'
  let isWhole: boolean | undefined
  for (let index = 0; index < words.length; index += 2) {
    const [word, value] = [words[index]!, words[index + 1]]
    if (word === '--cluster') {
      isWhole = true
      index--
      continue
    }
    if (value === undefined || value.startsWith('-')) return undefined
    if (word === '--bootstrap-server' || word === '--brokers' || word === '-b') bootstrap = value
    else if (word === '--timeout' && /^\d{1,6}$/.test(value)) timeoutMs = Number(value)
    else if (word === '--format' && (value === 'json' || value === 'text')) format = value
    else return undefined
  }
  return { bootstrap, timeoutMs, format, isWhole }
}
