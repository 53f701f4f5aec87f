/** kafka-cluster: the cluster's id, where its nodes are, and the end of a broker that will not come back. */
import { type ClusterNode, describeCluster, unregisterBroker } from '../../client/admin-cluster.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { OperatorError } from '../operator-error.ts'
import { javaException } from './java-exception.ts'
import { defineTool, printLine, type ToolStreams } from './tool.ts'
import { type ToolArguments, ToolUsageError } from './tool-arguments.ts'
import { clientOrControllerOf, withClient } from './tool-client.ts'

const flags = {
  'bootstrap-server': { aliases: ['b'], value: 'host:port,...', describe: 'The brokers to connect to first.' },
  'bootstrap-controller': { aliases: ['C'], value: 'host:port,...', describe: 'The controllers to connect to first.' },
  'command-config': { aliases: ['c'], value: 'file', describe: 'A properties file with settings of the client.' },
  config: { value: 'file', describe: 'The older name of --command-config.' },
  id: { aliases: ['i'], value: 'id', describe: 'unregister: the id of the broker.' },
  'include-fenced-brokers': { describe: 'list-endpoints: fenced brokers too.' },
} as const
type ClusterArguments = ToolArguments<keyof typeof flags>

const commands = ['cluster-id', 'unregister', 'list-endpoints'] as const

export const clusterTool = defineTool({
  summary: `kafka-cluster ${commands.join(' | ')}: the cluster's id, its nodes, the end of a broker.`,
  flags,
  async run(given: ClusterArguments, streams) {
    const command = checkArguments(given, streams)
    await withClient(clientOrControllerOf(settingsOf(given)), async (client) => {
      if (command === 'cluster-id') {
        const { clusterId } = await describe(client, given)
        printLine(streams.output, `Cluster ID: ${clusterId}`)
      } else if (command === 'unregister') {
        const id = given.integer('id')!
        await unregisterBroker(client, id)
        printLine(streams.output, `Broker ${id} is no longer registered.`)
      } else await listEndpoints(client, given, streams)
    })
    return undefined
  },
  explain(_, { errors }, __, error) {
    printLine(errors, javaException(error))
  },
})

function describe(client: KafkaClient, given: ClusterArguments) {
  const endpointType = given.has('bootstrap-controller') ? 2 : 1
  return describeCluster(client, { endpointType, includesFenced: given.has('include-fenced-brokers') })
}

/** --config stands for --command-config. */
function settingsOf(given: ClusterArguments) {
  const names = { 'bootstrap-server': true, 'bootstrap-controller': true }
  return {
    has: (name: 'bootstrap-controller') => given.has(name),
    text: (name: 'bootstrap-server' | 'bootstrap-controller' | 'command-config') =>
      name in names ? given.text(name) : (given.text('command-config') ?? given.text('config')),
  }
}

function checkArguments(given: ClusterArguments, { output }: ToolStreams): (typeof commands)[number] {
  const [word, ...more] = given.words
  if (word === undefined) throw new ToolUsageError('kafka-cluster: error: too few arguments')
  const command = commands.find((each) => each === word)
  const choices = commands.map((each) => `'${each}'`).join(', ')
  if (command === undefined)
    throw new ToolUsageError(`kafka-cluster: error: invalid choice: '${word}' (choose from ${choices})`)
  const unknown = [
    ...more,
    ...(command === 'unregister' || !given.has('id') ? [] : ['--id']),
    ...(command === 'list-endpoints' || !given.has('include-fenced-brokers') ? [] : ['--include-fenced-brokers']),
  ]
  if (unknown.length > 0)
    throw new ToolUsageError(`kafka-cluster: error: unrecognized arguments: '${unknown.join(' ')}'`)
  const servers = [given.has('bootstrap-server'), given.has('bootstrap-controller')].filter(Boolean).length
  if (servers === 0)
    throw new ToolUsageError(
      'kafka-cluster: error: one of the arguments --bootstrap-server/-b --bootstrap-controller/-C is required',
    )
  if (servers === 2)
    throw new ToolUsageError(
      'kafka-cluster: error: argument --bootstrap-controller/-C: not allowed with argument --bootstrap-server/-b',
    )
  if (command === 'unregister' && given.integer('id') === undefined)
    throw new ToolUsageError('kafka-cluster: error: argument --id/-i is required')
  if (given.has('config')) {
    if (given.has('command-config'))
      throw new OperatorError('--config and --command-config cannot be specified together.')
    printLine(
      output,
      'Option --config has been deprecated and will be removed in a future version. Use --command-config instead.',
    )
  }
  return command
}

async function listEndpoints(client: KafkaClient, given: ClusterArguments, { output }: ToolStreams): Promise<void> {
  const isOfControllers = given.has('bootstrap-controller')
  if (isOfControllers && given.has('include-fenced-brokers'))
    throw new OperatorError('The option --include-fenced-brokers is only supported with --bootstrap-server option')
  const { nodes } = await describe(client, given)
  const hostWidth = Math.max(...nodes.map(({ host }) => host.length))
  const rackWidth = Math.max(10, ...nodes.map(({ rack }) => rack?.length ?? 0))
  const line = (id: string, host: string, port: string, rack: string, state: string, type: string): string =>
    [
      id.padEnd(10),
      host.padEnd(hostWidth),
      port.padEnd(10),
      rack.padEnd(rackWidth),
      ...(isOfControllers ? [] : [state.padEnd(10)]),
      type.padEnd(15),
    ].join(' ')
  const stateOf = ({ isFenced }: ClusterNode): string => (isFenced ? 'fenced' : 'unfenced')
  printLine(output, line('ID', 'HOST', 'PORT', 'RACK', 'STATE', 'ENDPOINT_TYPE'))
  for (const node of nodes)
    printLine(
      output,
      line(
        `${node.nodeId}`,
        node.host,
        `${node.port}`,
        node.rack ?? 'null',
        stateOf(node),
        isOfControllers ? 'controller' : 'broker',
      ),
    )
}
