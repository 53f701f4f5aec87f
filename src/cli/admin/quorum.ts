/** `ottla quorum`: who keeps the metadata, how far each is, and who is to vote. */
import type { Writable } from 'node:stream'
import { addVoter, describeQuorum, type QuorumReplica, removeVoter } from '../../client/admin-cluster.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { OperatorError } from '../operator-error.ts'
import { exitCodes } from '../start.ts'
import { readController } from '../tools/new-controller.ts'
import { createClient, readProperties, withClient } from '../tools/tool-client.ts'
import type { ClusterOptions } from './admin-client.ts'
import { type OutputFormat, printJson, printTable } from './admin-output.ts'

export interface QuorumOptions extends ClusterOptions {
  readonly format: OutputFormat
  /** host:port,... of controllers, which are asked instead of brokers. */
  readonly controllers?: string | undefined
}

function withQuorum<T>(options: QuorumOptions, use: (client: KafkaClient) => Promise<T>): Promise<T> {
  const { bootstrap, controllers, settingsFile } = options
  const properties = readProperties(settingsFile)
  const isAskingControllers = controllers !== undefined
  return withClient(createClient(controllers ?? bootstrap, properties, 'ottla-admin', isAskingControllers), use)
}

/** `isDetailed`: directories and times of fetches too. */
export function quorumStatus(options: QuorumOptions, output: Writable, isDetailed = false): Promise<number> {
  return withQuorum(options, async (client) => {
    const quorum = await describeQuorum(client)
    if (options.format === 'json') {
      printJson(output, quorum)
      return exitCodes.stopped
    }
    const { leaderId, leaderEpoch, highWatermark, voters, observers } = quorum
    const end = voters.find(({ id }) => id === leaderId)?.logEndOffset
    output.write(`leader ${leaderId}, epoch ${leaderEpoch}, high watermark ${highWatermark}\n\n`)
    const rowOf = (replica: QuorumReplica, role: string) => [
      replica.id,
      replica.id === leaderId ? 'leader' : role,
      replica.logEndOffset,
      end === undefined ? undefined : end - replica.logEndOffset,
      ...(isDetailed ? [timeText(replica.lastFetchTimestamp)] : []),
      timeText(replica.lastCaughtUpTimestamp),
      ...(isDetailed ? [replica.directoryId] : []),
      replica.endpoints.join(' ') || undefined,
    ]
    printTable(
      output,
      [
        ...['NODE', 'ROLE', 'END OFFSET', 'LAG'],
        ...(isDetailed ? ['FETCHED', 'CAUGHT UP', 'DIRECTORY'] : ['CAUGHT UP']),
        'ADDRESS',
      ],
      [...voters.map((each) => rowOf(each, 'voter')), ...observers.map((each) => rowOf(each, 'observer'))],
    )
    return exitCodes.stopped
  })
}

function timeText(timestamp: number): string | undefined {
  return timestamp < 0 ? undefined : new Date(timestamp).toISOString()
}

export interface AddVoterOptions extends QuorumOptions {
  /** The properties file of the new controller, whose directories are formatted. */
  readonly properties: string
  readonly dryRun: boolean
}

export function quorumAddVoter(options: AddVoterOptions, output: Writable): Promise<number> {
  const controller = readController(options.properties)
  const { id, directoryId, listeners } = controller
  return withQuorum(options, async (client) => {
    const addresses = listeners.map(({ name, host, port }) => `${name}://${host}:${port}`).join(' ')
    if (!options.dryRun) await addVoter(client, controller, listeners)
    output.write(`${options.dryRun ? 'would add' : 'added'} voter ${id}, directory ${directoryId}, at ${addresses}\n`)
    return exitCodes.stopped
  })
}

export interface RemoveVoterOptions extends QuorumOptions {
  readonly id: number
  /** Found out where it is missing. */
  readonly directoryId: string | undefined
  readonly dryRun: boolean
}

export function quorumRemoveVoter(options: RemoveVoterOptions, output: Writable): Promise<number> {
  const { id } = options
  return withQuorum(options, async (client) => {
    const directoryId = options.directoryId ?? (await directoryOf(client, id))
    if (!options.dryRun) await removeVoter(client, { id, directoryId })
    output.write(`${options.dryRun ? 'would remove' : 'removed'} voter ${id}, directory ${directoryId}\n`)
    return exitCodes.stopped
  })
}

async function directoryOf(client: KafkaClient, id: number): Promise<string> {
  const found = (await describeQuorum(client)).voters.filter((voter) => voter.id === id)
  if (found.length === 0) throw new OperatorError(`node ${id} is no voter`)
  if (found.length > 1)
    throw new OperatorError(`node ${id} votes from several directories: name one with --directory-id`)
  return found[0]!.directoryId
}
