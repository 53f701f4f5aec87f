/**
 * All keys of a broker or controller, joined from keys/. Three of Kafka's throttles exist only as dynamic configuration
 * and are described only when set; two keys of Kafka are internal; validate.records is ottla's own. Brokers' synonyms
 * (log.retention.ms, minutes, hours) are here because a dynamic value of one hides the static values of the others.
 */
import { boolean, type ConfigKey, int, long, string } from './config-key.ts'
import { groupCoordinatorKeys } from './keys/group-coordinator-keys.ts'
import { logKeys } from './keys/log-keys.ts'
import { networkKeys } from './keys/network-keys.ts'
import { nodeKeys } from './keys/node-keys.ts'
import { replicationKeys } from './keys/replication-keys.ts'
import { saslKeys } from './keys/sasl-keys.ts'
import { sslKeys } from './keys/ssl-keys.ts'
import { tieredAndMetricsKeys } from './keys/tiered-and-metrics-keys.ts'
import { transactionKeys } from './keys/transaction-keys.ts'
import { validateRecordsChoices } from './topic-keys.ts'

const hiddenKeys: readonly ConfigKey[] = [
  string('validate.records', 'header', { oneOf: validateRecordsChoices, dynamic: 'cluster-wide', hidden: true }),
  boolean('unstable.api.versions.enable', false, { hidden: true }),
  boolean('unstable.feature.versions.enable', false, { hidden: true }),
  long('log.initial.task.delay.ms', 30_000, { min: 0, hidden: true }),
  int('internal.metadata.log.segment.bytes', null, { min: 12, hidden: true }),
]

export const brokerKeys: readonly ConfigKey[] = [
  ...nodeKeys,
  ...networkKeys,
  ...logKeys,
  ...replicationKeys,
  ...groupCoordinatorKeys,
  ...transactionKeys,
  ...saslKeys,
  ...sslKeys,
  ...tieredAndMetricsKeys,
  ...hiddenKeys,
]

export const brokerKeysByName: ReadonlyMap<string, ConfigKey> = new Map(brokerKeys.map((key) => [key.name, key]))

/** Keys that may be given per listener: `listener.name.<listener>.<key>`. */
const listenerKeyPattern = /^listener\.name\.[^.]*\.(.+)$/
const mechanismKeys = [
  'sasl.jaas.config',
  'sasl.login.callback.handler.class',
  'sasl.login.class',
  'sasl.server.callback.handler.class',
  'connections.max.reauth.ms',
]

/** `max.connections` for `listener.name.external.max.connections`; undefined for a key without that prefix. */
export function listenerBaseName(name: string): string | undefined {
  const base = listenerKeyPattern.exec(name)?.[1]
  if (base === undefined) return undefined
  return mechanismKeys.find((mechanismKey) => base.endsWith(mechanismKey)) ?? base
}

/** The key by its name, with or without a listener's prefix; undefined for a key that nobody knows. */
export function findBrokerKey(name: string): ConfigKey | undefined {
  const key = brokerKeysByName.get(name)
  if (key !== undefined) return key
  const base = listenerBaseName(name)
  return base === undefined ? undefined : brokerKeysByName.get(base)
}

const synonymGroups: readonly (readonly string[])[] = [
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
]
const flushSynonyms = ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms'] as const

/** All names of the setting that `name` gives, the first with a value wins; `name` alone for most. */
export function brokerSynonyms(name: string): readonly string[] {
  if (name === flushSynonyms[0]) return flushSynonyms
  const group = synonymGroups.find((names) => names.includes(name))
  if (group !== undefined) return group
  const base = listenerBaseName(name)
  return base === undefined ? [name] : [name, base]
}
