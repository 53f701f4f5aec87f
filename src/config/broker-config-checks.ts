/**
 * What the values of a node's configuration must be to each other, as Kafka checks at its start. Each refusal is one
 * line that names the key and what to do. Two rules are ottla's own: a controller that is a quorum of one needs no
 * listener, and listeners with TLS or SASL are refused because ottla does not serve them yet.
 */
import type { BrokerConfig } from './broker-config.ts'
import { ConfigError } from './config-value.ts'
import { checkDistinctPorts, isEveryAddress, type Listener } from './listeners.ts'

function require(condition: boolean, message: string): void {
  if (!condition) throw new ConfigError(message)
}

/** Throws ConfigError at the first contradiction; tells `onWarning` what is odd but allowed. */
export function checkBrokerConfig(config: BrokerConfig, onWarning: (message: string) => void): void {
  checkNode(config)
  checkListeners(config)
  checkRoles(config, onWarning)
  checkAdvertised(config)
  checkNumbers(config)
}

function checkNode(config: BrokerConfig): void {
  require(config.nodeId >= 0, 'node.id must be zero or more; set it to a number that no other node of the cluster has')
  require(config.nodeId ===
    config.number(
      'broker.id',
    ), `node.id=${config.nodeId} and broker.id=${config.number('broker.id')} differ; remove broker.id`)
  require(config.isBroker ||
    config.isController, 'process.roles is empty; set it to broker, controller or broker,controller')
  require(config.logDirs.length > 0, 'log.dirs names no directory; set it to where the data shall be')
  require(!config.logDirs.includes(''), 'log.dirs has an empty element; remove the comma too many')
  require(new Set(config.logDirs).size === config.logDirs.length, 'log.dirs names one directory twice; name it once')
  const unknown = config.list('cordoned.log.dirs').filter((dir) => dir !== '*' && !config.logDirs.includes(dir))
  require(unknown.length === 0, `cordoned.log.dirs names ${unknown.join(', ')}, which log.dirs does not`)
}

function checkServed(key: string, listeners: readonly Listener[]): void {
  const secure = listeners.find((listener) => listener.securityProtocol !== 'PLAINTEXT')
  if (secure === undefined) return
  throw new ConfigError(
    `${key}: listener ${secure.name} is ${secure.securityProtocol}, which ottla does not serve yet; use PLAINTEXT`,
  )
}

function checkListeners(config: BrokerConfig): void {
  const listeners = config.listeners
  require(listeners.length > 0, 'listeners is empty; set it to what shall be opened, as in PLAINTEXT://:9092')
  checkDistinctPorts('listeners', listeners)
  checkServed('listeners', listeners)
}

function checkRoles(config: BrokerConfig, onWarning: (message: string) => void): void {
  const names = config.controllerListenerNames
  const voterIds = config.controllerQuorumVoters.map((voter) => voter.id)
  const hasQuorum = voterIds.length > 0 || config.controllerQuorumBootstrapServers.length > 0
  const listenerNames = config.listeners.map((listener) => listener.name)
  if (!config.isController) {
    require(hasQuorum, 'process.roles=broker needs controllers: set controller.quorum.bootstrap.servers or controller.quorum.voters')
    require(!voterIds.includes(
      config.nodeId,
    ), `controller.quorum.voters names this node, ${config.nodeId}, which process.roles=broker makes no controller`)
    require(names.length >
      0, 'process.roles=broker needs controller.listener.names: the name of the controllers listener')
    const shared = names.find((name) => listenerNames.includes(name))
    require(shared ===
      undefined, `listeners must not have ${shared} of controller.listener.names when process.roles=broker`)
    for (const name of names)
      require(config.listenerSecurityProtocols.has(
        name,
      ), `listener.security.protocol.map lacks ${name} of controller.listener.names; add ${name}:PLAINTEXT`)
    if (names.length > 1) onWarning('controller.listener.names has several names; a broker uses the first only')
    return
  }
  require(voterIds.length === 0 ||
    voterIds.includes(config.nodeId), `controller.quorum.voters lacks this controller; add ${config.nodeId}@host:port`)
  const missing = names.find((name) => !listenerNames.includes(name))
  require(missing === undefined, `controller.listener.names has ${missing}, which listeners lacks`)
  require(names.length > 0 ||
    (config.isBroker &&
      !hasQuorum), 'controller.listener.names is empty; name the listener on which controllers answer each other')
  if (!config.isBroker) {
    const other = listenerNames.find((name) => !names.includes(name))
    require(other ===
      undefined, `listeners has ${other}, which controller.listener.names lacks; process.roles=controller serves controllers only`)
  }
}

