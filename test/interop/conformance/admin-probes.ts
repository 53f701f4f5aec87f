/** ApiVersions, topics and configurations: what the admin APIs accept, refuse and describe. */

import type { Answer, Probe, Prober } from './prober.ts'
import { createTopic, unknownTopicId } from './produce-probes.ts'

const brokerType = 4
const topicType = 2
const brokerLoggerType = 8

const versions: Probe = {
  name: 'api-versions',
  async run(prober) {
    const software = { clientSoftwareName: 'probe', clientSoftwareVersion: '1.0' }
    for (const [name, version] of [
      ['', '1'],
      ['a b', '1'],
      ['-a', '1'],
      ['a-', '1'],
      ['a', ''],
      ['a', '1 0'],
      ['a.b-c', '1'],
    ]) {
      const fields = { clientSoftwareName: name, clientSoftwareVersion: version }
      const answer = await prober.ask('ApiVersions', 3, fields)
      prober.note(`software ${name} ${version}`, answer?.errorCode ?? 'closed')
    }
    const answer = await prober.ask('ApiVersions', 4, software)
    prober.note('features', answer!)
    const served = (answer!.apiKeys as readonly { readonly apiKey: number }[]).map(({ apiKey }) => apiKey)
    prober.note('has Produce', served.includes(0))
  },
}

const creations: Probe = {
  name: 'create-topics',
  async run(prober) {
    const { prefix } = prober
    const create = (step: string, topic: object, fields: object = {}, version = 7) =>
      prober.probe(step, 'CreateTopics', version, {
        topics: [
          { name: `${prefix}made`, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...topic },
        ],
        timeoutMs: 30_000,
        validateOnly: false,
        ...fields,
      })
    await prober.probeVersions('each', 'CreateTopics', (version) => ({
      topics: [{ name: `${prefix}v${version}`, numPartitions: 2, replicationFactor: 1 }],
      timeoutMs: 30_000,
    }))
    await create('validate only', {}, { validateOnly: true })
    await create('defaults', { name: `${prefix}defaults`, numPartitions: -1, replicationFactor: -1 })
    await create('made', {})
    await create('exists', {})
    await create('exists, validate only', {}, { validateOnly: true })
    for (const name of ['', '.', '..', 'a b', 'a/b', 'x'.repeat(250), '__cluster_metadata']) {
      await create(`name ${name.slice(0, 20)}`, { name })
    }
    await create('collides', { name: `${prefix}made`.replaceAll('-', '.') })
    await create('collides', { name: `${prefix}made`.replaceAll('-', '_') }, { validateOnly: true })
    const other = { name: `${prefix}other` }
    for (const numPartitions of [0, -2]) await create(`partitions ${numPartitions}`, { ...other, numPartitions })
    for (const replicationFactor of [0, -2, 2])
      await create(`factor ${replicationFactor}`, { ...other, replicationFactor })
    const configs: readonly (readonly [string, string | null])[] = [
      ['cleanup.policy', 'shred'],
      ['cleanup.policy', 'compact,delete'],
      ['retention.ms', 'x'],
      ['retention.ms', '-2'],
      ['no.such', '1'],
      ['retention.ms', null],
      ['min.insync.replicas', '0'],
      ['max.message.bytes', '-1'],
      ['segment.bytes', '10'],
      ['segment.bytes', '1048576'],
      ['min.compaction.lag.ms', '99999999999999'],
      ['local.retention.ms', '10'],
      ['remote.storage.enable', 'true'],
      ['compression.type', 'brotli'],
      ['message.timestamp.type', 'Never'],
      ['unclean.leader.election.enable', 'perhaps'],
      ['follower.replication.throttled.replicas', '0:1,1:1'],
      ['follower.replication.throttled.replicas', 'zero'],
      ['', 'x'],
    ]
    for (const [name, value] of configs) {
      await create(`config ${name}=${value}`, { ...other, configs: [{ name, value }] }, { validateOnly: true })
    }
    const manual = (...partitions: (readonly [number, readonly number[]])[]) => ({
      ...other,
      numPartitions: -1,
      replicationFactor: -1,
      assignments: partitions.map(([partitionIndex, brokerIds]) => ({ partitionIndex, brokerIds })),
    })
    const only = { validateOnly: true }
    await create('manual', manual([0, [1]], [1, [1]]), only)
    await create('manual, gap', manual([0, [1]], [2, [1]]), only)
    await create('manual, not from 0', manual([1, [1]]), only)
    await create('manual, twice', manual([0, [1]], [0, [1]]), only)
    await create('manual, unknown broker', manual([0, [9]]), only)
    await create('manual, broker twice', manual([0, [1, 1]]), only)
    await create('manual, nobody', manual([0, []]), only)
    await create('manual, unequal', manual([0, [1]], [1, [1, 9]]), only)
    await create('manual and count', { ...manual([0, [1]]), numPartitions: 1 }, only)
    await create('manual and factor', { ...manual([0, [1]]), replicationFactor: 1 }, only)
    const pair = [1, 2].map(() => ({ name: `${prefix}pair`, numPartitions: 1, replicationFactor: 1 }))
    await prober.probe('twice', 'CreateTopics', 7, { topics: pair, timeoutMs: 5000 })
    await prober.probe('none', 'CreateTopics', 7, { topics: [], timeoutMs: 5000 })
  },
}

