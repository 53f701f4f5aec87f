/** The flags of kafka-configs: what they mean together, and what may not stand together. */
import { OperatorError } from '../operator-error.ts'
import { connectionFlags } from './tool.ts'
import { type ToolArguments, ToolUsageError } from './tool-arguments.ts'
import { readProperties } from './tool-client.ts'

export const configsFlags = {
  ...connectionFlags,
  'bootstrap-controller': { value: 'host:port,...', describe: 'The controllers to connect to first.' },
  describe: { describe: 'Show the settings of entities.' },
  alter: { describe: 'Change the settings of an entity.' },
  all: { describe: 'Show the defaults and what stands in files too.' },
  'entity-type': {
    value: 'type',
    describe: 'topics, clients, users, brokers, broker-loggers, ips, client-metrics or groups.',
  },
  'entity-name': { value: 'name', describe: "The entity's name or id." },
  'entity-default': { describe: 'The default of all clients, users, brokers or ips.' },
  'add-config': { value: 'k=v,...', describe: 'Settings to add; a value with commas stands in square brackets.' },
  'add-config-file': { value: 'file', describe: 'A properties file with settings to add.' },
  'delete-config': { value: 'k,...', describe: 'Settings to remove.' },
  topic: { value: 'topic', describe: 'The same as --entity-type topics --entity-name.' },
  client: { value: 'client-id', describe: 'The same as --entity-type clients --entity-name.' },
  'client-defaults': { describe: 'The same as --entity-type clients --entity-default.' },
  user: { value: 'user', describe: 'The same as --entity-type users --entity-name.' },
  'user-defaults': { describe: 'The same as --entity-type users --entity-default.' },
  broker: { value: 'id', describe: 'The same as --entity-type brokers --entity-name.' },
  'broker-defaults': { describe: 'The same as --entity-type brokers --entity-default.' },
  'broker-logger': { value: 'id', describe: 'The same as --entity-type broker-loggers --entity-name.' },
  ip: { value: 'ip', describe: 'The same as --entity-type ips --entity-name.' },
  'ip-defaults': { describe: 'The same as --entity-type ips --entity-default.' },
  group: { value: 'group', describe: 'The same as --entity-type groups --entity-name.' },
  'client-metrics': { value: 'name', describe: 'The same as --entity-type client-metrics --entity-name.' },
} as const

export type ConfigsArguments = ToolArguments<keyof typeof configsFlags>

const entityTypes = [
  'topics',
  'clients',
  'users',
  'brokers',
  'ips',
  'client-metrics',
  'groups',
  'broker-loggers',
] as const
export type EntityType = (typeof entityTypes)[number]

export interface Entities {
  readonly types: readonly EntityType[]
  /** '' is the default of a type. */
  readonly names: readonly string[]
}

const nameFlags = [
  ['topic', 'topics'],
  ['client', 'clients'],
  ['user', 'users'],
  ['broker', 'brokers'],
  ['broker-logger', 'broker-loggers'],
  ['ip', 'ips'],
  ['client-metrics', 'client-metrics'],
  ['group', 'groups'],
] as const
const defaultFlags = [
  ['client-defaults', 'clients'],
  ['user-defaults', 'users'],
  ['broker-defaults', 'brokers'],
  ['ip-defaults', 'ips'],
] as const

/** Throws ToolUsageError or OperatorError. */
export function checkArguments(given: ConfigsArguments): Entities {
  if (given.has('alter') === given.has('describe'))
    throw new ToolUsageError('Command must include exactly one action: --describe, --alter')
  given.exclude('describe', 'add-config', 'delete-config')
  const types: string[] = [
    ...given.texts('entity-type'),
    ...[...nameFlags, ...defaultFlags].filter(([flag]) => given.has(flag)).map(([, type]) => type),
  ]
  const repeated = types.filter((type, index) => types.indexOf(type) !== index)
  if (repeated.length > 0) throw new OperatorError(`Duplicate entity type(s) specified: ${repeated.join(',')}`)
  if (!given.has('bootstrap-server') && !given.has('bootstrap-controller'))
    throw new OperatorError('Either --bootstrap-server or --bootstrap-controller must be specified.')
  for (const type of types)
    if (!(entityTypes as readonly string[]).includes(type))
      throw new OperatorError(
        `Invalid entity type ${type}, the entity type must be one of ${entityTypes.join(', ')} with a --bootstrap-server or --bootstrap-controller argument`,
      )
  if (types.length === 0) throw new OperatorError('At least one entity type must be specified')
  if (types.length > 1 && types.toSorted().join() !== 'clients,users')
    throw new OperatorError("Only 'users' and 'clients' entity types may be specified together")
  const hasGeneral = given.has('entity-name') || given.has('entity-type') || given.has('entity-default')
  if (hasGeneral && [...nameFlags, ...defaultFlags].some(([flag]) => given.has(flag)))
    throw new OperatorError('--entity-{type,name,default} should not be used in conjunction with specific entity flags')
  const entities = { types: types as EntityType[], names: namesOf(given) }
  if (given.has('bootstrap-server') && given.has('bootstrap-controller'))
    throw new OperatorError('Only one of --bootstrap-server or --bootstrap-controller can be specified')
  checkNames(given, entities)
  if (given.has('describe')) checkDescribe(given, entities)
  else checkAlter(given, entities)
  return entities
}

