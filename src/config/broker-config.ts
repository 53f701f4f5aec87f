/**
 * The configuration of one node: every key of Kafka with a typed getter where ottla uses it. Values are those in force,
 * so what dynamic configuration changes is seen at the next read; who must act on a change registers `onChange`.
 * Built once at start from the properties file and the overrides (BrokerConfig.from refuses what contradicts itself);
 * node.ts then feeds it from the metadata image.
 */
import { checkBrokerConfig } from './broker-config-checks.ts'
import { findBrokerKey } from './broker-keys.ts'
import type { ConfigValue } from './config-key.ts'
import { ConfigLayers } from './config-layers.ts'
import { ConfigError } from './config-value.ts'
import { parseConnectionOverrides } from './connection-overrides.ts'
import {
  type Listener,
  parseAddresses,
  parseListeners,
  parseSecurityProtocolMap,
  parseVoters,
  type SecurityProtocol,
  type VoterAddress,
} from './listeners.ts'

type Texts = ReadonlyMap<string, string>

/** The one implementation of ReplicaSelector that Apache Kafka brings. */
export const rackAwareReplicaSelector = 'org.apache.kafka.common.replica.RackAwareReplicaSelector'

/** Values beyond 2^53 (a LONG's "never") become Number.MAX_SAFE_INTEGER. */
export function saturate(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) return Number.MAX_SAFE_INTEGER
  if (value < BigInt(Number.MIN_SAFE_INTEGER)) return Number.MIN_SAFE_INTEGER
  return Number(value)
}

/** Kafka gives node.id and broker.id one value; whoever asks for either finds it. */
function withBothIds(values: Texts): Map<string, string> {
  const all = new Map(values)
  const id = all.get('node.id') ?? all.get('broker.id') ?? '1'
  if (!all.has('node.id')) all.set('node.id', id)
  if (!all.has('broker.id')) all.set('broker.id', id)
  return all
}

export class BrokerConfig {
  readonly layers: ConfigLayers
  readonly #onChange: (() => void)[] = []

  /** Parses and checks; throws ConfigError with one line that names the key. Unknown keys are reported, then kept. */
  static from(values: Texts, onWarning: (message: string) => void = () => {}): BrokerConfig {
    for (const name of values.keys())
      if (findBrokerKey(name) === undefined) onWarning(`unknown configuration key ${name} is ignored`)
    const config = new BrokerConfig(new ConfigLayers(withBothIds(values)))
    checkBrokerConfig(config, onWarning)
    return config
  }

  private constructor(layers: ConfigLayers) {
    this.layers = layers
  }

