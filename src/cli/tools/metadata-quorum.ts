/** kafka-metadata-quorum: who votes on the cluster's metadata and how far each is; removes and adds controllers. */
import { zeroUuid } from '../../base/uuid.ts'
import {
  addVoter,
  describeCluster,
  describeQuorum,
  type QuorumReplica,
  removeVoter,
} from '../../client/admin-cluster.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { OperatorError } from '../operator-error.ts'
import { javaException } from './java-exception.ts'
import { type NewController, readController } from './new-controller.ts'
import { defineTool, printLine, type ToolStreams } from './tool.ts'
import { type ToolArguments, ToolUsageError } from './tool-arguments.ts'
import { clientOrControllerOf, withClient } from './tool-client.ts'

const flags = {
  'bootstrap-server': { value: 'host:port,...', describe: 'The brokers to connect to first.' },
  'bootstrap-controller': { value: 'host:port,...', describe: 'The controllers to connect to first.' },
  'command-config': {
    value: 'file',
    describe: 'A properties file with settings of the client; add-controller: that of the new controller.',
  },
  status: { describe: 'describe: the quorum in short.' },
  replication: { describe: 'describe: a line for each node.' },
  'human-readable': { describe: 'With --replication: how long ago, instead of times.' },
  'dry-run': { describe: 'add-controller, remove-controller: only say what would be done.' },
  'controller-id': { aliases: ['i'], value: 'id', describe: 'remove-controller: the id of the controller.' },
  'controller-directory-id': { aliases: ['d'], value: 'id', describe: 'remove-controller: the id of its directory.' },
} as const
type QuorumArguments = ToolArguments<keyof typeof flags>

const commands = ['describe', 'add-controller', 'remove-controller'] as const

export const metadataQuorumTool = defineTool({
  summary: `kafka-metadata-quorum ${commands.join(' | ')}: the quorum that keeps the cluster's metadata.`,
  flags,
  async run(given: QuorumArguments, streams) {
    const command = checkArguments(given)
    await withClient(clientOrControllerOf(given), async (client) => {
      if (command === 'remove-controller') await remove(client, given, streams)
      else if (command === 'add-controller') await add(client, given, streams)
      else if (given.has('status')) printLine(streams.output, await statusText(client, given))
      else await printReplication(client, given.has('human-readable'), streams)
    })
    return undefined
  },
  explain(_, { errors }, __, error) {
    printLine(errors, javaException(error))
  },
})

function checkArguments(given: QuorumArguments): (typeof commands)[number] {
  const [word, ...more] = given.words
  if (word === undefined) throw new ToolUsageError('kafka-metadata-quorum: error: too few arguments')
  const command = commands.find((each) => each === word)
  if (command === undefined)
    throw new ToolUsageError(
      `kafka-metadata-quorum: error: invalid choice: '${word}' (choose from ${commands.map((each) => `'${each}'`).join(', ')})`,
    )
  if (more.length > 0)
    throw new ToolUsageError(`kafka-metadata-quorum: error: unrecognized arguments: '${more.join(' ')}'`)
  if (given.has('bootstrap-server') === given.has('bootstrap-controller'))
    throw new ToolUsageError(
      'kafka-metadata-quorum: error: one of the arguments --bootstrap-server --bootstrap-controller is required',
    )
  if (command === 'describe') checkDescribe(given)
  if (command === 'remove-controller') {
    for (const flag of ['controller-id', 'controller-directory-id'] as const)
      if (!given.has(flag)) throw new ToolUsageError(`kafka-metadata-quorum: error: argument --${flag} is required`)
  }
  return command
}

function checkDescribe(given: QuorumArguments): void {
  if (given.has('status') && given.has('replication'))
    throw new OperatorError('Only one of --status or --replication should be specified with describe sub-command')
  if (given.has('human-readable') && !given.has('replication'))
    throw new OperatorError('The option --human-readable is only supported along with --replication')
  if (!given.has('status') && !given.has('replication'))
    throw new OperatorError('One of --status or --replication must be specified with describe sub-command')
}