function namesOf(given: ConfigsArguments): string[] {
  const names = [...given.texts('entity-name')]
  const general = given.sequence.filter((flag) => flag === 'entity-name' || flag === 'entity-default')
  return [
    ...general.map((flag) => (flag === 'entity-name' ? names.shift()! : '')),
    ...nameFlags.filter(([flag]) => given.has(flag)).map(([flag]) => given.text(flag)!),
    ...defaultFlags.filter(([flag]) => given.has(flag)).map(() => ''),
  ]
}

function checkNames(given: ConfigsArguments, { types, names }: Entities): void {
  const isOfBrokers = types.includes('brokers') || types.includes('broker-loggers')
  if (!isOfBrokers || !names.some((name) => name !== '')) return
  for (const flag of ['entity-name', 'broker', 'broker-logger'] as const) {
    const name = given.has(flag) ? given.text(flag)! : undefined
    if (name !== undefined && !/^[+-]?\d+$/.test(name))
      throw new OperatorError(`The entity name for ${types[0]} must be a valid integer broker id, but it is: ${name}`)
  }
}

const typesWithDefault = new Set<EntityType>(['users', 'clients', 'brokers', 'ips'])

function checkDescribe(given: ConfigsArguments, { types, names }: Entities): void {
  if (!types.some((type) => typesWithDefault.has(type)) && given.has('entity-default'))
    throw new OperatorError(`--entity-default must not be specified with --describe of ${types.join(',')}`)
  if (types.includes('broker-loggers') && !names.some((name) => name !== ''))
    throw new OperatorError(`An entity name must be specified with --describe of ${types.join(',')}`)
}

function checkAlter(given: ConfigsArguments, { types, names }: Entities): void {
  if (types.some((type) => typesWithDefault.has(type))) {
    if (names.length === 0)
      throw new OperatorError(
        'An entity-name or default entity must be specified with --alter of users, clients, brokers or ips',
      )
  } else if (!names.some((name) => name !== ''))
    throw new OperatorError(`An entity name must be specified with --alter of ${types.join(',')}`)
  if (given.has('add-config') && given.has('add-config-file'))
    throw new OperatorError('Only one of --add-config or --add-config-file must be specified')
  if (!given.has('add-config') && !given.has('add-config-file') && !given.has('delete-config'))
    throw new OperatorError(
      'At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter',
    )
  if (types.length !== names.length) throw new OperatorError('An entity name must be specified for every entity type')
}

/** Outside of square brackets. */
const outside = '(?=[^\\]]*(?:\\[|$))'

/** What --add-config and its file say. Throws OperatorError. */
export function configsToAdd(given: ConfigsArguments): Map<string, string> {
  const configs = given.has('add-config-file') ? readProperties(given.text('add-config-file')) : new Map()
  const text = given.text('add-config')
  if (text !== undefined) {
    const parts = text.split(new RegExp(`,${outside}`))
    while (parts.length > 1 && parts.at(-1) === '') parts.pop()
    const pairs = parts.map((part) => part.split(new RegExp(`\\s*=\\s*${outside}`)))
    if (pairs.some((pair) => pair.length !== 2))
      throw new OperatorError(
        'requirement failed: Invalid entity config: all configs to be added must be in the format "key=val" or  "key=[val1,val2]" to group values which contain commas.',
      )
    for (const [key, value] of pairs) configs.set(key!.trim(), value!.replace(/[[\]]/g, '').trim())
  }
  for (const key of configs.keys())
    if (!/^[$a-zA-Z0-9._-]*$/.test(key)) throw new OperatorError(`Invalid character found for config key: ${key}`)
  return configs
}

export function configsToDelete(given: ConfigsArguments): string[] {
  return given
    .texts('delete-config')
    .flatMap((text) => text.split(','))
    .map((key) => key.trim())
}