function checkAdvertised(config: BrokerConfig): void {
  const advertised = config.advertisedListeners
  const names = config.listeners.map((listener) => listener.name)
  for (const listener of advertised ?? []) {
    require(listener.host !== '', `advertised.listeners: ${listener.name} has no host; name one that clients can reach`)
    require(!isEveryAddress(
      listener.host,
    ), `advertised.listeners: nobody can connect to ${listener.host}; name an address that clients can reach`)
    require(names.includes(
      listener.name,
    ), `advertised.listeners has ${listener.name}, which listeners (${names.join(', ')}) lacks`)
  }
  if (!config.isBroker) return
  const controllerNames = config.controllerListenerNames
  const brokerNames = (advertised ?? config.listeners)
    .map((listener) => listener.name)
    .filter((name) => !controllerNames.includes(name))
  require(brokerNames.length > 0, 'listeners has none for clients: all are in controller.listener.names')
  require(config.text('inter.broker.listener.name') === '' ||
    !config.layers.isSet(
      'security.inter.broker.protocol',
    ), 'inter.broker.listener.name and security.inter.broker.protocol are both set; remove the second')
  const between = config.interBrokerListenerName
  require(brokerNames.includes(
    between,
  ), `inter.broker.listener.name: ${between} is not among the listeners; choose one of ${brokerNames.join(', ')}`)
}

function checkNumbers(config: BrokerConfig): void {
  const retentionMs = config.value('log.retention.ms')
  require(retentionMs === null ||
    (retentionMs as bigint) >= 1n ||
    retentionMs === -1n, `log.retention.ms=${retentionMs} must be 1 or more, or -1 to keep records for ever`)
  const rollMs = config.value('log.roll.ms')
  require(rollMs === null || (rollMs as bigint) >= 1n, `log.roll.ms=${rollMs} must be 1 or more`)
  require(config.replicaFetchWaitMaxMs <=
    config.replicaSocketTimeoutMs, 'replica.socket.timeout.ms must be at least replica.fetch.wait.max.ms')
  require(config.replicaFetchWaitMaxMs <=
    config.replicaLagTimeMaxMs, 'replica.lag.time.max.ms must be at least replica.fetch.wait.max.ms')
  const queuedBytes = config.queuedMaxRequestBytes
  require(queuedBytes <= 0 ||
    queuedBytes >=
      config.socketRequestMaxBytes, `queued.max.request.bytes=${queuedBytes} must be at least socket.request.max.bytes=${config.socketRequestMaxBytes}`)
  require(config.maxConnectionsPerIp > 0 ||
    config.maxConnectionsPerIpOverrides.size >
      0, 'max.connections.per.ip=0 shuts every client out; name exceptions in max.connections.per.ip.overrides')
  require(config.groupMinSessionTimeoutMs <=
    config.groupMaxSessionTimeoutMs, 'group.min.session.timeout.ms must not be above group.max.session.timeout.ms')
  require(config.logCleanerDedupeBufferSize / Math.max(1, config.number('log.cleaner.threads')) >
    1_048_576, 'log.cleaner.dedupe.buffer.size must be more than 1 MB for each of log.cleaner.threads')
}