const changes: Probe = {
  name: 'create-partitions-delete-topics',
  async run(prober) {
    const topic = `${prober.prefix}topic`
    await createTopic(prober, topic)
    const none = `${prober.prefix}none`
    const grow = (
      step: string,
      count: number,
      assignments: object[] | null = null,
      name = topic,
      validateOnly = false,
      version = 3,
    ) =>
      prober.probe(step, 'CreatePartitions', version, {
        topics: [{ name, count, assignments }],
        timeoutMs: 30_000,
        validateOnly,
      })
    await prober.probeVersions('validate only', 'CreatePartitions', () => ({
      topics: [{ name: topic, count: 2, assignments: null }],
      timeoutMs: 30_000,
      validateOnly: true,
    }))
    await grow('same', 1)
    await grow('fewer', 0)
    await grow('negative', -1)
    await grow('unknown', 2, null, none)
    await grow('assigned', 3, [{ brokerIds: [1] }, { brokerIds: [1] }])
    await grow('assigned too few', 5, [{ brokerIds: [1] }])
    await grow('assigned too many', 4, [{ brokerIds: [1] }, { brokerIds: [1] }])
    await grow('assigned to nobody', 4, [{ brokerIds: [] }])
    await grow('assigned to a stranger', 4, [{ brokerIds: [9] }])
    await grow('assigned to two', 4, [{ brokerIds: [1, 1] }])
    await grow('empty assignments', 4, [])
    const twice = [4, 5].map((count) => ({ name: topic, count, assignments: null }))
    await prober.probe('twice', 'CreatePartitions', 3, { topics: twice, timeoutMs: 5000 })
    await prober.probeVersions('unknown', 'DeleteTopics', (version) =>
      version >= 6 ? { topics: [{ name: none }], timeoutMs: 5000 } : { topicNames: [none], timeoutMs: 5000 },
    )
    const remove = (step: string, topics: object[]) =>
      prober.probe(step, 'DeleteTopics', 6, { topics, timeoutMs: 30_000 })
    await remove('unknown id', [{ name: null, topicId: unknownTopicId }])
    await remove('neither', [{ name: null }])
    await remove('both', [{ name: topic, topicId: unknownTopicId }])
    await remove('twice', [{ name: topic }, { name: topic }])
    await remove('empty name', [{ name: '' }])
    await remove('none', [])
    await remove('it', [{ name: topic }])
    await remove('again', [{ name: topic }])
  },
}

