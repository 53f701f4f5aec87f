/** `ottla topics`: list, describe, create, alter, delete. */
import type { Writable } from 'node:stream'
import { alterConfigs, describeAllConfigs, resourceTypes } from '../../client/admin-configs.ts'
import {
  createPartitions,
  createTopic,
  deleteTopics,
  describeTopics,
  listTopics,
  type TopicDescription,
} from '../../client/admin-topics.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { OperatorError } from '../operator-error.ts'
import { exitCodes } from '../start.ts'
import { type ClusterOptions, withCluster } from './admin-client.ts'
import { type OutputFormat, printJson, printTable } from './admin-output.ts'
import { parseSettings } from './settings.ts'

export interface TopicsListOptions extends ClusterOptions {
  readonly format: OutputFormat
  /** Internal topics too. */
  readonly all: boolean
}

export function topicsList(options: TopicsListOptions, output: Writable): Promise<number> {
  return withCluster(options, async (client) => {
    const topics = (await listTopics(client)).filter(({ isInternal }) => options.all || !isInternal)
    if (options.format === 'json') printJson(output, topics)
    else output.write(topics.map(({ name }) => `${name}\n`).join(''))
    return exitCodes.stopped
  })
}

export interface TopicsDescribeOptions extends TopicsListOptions {
  /** All of them when empty. */
  readonly names: readonly string[]
}

export function topicsDescribe(options: TopicsDescribeOptions, output: Writable): Promise<number> {
  return withCluster(options, async (client) => {
    const listed = await listTopics(client)
    requireTopics(options.names, new Set(listed.map(({ name }) => name)))
    const shown = listed.filter(({ isInternal }) => options.all || !isInternal).map(({ name }) => name)
    const names = options.names.length > 0 ? options.names : shown
    const topics = names.length === 0 ? [] : await describeTopics(client, names)
    const configs = await ownConfigs(client, topics)
    if (options.format === 'json')
      printJson(
        output,
        topics.map((topic) => ({ ...topic, configs: Object.fromEntries(configs.get(topic.name)!) })),
      )
    else
      for (const [index, topic] of topics.entries()) {
        if (index > 0) output.write('\n')
        printTopic(topic, configs.get(topic.name)!, output)
      }
    return exitCodes.stopped
  })
}

async function ownConfigs(
  client: KafkaClient,
  topics: readonly TopicDescription[],
): Promise<Map<string, ReadonlyMap<string, string | null>>> {
  if (topics.length === 0) return new Map()
  const resources = topics.map(({ name }) => ({ type: resourceTypes.topic, name }))
  return new Map(
    (await describeAllConfigs(client, resources)).map(({ name, entries }) => {
      const own = entries.filter(({ source }) => source === 'DYNAMIC_TOPIC_CONFIG')
      return [name, new Map(own.map((entry) => [entry.name, entry.value]))]
    }),
  )
}

function printTopic(topic: TopicDescription, configs: ReadonlyMap<string, string | null>, output: Writable): void {
  output.write(`${topic.name}  ${topic.topicId}${topic.isInternal ? '  internal' : ''}\n`)
  for (const [name, value] of configs) output.write(`  ${name}=${value}\n`)
  const rows = topic.partitions.map(({ partition, leader, replicas, isr, offlineReplicas }) => [
    partition,
    leader < 0 ? 'none' : leader,
    replicas.join(','),
    isr.join(','),
    offlineReplicas.join(',') || undefined,
  ])
  printTable(output, ['PARTITION', 'LEADER', 'REPLICAS', 'IN SYNC', 'OFFLINE'], rows)
}

export interface TopicsCreateOptions extends ClusterOptions {
  readonly names: readonly string[]
  readonly partitions?: number | undefined
  readonly replicationFactor?: number | undefined
  /** name=value each. */
  readonly configs: readonly string[]
  readonly ifNotExists: boolean
  readonly dryRun: boolean
}

export function topicsCreate(options: TopicsCreateOptions, output: Writable): Promise<number> {
  const configs = parseSettings(options.configs)
  const { partitions: numPartitions, replicationFactor } = options
  return withCluster(options, async (client) => {
    for (const name of options.names) {
      const isCreated = await createTopic(
        client,
        { name, numPartitions, replicationFactor, configs },
        options.dryRun,
      ).then(
        () => true,
        (error: unknown) => {
          const isThere = error instanceof KafkaError && error.error === 'TOPIC_ALREADY_EXISTS'
          if (isThere && options.ifNotExists) return false
          throw error
        },
      )
      if (isCreated) output.write(`${options.dryRun ? 'would create' : 'created'} ${name}\n`)
    }
    return exitCodes.stopped
  })
}

export interface TopicsAlterOptions extends ClusterOptions {
  readonly names: readonly string[]
  readonly partitions?: number | undefined
  readonly configs: readonly string[]
  readonly unset: readonly string[]
}

export function topicsAlter(options: TopicsAlterOptions, output: Writable): Promise<number> {
  const { names, partitions: count } = options
  const changes = [
    ...[...parseSettings(options.configs)].map(([name, value]) => ({ name, operation: 'set' as const, value })),
    ...options.unset.map((name) => ({ name, operation: 'delete' as const, value: null })),
  ]
  if (count === undefined && changes.length === 0)
    throw new OperatorError('nothing to alter: give --partitions, --config or --unset')
  return withCluster(options, async (client) => {
    requireTopics(names, new Set((await listTopics(client)).map(({ name }) => name)))
    if (count !== undefined)
      await createPartitions(
        client,
        names.map((name) => ({ name, count })),
      )
    if (changes.length > 0)
      for (const name of names) await alterConfigs(client, { type: resourceTypes.topic, name }, changes)
    output.write(names.map((name) => `altered ${name}\n`).join(''))
    return exitCodes.stopped
  })
}

export interface TopicsDeleteOptions extends ClusterOptions {
  readonly names: readonly string[]
  readonly ifExists: boolean
}

export function topicsDelete(options: TopicsDeleteOptions, output: Writable): Promise<number> {
  return withCluster(options, async (client) => {
    const present = new Set((await listTopics(client)).map(({ name }) => name))
    if (!options.ifExists) requireTopics(options.names, present)
    const names = options.names.filter((name) => present.has(name))
    await deleteTopics(client, names)
    output.write(names.map((name) => `deleted ${name}\n`).join(''))
    return exitCodes.stopped
  })
}

function requireTopics(names: readonly string[], present: ReadonlySet<string>): void {
  for (const name of names) if (!present.has(name)) throw new OperatorError(`topic ${name} does not exist`)
}