async function statusText(client: KafkaClient, given: QuorumArguments): Promise<string> {
  const { clusterId } = await describeCluster(client, { endpointType: given.has('bootstrap-controller') ? 2 : 1 })
  const quorum = await describeQuorum(client)
  const leader = quorum.voters.find(({ id }) => id === quorum.leaderId)
  if (leader === undefined) throw new OperatorError(`the leader ${quorum.leaderId} is no voter`)
  const slowest = quorum.voters.reduce((least, each) => (each.logEndOffset < least.logEndOffset ? each : least))
  const isKnown = leader.lastCaughtUpTimestamp >= 0 && slowest.lastCaughtUpTimestamp >= 0
  const lagMs = slowest === leader ? 0 : isKnown ? leader.lastCaughtUpTimestamp - slowest.lastCaughtUpTimestamp : -1
  const rows = [
    ['ClusterId', clusterId],
    ['LeaderId', quorum.leaderId],
    ['LeaderEpoch', quorum.leaderEpoch],
    ['HighWatermark', quorum.highWatermark],
    ['MaxFollowerLag', leader.logEndOffset - slowest.logEndOffset],
    ['MaxFollowerLagTimeMs', lagMs],
    ['CurrentVoters', `[${quorum.voters.map(replicaText).join(', ')}]`],
    ['CurrentObservers', `[${quorum.observers.map(replicaText).join(', ')}]`],
  ]
  return rows.map(([name, value]) => `${`${name}:`.padEnd(24)}${value}`).join('\n')
}

function replicaText({ id, directoryId, endpoints }: QuorumReplica): string {
  const parts = [
    `"id": ${id}`,
    ...(directoryId === zeroUuid ? [] : [`"directoryId": "${directoryId}"`]),
    ...(endpoints.length === 0 ? [] : [`"endpoints": [${endpoints.map((each) => `"${each}"`).join(', ')}]`]),
  ]
  return `{${parts.join(', ')}}`
}

async function printReplication(client: KafkaClient, isForPeople: boolean, { output }: ToolStreams): Promise<void> {
  const { leaderId, voters, observers } = await describeQuorum(client)
  const leader = voters.find(({ id }) => id === leaderId)
  if (leader === undefined) throw new OperatorError(`the leader ${leaderId} is no voter`)
  const now = Date.now()
  const time = (timestamp: number): string => {
    if (timestamp < 0) return '-1'
    return isForPeople ? `${Math.max(0, now - timestamp)} ms ago` : `${timestamp}`
  }
  const rowOf = (replica: QuorumReplica, status: string): string[] => [
    `${replica.id}`,
    replica.directoryId,
    `${replica.logEndOffset}`,
    `${leader.logEndOffset - replica.logEndOffset}`,
    time(replica.lastFetchTimestamp),
    time(replica.lastCaughtUpTimestamp),
    status,
  ]
  const rows = [
    ['NodeId', 'DirectoryId', 'LogEndOffset', 'Lag', 'LastFetchTimestamp', 'LastCaughtUpTimestamp', 'Status'],
    rowOf(leader, 'Leader'),
    ...voters.filter((voter) => voter !== leader).map((voter) => rowOf(voter, 'Follower')),
    ...observers.map((observer) => rowOf(observer, 'Observer')),
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  for (const row of rows) printLine(output, row.map((cell, column) => `${cell.padEnd(widths[column]!)}\t`).join(''))
}

async function remove(client: KafkaClient, given: QuorumArguments, { output }: ToolStreams): Promise<void> {
  const id = given.integer('controller-id')!
  const directoryId = given.text('controller-directory-id')!
  if (id < 0) throw new OperatorError(`Invalid negative --controller-id: ${id}`)
  if (Buffer.from(directoryId, 'base64url').length !== 16)
    throw new OperatorError(`Failed to parse --controller-directory-id: ${directoryId}`)
  if (!given.has('dry-run')) await removeVoter(client, { id, directoryId })
  const done = given.has('dry-run') ? 'DRY RUN of removing ' : 'Removed'
  printLine(output, `${done} KRaft controller ${id} with directory id ${directoryId}`)
}

async function add(client: KafkaClient, given: QuorumArguments, { output }: ToolStreams): Promise<void> {
  const file = given.text('command-config')
  if (file === undefined)
    throw new OperatorError(
      'You must supply the configuration file of the controller you are adding when using add-controller.',
    )
  const controller: NewController = readController(file)
  if (!given.has('dry-run')) await addVoter(client, controller, controller.listeners)
  const endpoints = controller.listeners.map(({ name, host, port }) => `${name}://${host}:${port}`).join(', ')
  const done = given.has('dry-run') ? 'DRY RUN of adding' : 'Added'
  printLine(
    output,
    `${done} controller ${controller.id} with directory id ${controller.directoryId} and endpoints: ${endpoints}`,
  )
}