function change(
  resourceType: number,
  resourceName: string,
  configs: readonly (readonly [string, number, string | null])[],
): object {
  const pairs = configs.map(([name, configOperation, value]) => ({ name, configOperation, value }))
  return { resources: [{ resourceType, resourceName, configs: pairs }], validateOnly: false }
}

const set = 0
const remove = 1
const append = 2
const subtract = 3

async function topicConfigs(prober: Prober): Promise<void> {
  const topic = `${prober.prefix}topic`
  await createTopic(prober, topic)
  const alter = (step: string, ...configs: (readonly [string, number, string | null])[]) =>
    prober.probe(step, 'IncrementalAlterConfigs', 1, change(topicType, topic, configs))
  await alter('set', ['retention.ms', set, '1000'])
  await alter('append', ['cleanup.policy', append, 'compact'])
  await alter('append again', ['cleanup.policy', append, 'compact'])
  await alter('subtract', ['cleanup.policy', subtract, 'delete'])
  await alter('subtract absent', ['cleanup.policy', subtract, 'delete'])
  await alter('append to a number', ['retention.ms', append, '1'])
  await alter('delete', ['retention.ms', remove, null])
  await alter('delete absent', ['retention.ms', remove, null])
  await alter('delete unknown', ['no.such', remove, null])
  await alter('set unknown', ['no.such', set, '1'])
  await alter('set null', ['retention.ms', set, null])
  await alter('wrong value', ['retention.ms', set, 'x'])
  await alter('wrong list', ['cleanup.policy', append, 'shred'])
  await alter('twice', ['retention.ms', set, '1'], ['retention.ms', set, '2'])
  await alter('operation 9', ['retention.ms', 9, '1'])
  await alter('no configs')
  const both = {
    resourceType: topicType,
    resourceName: topic,
    configs: [{ name: 'retention.ms', configOperation: set, value: '5' }],
  }
  await prober.probe('validate only', 'IncrementalAlterConfigs', 1, { resources: [both], validateOnly: true })
  await prober.probe('resource twice', 'IncrementalAlterConfigs', 1, { resources: [both, both], validateOnly: false })
  const only = {
    resources: [
      {
        resourceType: topicType,
        resourceName: topic,
        configurationKeys: ['retention.ms', 'cleanup.policy', 'no.such'],
      },
    ],
  }
  await prober.probeVersions('after', 'DescribeConfigs', () => only)
  await prober.probe('all replaced', 'AlterConfigs', 2, {
    resources: [{ resourceType: topicType, resourceName: topic, configs: [{ name: 'retention.ms', value: '77' }] }],
  })
  await prober.probe('after that', 'DescribeConfigs', 4, { ...only, includeSynonyms: true })
  await prober.probe('null', 'AlterConfigs', 2, {
    resources: [{ resourceType: topicType, resourceName: topic, configs: [{ name: 'retention.ms', value: null }] }],
  })
  const whole = { resources: [{ resourceType: topicType, resourceName: topic, configurationKeys: null }] }
  await prober.probe('whole', 'DescribeConfigs', 4, { ...whole, includeSynonyms: true, includeDocumentation: true })
  await prober.probe('no keys', 'DescribeConfigs', 4, { resources: [{ ...whole.resources[0], configurationKeys: [] }] })
}

const configurations: Probe = {
  name: 'configs',
  async run(prober) {
    await topicConfigs(prober)
    const none = `${prober.prefix}none`
    for (const [type, name] of [
      [topicType, none],
      [topicType, ''],
      [topicType, 'a b'],
      [brokerType, '9'],
      [brokerType, 'x'],
      [brokerType, ''],
      [brokerLoggerType, '1'],
      [brokerLoggerType, '9'],
      [brokerLoggerType, ''],
      [0, 'x'],
      [3, 'x'],
      [16, none],
      [32, none],
      [77, 'x'],
    ] as const) {
      const keys = ['retention.ms', 'log.retention.ms', 'interval.ms']
      const described = { resources: [{ resourceType: type, resourceName: name, configurationKeys: keys }] }
      if (type !== brokerLoggerType) await prober.probe(`describe ${type} ${name}`, 'DescribeConfigs', 4, described)
      const key = type === brokerType ? 'log.retention.ms' : 'retention.ms'
      await prober.probe(
        `alter ${type} ${name}`,
        'IncrementalAlterConfigs',
        1,
        change(type, name, [[key, set, '1234567']]),
      )
      await prober.probe(`replace ${type} ${name}`, 'AlterConfigs', 2, {
        resources: [{ resourceType: type, resourceName: name, configs: [{ name: key, value: '1234567' }] }],
        validateOnly: true,
      })
    }
    await brokerConfigs(prober)
  },
}

