/** kafka-configs: shows and changes the settings of topics, brokers, broker loggers, groups and client metrics. */

import { brokersOf } from '../../client/admin-cluster.ts'
import {
  alterConfigs,
  type ConfigEntry,
  type ConfigSource,
  describeConfigs,
  type ResourceType,
  resourceTypes,
} from '../../client/admin-configs.ts'
import { listTopics } from '../../client/admin-topics.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { OperatorError } from '../operator-error.ts'
import {
  type ConfigsArguments,
  checkArguments,
  configsFlags,
  configsToAdd,
  configsToDelete,
  type EntityType,
} from './configs-arguments.ts'
import { namesWithConfigs } from './configs-entities.ts'
import { alterQuotaEntities, describeQuotaEntities, type QuotaChanges } from './configs-quotas.ts'
import { inHashMapOrder } from './java-order.ts'
import { defineTool, printLine, type ToolStreams } from './tool.ts'
import { clientOrControllerOf, withClient } from './tool-client.ts'

interface Kind {
  readonly type: ResourceType
  /** Where a setting comes from that was made with this tool. undefined: all of them. */
  readonly source: ConfigSource | undefined
}

const kinds: Partial<Record<EntityType, Kind>> = {
  topics: { type: resourceTypes.topic, source: 'DYNAMIC_TOPIC_CONFIG' },
  brokers: { type: resourceTypes.broker, source: 'DYNAMIC_BROKER_CONFIG' },
  'broker-loggers': { type: resourceTypes.brokerLogger, source: undefined },
  'client-metrics': { type: resourceTypes.clientMetrics, source: 'DYNAMIC_CLIENT_METRICS_CONFIG' },
  groups: { type: resourceTypes.group, source: 'DYNAMIC_GROUP_CONFIG' },
}

export const configsTool = defineTool({
  summary: 'Shows and changes the settings of topics, brokers, broker loggers, groups and client metrics.',
  flags: configsFlags,
  async run(given: ConfigsArguments, streams) {
    const named = checkArguments(given)
    const changes = given.has('alter') ? { added: configsToAdd(given), deleted: configsToDelete(given) } : undefined
    await withClient(clientOrControllerOf(given), async (client) => {
      const [type] = named.types
      const kind = kinds[type!]
      const entities = kind === undefined ? undefined : new ConfiguredEntities(client, type!, kind)
      if (changes === undefined) {
        if (entities === undefined) await describeQuotaEntities(client, named, streams)
        else await entities.describe(named.names[0], given.has('all'), streams)
        return
      }
      const [name = ''] = named.names
      if (entities === undefined) await alterQuotaEntities(client, named, changes)
      else await entities.alter(name, changes)
      if (name === '') printLine(streams.output, `Completed updating default config for ${type} in the cluster.`)
      else printLine(streams.output, `Completed updating config for ${type!.slice(0, -1)} ${name}.`)
    })
    return undefined
  },
  explain(message, { errors }, words, error) {
    if (!(error instanceof OperatorError))
      printLine(errors, `Error while executing config command with args '${words.join(' ')}'`)
    printLine(errors, message)
  },
})

class ConfiguredEntities {
  readonly #client: KafkaClient
  readonly #entityType: EntityType
  readonly #kind: Kind

  constructor(client: KafkaClient, entityType: EntityType, kind: Kind) {
    this.#client = client
    this.#entityType = entityType
    this.#kind = kind
  }

  async describe(name: string | undefined, showsAll: boolean, { output }: ToolStreams): Promise<void> {
    if (name !== undefined && name !== '' && !(await this.#isThere(name))) {
      printLine(output, `The ${this.#singular} '${name}' doesn't exist and doesn't have dynamic config.`)
      return
    }
    for (const each of name === undefined ? await this.#all() : [name]) {
      const entries = await this.#entries(each, showsAll)
      if (each === '' && this.#entityType === 'brokers')
        printLine(output, 'Default configs for brokers in the cluster are:')
      else printLine(output, `${showsAll ? 'All' : 'Dynamic'} configs for ${this.#singular} ${each} are:`)
      for (const entry of entries) printLine(output, `  ${entryText(entry)}`)
    }
  }

  async alter(name: string, { added, deleted }: QuotaChanges): Promise<void> {
    if (this.#entityType === 'broker-loggers') {
      const present = new Set((await this.#entries(name, false)).map((entry) => entry.name))
      const unknown = [...deleted, ...added.keys()].filter((logger) => !present.has(logger))
      if (unknown.length > 0) throw new OperatorError(`Invalid broker logger(s): ${unknown.join(',')}`)
    }
    const changes = [
      ...[...added].map(([key, value]) => ({ name: key, operation: 'set' as const, value })),
      ...deleted.map((key) => ({ name: key, operation: 'delete' as const, value: '' })),
    ]
    await alterConfigs(this.#client, { type: this.#kind.type, name }, changes)
  }

  get #singular(): string {
    return this.#entityType.slice(0, -1)
  }

  async #entries(name: string, showsAll: boolean): Promise<ConfigEntry[]> {
    const { type } = this.#kind
    const source = type === resourceTypes.broker && name === '' ? 'DYNAMIC_DEFAULT_BROKER_CONFIG' : this.#kind.source
    const { entries } = await describeConfigs(this.#client, { type, name })
    return entries.filter((entry) => showsAll || source === undefined || entry.source === source)
  }

  async #all(): Promise<string[]> {
    switch (this.#entityType) {
      case 'topics':
        return inHashMapOrder((await this.#client.loadTopics(null)).topics.map(({ name }) => name!))
      case 'brokers':
      case 'broker-loggers':
        return [...(await brokersOf(this.#client)).map(({ nodeId }) => `${nodeId}`), '']
      default:
        return this.#named()
    }
  }

  #named(): Promise<string[]> {
    return namesWithConfigs(this.#client, this.#kind.type)
  }

  async #isThere(name: string): Promise<boolean> {
    if (this.#entityType === 'topics') return (await listTopics(this.#client)).some((topic) => topic.name === name)
    if (this.#entityType === 'brokers' || this.#entityType === 'broker-loggers')
      return (await brokersOf(this.#client)).some(({ nodeId }) => nodeId === Number(name))
    return (await this.#named()).includes(name)
  }
}

function entryText({ name, value, isSensitive, synonyms }: ConfigEntry): string {
  const sources = synonyms.map((each) => `${each.source}:${each.name}=${each.value}`).join(', ')
  return `${name}=${value} sensitive=${isSensitive} synonyms={${sources}}`
}