  /** Replaces dynamic configuration: the cluster's default and this broker's own. */
  setDynamic(dynamicDefaults: Texts, dynamicBroker: Texts, onInvalid: (error: ConfigError) => void = () => {}): void {
    this.layers.setDynamic(dynamicDefaults, dynamicBroker, onInvalid)
    for (const callback of this.#onChange) callback()
  }

  /** `callback` runs after each change of dynamic configuration. */
  onChange(callback: () => void): void {
    this.#onChange.push(callback)
  }

  value(name: string): ConfigValue {
    return this.layers.value(name)
  }

  /** INT, SHORT, DOUBLE, or a LONG cut to the safe integers. */
  number(name: string): number {
    const value = this.layers.value(name)
    if (typeof value === 'bigint') return saturate(value)
    if (typeof value === 'number') return value
    throw new ConfigError(`${name} has no value; set it`)
  }

  optionalNumber(name: string): number | undefined {
    return this.layers.value(name) === null ? undefined : this.number(name)
  }

  boolean(name: string): boolean {
    return this.layers.value(name) === true
  }

  /** STRING; empty when there is none. */
  text(name: string): string {
    const value = this.layers.value(name)
    return typeof value === 'string' ? value : ''
  }

  list(name: string): readonly string[] {
    const value = this.layers.value(name)
    return Array.isArray(value) ? value : []
  }

  // The node
  get nodeId(): number {
    return this.number('node.id')
  }
  get isBroker(): boolean {
    return this.list('process.roles').includes('broker')
  }
  get isController(): boolean {
    return this.list('process.roles').includes('controller')
  }
  get rack(): string | undefined {
    return this.text('broker.rack') || undefined
  }
  get brokerHeartbeatIntervalMs(): number {
    return this.number('broker.heartbeat.interval.ms')
  }
  get brokerSessionTimeoutMs(): number {
    return this.number('broker.session.timeout.ms')
  }
  get initialBrokerRegistrationTimeoutMs(): number {
    return this.number('initial.broker.registration.timeout.ms')
  }

  // Sockets
  get listenerSecurityProtocols(): Map<string, SecurityProtocol> {
    const key = 'listener.security.protocol.map'
    const protocols = parseSecurityProtocolMap(key, this.text(key))
    // As in Kafka, controllers' listeners are PLAINTEXT where nobody said otherwise.
    if (!this.layers.isSet(key))
      for (const name of this.controllerListenerNames) if (!protocols.has(name)) protocols.set(name, 'PLAINTEXT')
    return protocols
  }
  get controllerListenerNames(): readonly string[] {
    return this.list('controller.listener.names').map((name) => name.toUpperCase())
  }
  /** All that this node opens. */
  get listeners(): Listener[] {
    return parseListeners('listeners', this.list('listeners'), this.listenerSecurityProtocols)
  }
  get brokerListeners(): Listener[] {
    const controllerNames = this.controllerListenerNames
    return this.listeners.filter((listener) => !controllerNames.includes(listener.name))
  }
  get controllerListeners(): Listener[] {
    const controllerNames = this.controllerListenerNames
    return this.listeners.filter((listener) => controllerNames.includes(listener.name))
  }
  /** What clients are told to connect to; undefined: the address by which each reached this broker. */
  get advertisedListeners(): Listener[] | undefined {
    const elements = this.list('advertised.listeners')
    if (elements.length === 0) return undefined
    return parseListeners('advertised.listeners', elements, this.listenerSecurityProtocols)
  }
  get interBrokerListenerName(): string {
    const given = this.text('inter.broker.listener.name').toUpperCase()
    if (given !== '') return given
    const byProtocol = this.text('security.inter.broker.protocol').toUpperCase()
    const listeners = this.brokerListeners
    return listeners.length === 1 ? listeners[0]!.name : byProtocol
  }
  get socketListenBacklogSize(): number {
    return this.number('socket.listen.backlog.size')
  }
  get socketRequestMaxBytes(): number {
    return this.number('socket.request.max.bytes')
  }
  /** A listener may have a limit of its own; infinite where it is negative. */
  connectionsMaxIdleMs(listenerName: string): number {
    const own = this.optionalNumber(`listener.name.${listenerName.toLowerCase()}.connections.max.idle.ms`)
    const limit = own ?? this.number('connections.max.idle.ms')
    return limit < 0 ? Number.POSITIVE_INFINITY : limit
  }
  get maxConnections(): number {
    return this.number('max.connections')
  }
  get maxConnectionsPerIp(): number {
    return this.number('max.connections.per.ip')
  }
  get maxConnectionsPerIpOverrides(): ReadonlyMap<string, number> {
    return parseConnectionOverrides(this.text('max.connections.per.ip.overrides'))
  }
  get queuedMaxRequests(): number {
    return this.number('queued.max.requests')
  }
  /** -1 for no limit of the operator's. */
  get queuedMaxRequestBytes(): number {
    return this.number('queued.max.request.bytes')
  }
  get requestTimeoutMs(): number {
    return this.number('request.timeout.ms')
  }

  // Topics and logs
  /** Data directories, as given: `log.dirs`, or `log.dir`, or ./ottla-data. */
  get logDirs(): readonly string[] {
    const dirs = this.list('log.dirs')
    return dirs.length > 0 ? dirs : this.list('log.dir')
  }
  /** How many replicas are copied between log directories at once; by default as many as there are directories. */
  get replicaAlterLogDirsThreads(): number {
    return Math.max(1, this.optionalNumber('num.replica.alter.log.dirs.threads') ?? this.logDirs.length)
  }
  get replicaAlterLogDirsBytesPerSecondMax(): number {
    return this.number('replica.alter.log.dirs.io.max.bytes.per.second')
  }
  /** New replicas go elsewhere. `dir` as it stands in `logDirs`. */
  isLogDirCordoned(dir: string): boolean {
    const cordoned = this.list('cordoned.log.dirs')
    return cordoned.includes('*') || cordoned.includes(dir)
  }
  get metadataLogDir(): string {
    return this.text('metadata.log.dir') || this.logDirs[0]!
  }
  get numPartitions(): number {
    return this.number('num.partitions')
  }
  get defaultReplicationFactor(): number {
    return this.number('default.replication.factor')
  }
  get minInSyncReplicas(): number {
    return this.number('min.insync.replicas')
  }
  get autoCreateTopicsEnable(): boolean {
    return this.boolean('auto.create.topics.enable')
  }
  get deleteTopicEnable(): boolean {
    return this.boolean('delete.topic.enable')
  }
  get messageMaxBytes(): number {
    return this.number('message.max.bytes')
  }
  get fetchMaxBytes(): number {
    return this.number('fetch.max.bytes')
  }
  get maxIncrementalFetchSessionCacheSlots(): number {
    return this.number('max.incremental.fetch.session.cache.slots')
  }
  get maxRequestPartitionSizeLimit(): number {
    return this.number('max.request.partition.size.limit')
  }
  get logRetentionCheckIntervalMs(): number {
    return this.number('log.retention.check.interval.ms')
  }
  get logFlushSchedulerIntervalMs(): number {
    return this.number('log.flush.scheduler.interval.ms')
  }
  get logFlushOffsetCheckpointIntervalMs(): number {
    return this.number('log.flush.offset.checkpoint.interval.ms')
  }
  get logFlushStartOffsetCheckpointIntervalMs(): number {
    return this.number('log.flush.start.offset.checkpoint.interval.ms')
  }
  get replicaHighWatermarkCheckpointIntervalMs(): number {
    return this.number('replica.high.watermark.checkpoint.interval.ms')
  }
  get logDirFailureTimeoutMs(): number {
    return this.number('log.dir.failure.timeout.ms')
  }
  get logCleanerEnable(): boolean {
    return this.boolean('log.cleaner.enable')
  }
  get logCleanerBackoffMs(): number {
    return this.number('log.cleaner.backoff.ms')
  }
  get logCleanerDedupeBufferSize(): number {
    return this.number('log.cleaner.dedupe.buffer.size')
  }
  get producerIdExpirationMs(): number {
    return this.number('producer.id.expiration.ms')
  }

  // Groups, offsets, transactions
  get groupInitialRebalanceDelayMs(): number {
    return this.number('group.initial.rebalance.delay.ms')
  }
  get groupMinSessionTimeoutMs(): number {
    return this.number('group.min.session.timeout.ms')
  }
  get groupMaxSessionTimeoutMs(): number {
    return this.number('group.max.session.timeout.ms')
  }
  get groupMaxSize(): number {
    return this.number('group.max.size')
  }
  get offsetMetadataMaxBytes(): number {
    return this.number('offset.metadata.max.bytes')
  }
  get offsetsTopicNumPartitions(): number {
    return this.number('offsets.topic.num.partitions')
  }
  get offsetsTopicReplicationFactor(): number {
    return this.number('offsets.topic.replication.factor')
  }
  get offsetsTopicSegmentBytes(): number {
    return this.number('offsets.topic.segment.bytes')
  }
  /** The codec's number in record batches; 0 is none. */
  get offsetsTopicCompressionCodec(): number {
    return this.number('offsets.topic.compression.codec')
  }
  get offsetsLoadBufferSize(): number {
    return this.number('offsets.load.buffer.size')
  }
  get offsetsCommitTimeoutMs(): number {
    return this.number('offsets.commit.timeout.ms')
  }
  get offsetsRetentionMs(): number {
    return this.number('offsets.retention.minutes') * 60_000
  }
  get offsetsRetentionCheckIntervalMs(): number {
    return this.number('offsets.retention.check.interval.ms')
  }
  get transactionMaxTimeoutMs(): number {
    return this.number('transaction.max.timeout.ms')
  }
  get transactionalIdExpirationMs(): number {
    return this.number('transactional.id.expiration.ms')
  }
  get transactionStateLogNumPartitions(): number {
    return this.number('transaction.state.log.num.partitions')
  }
  get transactionStateLogReplicationFactor(): number {
    return this.number('transaction.state.log.replication.factor')
  }
  get transactionStateLogMinIsr(): number {
    return this.number('transaction.state.log.min.isr')
  }
  get transactionStateLogSegmentBytes(): number {
    return this.number('transaction.state.log.segment.bytes')
  }

  // Controllers and the metadata log
  get controllerQuorumVoters(): VoterAddress[] {
    return parseVoters('controller.quorum.voters', this.list('controller.quorum.voters'))
  }
  get controllerQuorumBootstrapServers(): { host: string; port: number }[] {
    const key = 'controller.quorum.bootstrap.servers'
    return parseAddresses(key, this.list(key))
  }
  /** A controller whose quorum is itself alone: neither voters nor bootstrap servers are given. */
  get isQuorumOfOne(): boolean {
    return (
      this.isController &&
      this.list('controller.quorum.voters').length === 0 &&
      this.list('controller.quorum.bootstrap.servers').length === 0
    )
  }
  get quorumElectionTimeoutMs(): number {
    return this.number('controller.quorum.election.timeout.ms')
  }
  get quorumElectionBackoffMaxMs(): number {
    return this.number('controller.quorum.election.backoff.max.ms')
  }
  get autoLeaderRebalance(): boolean {
    return this.boolean('auto.leader.rebalance.enable')
  }
  get leaderImbalanceCheckIntervalMs(): number {
    return this.number('leader.imbalance.check.interval.seconds') * 1000
  }
  get quorumFetchTimeoutMs(): number {
    return this.number('controller.quorum.fetch.timeout.ms')
  }
  get quorumRequestTimeoutMs(): number {
    return this.number('controller.quorum.request.timeout.ms')
  }
  get quorumRetryBackoffMs(): number {
    return this.number('controller.quorum.retry.backoff.ms')
  }
  get quorumAppendLingerMs(): number {
    return this.number('controller.quorum.append.linger.ms')
  }
  get metadataLogSegmentBytes(): number {
    return this.optionalNumber('internal.metadata.log.segment.bytes') ?? this.number('metadata.log.segment.bytes')
  }
  get metadataLogSegmentMs(): number {
    return this.number('metadata.log.segment.ms')
  }
  get metadataLogMaxRecordBytesBetweenSnapshots(): number {
    return this.number('metadata.log.max.record.bytes.between.snapshots')
  }
  get metadataLogMaxSnapshotIntervalMs(): number {
    return this.number('metadata.log.max.snapshot.interval.ms')
  }
  get metadataMaxIdleIntervalMs(): number {
    return this.number('metadata.max.idle.interval.ms')
  }
  get metadataMaxRetentionBytes(): number {
    return this.number('metadata.max.retention.bytes')
  }
  get metadataMaxRetentionMs(): number {
    return this.number('metadata.max.retention.ms')
  }

  // Replication
  /** replica.selector.class: consumers that tell their rack read from a replica in it. */
  get selectsReplicasByRack(): boolean {
    return this.text('replica.selector.class') === rackAwareReplicaSelector
  }
  get replicaLagTimeMaxMs(): number {
    return this.number('replica.lag.time.max.ms')
  }
  get replicaFetchMaxBytes(): number {
    return this.number('replica.fetch.max.bytes')
  }
  get replicaFetchMinBytes(): number {
    return this.number('replica.fetch.min.bytes')
  }
  get replicaFetchWaitMaxMs(): number {
    return this.number('replica.fetch.wait.max.ms')
  }
  get replicaFetchBackoffMs(): number {
    return this.number('replica.fetch.backoff.ms')
  }
  get replicaFetchResponseMaxBytes(): number {
    return this.number('replica.fetch.response.max.bytes')
  }
  get replicaSocketTimeoutMs(): number {
    return this.number('replica.socket.timeout.ms')
  }
}