/** Until the broker itself knows: Apache Kafka answers before its brokers do. */
async function untilPolicy(prober: Prober, policy: string): Promise<void> {
  const configurationKeys = ['log.cleanup.policy']
  const resources = [{ resourceType: brokerType, resourceName: '1', configurationKeys }]
  await prober.settled(async () => {
    const answer = await prober.ask('DescribeConfigs', 4, { resources })
    const [result] = answer!.results as readonly Answer[]
    return (result!.configs as readonly Answer[])[0]?.value === policy
  })
}

/** The address, the place and the place by default are each broker's own. */
const ownKeys =
  /^(controller\.listener\.names|controller\.quorum\.(voters|bootstrap\.servers)|(inter\.broker\.)?listener.*|log\.dirs?|advertised\.listeners)$/

async function brokerConfigs(prober: Prober): Promise<void> {
  for (const name of ['1', '']) {
    const alter = (step: string, ...configs: (readonly [string, number, string | null])[]) =>
      prober.probe(`${step} of "${name}"`, 'IncrementalAlterConfigs', 1, change(brokerType, name, configs))
    await alter('set', ['message.max.bytes', set, '1000013'])
    await alter('read only', ['log.dirs', set, '/x'])
    await alter('read only', ['num.partitions', set, '7'])
    await alter('per broker', ['listeners', set, 'PLAINTEXT://:1'])
    await alter('unknown', ['no.such', set, '7'])
    await alter('wrong', ['message.max.bytes', set, 'x'])
    await alter('list', ['log.cleanup.policy', append, 'compact'])
    await untilPolicy(prober, 'delete,compact')
    await prober.probe(`synonyms of "${name}"`, 'DescribeConfigs', 4, {
      resources: [
        {
          resourceType: brokerType,
          resourceName: name,
          configurationKeys: ['message.max.bytes', 'log.cleanup.policy', 'log.retention.ms', 'no.such'],
        },
      ],
      includeSynonyms: true,
      includeDocumentation: true,
    })
    await alter(
      'delete',
      ['message.max.bytes', remove, null],
      ['log.cleanup.policy', remove, null],
      ['log.retention.ms', remove, null],
      ['no.such', remove, null],
    )
    await untilPolicy(prober, 'delete')
  }
  const all = await prober.ask('DescribeConfigs', 4, {
    resources: [{ resourceType: brokerType, resourceName: '1', configurationKeys: null }],
  })
  interface Config {
    readonly name: string
    readonly configType: number
    readonly readOnly: boolean
    readonly isSensitive: boolean
    readonly configSource: number
    readonly value: string
  }
  const results = all!.results as unknown as readonly { readonly configs: readonly Config[] }[]
  for (const { name, configType, readOnly, isSensitive, configSource, value } of [...results[0]!.configs].sort(
    (a, b) => (a.name < b.name ? -1 : 1),
  )) {
    prober.note(`broker config ${name}`, {
      configType,
      readOnly,
      isSensitive,
      value: configSource === 5 && !ownKeys.test(name) ? value : 'given',
    })
  }
}

export const adminProbes: readonly Probe[] = [versions, creations, changes]
/** They change what the others see. */
export const brokerProbes: readonly Probe[] = [configurations]
