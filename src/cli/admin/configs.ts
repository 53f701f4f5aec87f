/** `ottla configs`: describe, set, unset for topics, brokers, their loggers, groups and client metrics. */
import type { Writable } from 'node:stream'
import { alterConfigs, type ConfigResource, describeConfigs, resourceTypes } from '../../client/admin-configs.ts'
import { OperatorError } from '../operator-error.ts'
import { exitCodes } from '../start.ts'
import { type ClusterOptions, withCluster } from './admin-client.ts'
import { type OutputFormat, printJson, printTable } from './admin-output.ts'
import type { ConfigType } from './config-types.ts'
import { parseSettings } from './settings.ts'

const types = {
  topic: resourceTypes.topic,
  broker: resourceTypes.broker,
  'broker-logger': resourceTypes.brokerLogger,
  group: resourceTypes.group,
  'client-metrics': resourceTypes.clientMetrics,
} as const

export interface ConfigsOptions extends ClusterOptions {
  readonly type: ConfigType
  /** `default` for what holds for all brokers. */
  readonly name: string
}

export interface ConfigsDescribeOptions extends ConfigsOptions {
  readonly format: OutputFormat
  /** What was not set for this resource too. */
  readonly all: boolean
}

export function configsDescribe(options: ConfigsDescribeOptions, output: Writable): Promise<number> {
  return withCluster(options, async (client) => {
    const { entries } = await describeConfigs(client, resourceOf(options))
    const isOwn = ({ source }: { readonly source: string }): boolean =>
      source.startsWith('DYNAMIC_') && (source !== 'DYNAMIC_DEFAULT_BROKER_CONFIG' || options.name === 'default')
    const shown = entries.filter((entry) => options.all || options.type === 'broker-logger' || isOwn(entry))
    if (options.format === 'json') printJson(output, shown)
    else
      printTable(
        output,
        ['NAME', 'VALUE', 'FROM'],
        shown.map(({ name, value, isSensitive, source }) => [
          name,
          isSensitive ? '(hidden)' : value,
          sourceText(source),
        ]),
      )
    return exitCodes.stopped
  })
}

function sourceText(source: string): string {
  return source
    .toLowerCase()
    .replace(/_config$/, '')
    .replaceAll('_', ' ')
}

export interface ConfigsSetOptions extends ConfigsOptions {
  /** name=value each. */
  readonly settings: readonly string[]
  readonly dryRun: boolean
}

export function configsSet(options: ConfigsSetOptions, output: Writable): Promise<number> {
  const settings = parseSettings(options.settings)
  return withCluster(options, async (client) => {
    const changes = [...settings].map(([name, value]) => ({ name, operation: 'set' as const, value }))
    await alterConfigs(client, resourceOf(options), changes, options.dryRun)
    output.write([...settings].map(([name, value]) => `${verb(options)} ${name}=${value}\n`).join(''))
    return exitCodes.stopped
  })
}

export interface ConfigsUnsetOptions extends ConfigsOptions {
  readonly keys: readonly string[]
  readonly dryRun: boolean
}

export function configsUnset(options: ConfigsUnsetOptions, output: Writable): Promise<number> {
  return withCluster(options, async (client) => {
    const changes = options.keys.map((name) => ({ name, operation: 'delete' as const, value: null }))
    await alterConfigs(client, resourceOf(options), changes, options.dryRun)
    output.write(options.keys.map((name) => `${options.dryRun ? 'would unset' : 'unset'} ${name}\n`).join(''))
    return exitCodes.stopped
  })
}

function verb({ dryRun }: { readonly dryRun: boolean }): string {
  return dryRun ? 'would set' : 'set'
}

function resourceOf({ type, name }: ConfigsOptions): ConfigResource {
  if (type === 'broker' && name === 'default') return { type: types.broker, name: '' }
  if (type.startsWith('broker') && !/^\d+$/.test(name))
    throw new OperatorError(
      `${type} ${name}: name a broker by its number${type === 'broker' ? ', or all by default' : ''}`,
    )
  return { type: types[type], name }
}
