/**
 * What of a configuration this version does not do. Node.ts refuses to start where going on would betray the operator (no
 * authorizer where one was asked for); all else that is set and has no effect is told in one line. A key leaves these lists when its room is built; the test compares them with the code.
 */
import { type BrokerConfig, rackAwareReplicaSelector } from './broker-config.ts'
import { brokerKeysByName, listenerBaseName } from './broker-keys.ts'
import { ConfigError } from './config-value.ts'

/** Whoever sets these relies on them: their absence must not go unnoticed. */
const refusedKeys = [
  'authorizer.class.name',
  'alter.config.policy.class.name',
  'client.quota.callback.class',
  'config.providers',
  'create.topic.policy.class.name',
  'delegation.token.secret.key',
  'principal.builder.class',
  'remote.log.storage.system.enable',
  'security.providers',
]

/** By the beginnings of their names: TLS, SASL, tiered storage, the newer groups, metrics, a cluster's replication. */
const prefixesWithoutEffect = [
  'add.partitions.to.txn.',
  'alter.log.dirs.replication.quota.',
  'controller.quorum.append.',
  'controller.quota.',
  'delegation.token.',
  'group.consumer.',
  'group.share.',
  'group.streams.',
  'kafka.metrics.',
  'metrics.',
  'quota.window.',
  'replica.socket.receive.',
  'remote.',
  'replication.quota.',
  'sasl.',
  'socket.connection.setup.',
  'ssl.',
  'transaction.abort.',
  'transaction.remove.',
]

const keysWithoutEffect = new Set([
  'background.threads',
  'compression.lz4.level',
  'connection.failed.authentication.delay.ms',
  'connections.max.reauth.ms',
  'controlled.shutdown.enable',
  'controller.socket.timeout.ms',
  'delete.records.purgatory.purge.interval.requests',
  'early.start.listeners',
  'fetch.purgatory.purge.interval.requests',
  'follower.fetch.last.tiered.offset.enable',
  'group.coordinator.append.linger.ms',
  'group.coordinator.background.threads',
  'group.coordinator.cached.buffer.max.bytes',
  'group.coordinator.rebalance.protocols',
  'group.coordinator.threads',
  'log.dir.failure.timeout.ms',
  'log.flush.start.offset.checkpoint.interval.ms',
  'log.initial.task.delay.ms',
  'log.preallocate',
  'max.connection.creation.rate',
  'metric.reporters',
  'num.io.threads',
  'num.network.threads',
  'num.recovery.threads.per.data.dir',
  'producer.purgatory.purge.interval.requests',
  'queued.max.requests',
  'share.coordinator.append.linger.ms',
  'share.coordinator.cached.buffer.max.bytes',
  'share.coordinator.load.buffer.size',
  'share.coordinator.snapshot.update.records.per.snapshot',
  'share.coordinator.state.topic.compression.codec',
  'share.coordinator.threads',
  'share.coordinator.write.timeout.ms',
  'share.fetch.purgatory.purge.interval.requests',
  'socket.receive.buffer.bytes',
  'socket.send.buffer.bytes',
  'telemetry.max.bytes',
  'transaction.max.timeout.ms',
  'transaction.partition.verification.enable',
  'transaction.state.log.load.buffer.size',
  'transaction.two.phase.commit.enable',
  'transactional.id.expiration.ms',
])

/** True when a value of the key changes nothing in this version. */
export function isWithoutEffect(name: string): boolean {
  const base = listenerBaseName(name) ?? name
  return keysWithoutEffect.has(base) || prefixesWithoutEffect.some((prefix) => base.startsWith(prefix))
}

/** Throws ConfigError where this version must not run under `config`. */
export function checkServedConfiguration(config: BrokerConfig): void {
  for (const name of refusedKeys) {
    const value = config.value(name)
    if (value === null || value === false || String(value) === brokerKeysByName.get(name)!.defaultText) continue
    if (String(value) === '') continue
    throw new ConfigError(`${name} is set, and this version does not do that; remove it if you can go without`)
  }
  const selector = config.text('replica.selector.class')
  if (selector !== '' && selector !== rackAwareReplicaSelector) {
    throw new ConfigError(`replica.selector.class=${selector} is not known; choose ${rackAwareReplicaSelector} or none`)
  }
}

/** Keys that the operator set and that change nothing, sorted. */
export function namesWithoutEffect(config: BrokerConfig): string[] {
  return [...config.layers.staticValues.keys()].filter(isWithoutEffect).sort()
}

/** Keys that were set at run time, for this broker or for all, and that change nothing, sorted. */
export function dynamicNamesWithoutEffect({ layers }: BrokerConfig): string[] {
  const names = new Set([...layers.dynamicDefaults.keys(), ...layers.dynamicBroker.keys()])
  return [...names].filter(isWithoutEffect).sort()
}
