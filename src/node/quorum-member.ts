/**
 * A node's part in the metadata quorum: its replica of the metadata log, the image that follows it, snapshots, and on a
 * controller the controller itself. Brokers have it as observers, controllers as voters.
 */
import { zeroUuid } from '../base/uuid.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import { nodeHashing } from '../io/node-hashing.ts'
import { createLogEnvironment } from '../log/log-environment.ts'
import { decodeMetadataRecord } from '../metadata/metadata-record-codec.ts'
import { defaultRaftTimings, type RaftConfig } from '../raft/raft-io.ts'
import type { Voter } from '../raft/voter-set.ts'
import type { ActiveControllerSource } from '../runtime/controller/controller-network-channel.ts'
import { ControllerRuntime } from '../runtime/controller/controller-runtime.ts'
import { MetadataFeed, type MetadataFollower } from '../runtime/raft/metadata-feed.ts'
import { MetadataPublisher } from '../runtime/raft/metadata-publisher.ts'
import { MetadataSnapshots } from '../runtime/raft/metadata-snapshots.ts'
import { RaftDriver } from '../runtime/raft/raft-driver.ts'
import { readBootstrapRecords } from '../runtime/raft/raft-format.ts'
import { RaftPeers } from '../runtime/raft/raft-peers.ts'
import type { OpenListener } from '../server/tcp-server.ts'
import { controllerEndpoints } from './endpoints.ts'
import type { NodeEnvironment } from './node-environment.ts'

const supportedKraftVersions = { kraftVersionMin: 0, kraftVersionMax: 1 }
/** How long a leader that stops waits for another to be elected. */
const handoverMs = 1_000

export interface QuorumMember {
  readonly driver: RaftDriver
  readonly publisher: MetadataPublisher
  /** Undefined on a node that is no controller. */
  readonly controller: ControllerRuntime | undefined
  /** Who is the active controller, for those who speak to it. */
  readonly activeController: ActiveControllerSource
  /** Joins the quorum: from now on the log is read, and requests of other nodes may come. */
  start(): void
  /** Leaves it; an active controller hands over first. */
  close(): Promise<void>
}

/** `open` are the listeners that are open; the controllers' must be before `start`. */
export async function openQuorumMember(
  environment: NodeEnvironment,
  open: readonly OpenListener[],
): Promise<QuorumMember> {
  const { config, machine, loggers } = environment
  const { clock, fileSystem, random } = machine
  const publisher = new MetadataPublisher()
  const controller = config.isController ? await createController(environment) : undefined
  const snapshots = new MetadataSnapshots({
    publisher,
    clock,
    logger: loggers.logger('ottla.controller'),
    maxBytes: config.number('metadata.log.max.record.bytes.between.snapshots'),
    maxIntervalMs: config.number('metadata.log.max.snapshot.interval.ms'),
  })
  const leaderWatchers = new Set<() => void>()
  const news: MetadataFollower = {
    onSnapshot: () => {},
    onCommitted: () => {},
    onLeaderChange: () => {
      for (const tell of [...leaderWatchers]) tell()
    },
  }
  const followers = [publisher, snapshots, ...(controller === undefined ? [] : [controller]), news]
  const peers = createPeers(environment, (id) => {
    controller?.onPeerGone(id)
    driver.onPeerGone(id)
  })
  const driver = await RaftDriver.open({
    logDirectory: config.metadataLogDir,
    config: raftConfig(environment, open),
    staticVoters: staticVoters(config, environment, open),
    logSettings: { segmentBytes: config.metadataLogSegmentBytes, segmentMs: config.metadataLogSegmentMs },
    retention: { bytesMax: config.metadataMaxRetentionBytes, ageMsMax: config.metadataMaxRetentionMs },
    environment: createLogEnvironment({ fileSystem, clock, random }, { logger: loggers.logger('ottla.raft') }),
    network: peers,
    listener: new MetadataFeed(followers),
    onFailure: (error) => environment.halt(`the metadata log failed: ${error.message}`),
  })
  controller?.attach(driver)
  const start = (): void => {
    snapshots.start(driver)
    driver.start()
  }
  const activeController: ActiveControllerSource = {
    leader: () => (driver.leader === undefined ? undefined : { ...driver.leader, epoch: driver.epoch }),
    onLeaderChange(callback) {
      leaderWatchers.add(callback)
      return () => leaderWatchers.delete(callback)
    },
  }
  const close = async (): Promise<void> => {
    await driver.close(handoverMs)
    controller?.close()
    peers.close()
  }
  return { driver, publisher, controller, activeController, start, close }
}

function createPeers({ config, machine, loggers }: NodeEnvironment, onPeerGone: (id: number) => void): RaftPeers {
  return new RaftPeers({
    network: machine.network,
    clock: machine.clock,
    logger: loggers.logger('ottla.raft'),
    nodeId: config.nodeId,
    requestTimeoutMs: config.quorumRequestTimeoutMs,
    fetchWaitMs: defaultRaftTimings.fetchWaitMsMax,
    onPeerGone,
  })
}

async function createController({ config, clusterId, machine, loggers }: NodeEnvironment): Promise<ControllerRuntime> {
  const { clock, random, fileSystem, network } = machine
  const encoded = await readBootstrapRecords(fileSystem, config.metadataLogDir)
  const bootstrapRecords = encoded.map((bytes) => decodeMetadataRecord(bytes))
  const logger = loggers.logger('ottla.controller')
  return new ControllerRuntime({
    ...{ config, clusterId, clock, random, network, logger, bootstrapRecords },
    hashing: nodeHashing,
  })
}

function raftConfig(environment: NodeEnvironment, open: readonly OpenListener[]): RaftConfig {
  const { config, clusterId, directoryId, machine } = environment
  return {
    nodeId: config.nodeId,
    directoryId,
    clusterId,
    canVote: config.isController,
    joinsQuorum: config.isController && config.boolean('controller.quorum.auto.join.enable'),
    // Ports that the configuration leaves free are known later.
    get endpoints() {
      return controllerEndpoints(config, machine.hostName, open)
    },
    ...supportedKraftVersions,
    bootstrapServers: bootstrapServers(config),
    electionTimeoutMs: config.quorumElectionTimeoutMs,
    fetchTimeoutMs: config.quorumFetchTimeoutMs,
    electionBackoffMsMax: config.quorumElectionBackoffMaxMs,
    requestTimeoutMs: config.quorumRequestTimeoutMs,
    retryBackoffMs: config.quorumRetryBackoffMs,
    fetchBytesMax: config.number('controller.quorum.fetch.max.bytes'),
    fetchSnapshotBytesMax: config.number('controller.quorum.fetch.snapshot.max.bytes'),
    fetchWaitMsMax: defaultRaftTimings.fetchWaitMsMax,
  }
}

/** The name of the listener by which voters reach each other. */
function controllerListenerName(config: BrokerConfig): string {
  return config.controllerListenerNames[0] ?? 'CONTROLLER'
}

/** Where the leader can be asked for: the servers named for it, else the voters. */
function bootstrapServers(config: BrokerConfig) {
  const name = controllerListenerName(config)
  const named = config.controllerQuorumBootstrapServers
  const servers = named.length > 0 ? named : config.controllerQuorumVoters.filter(({ id }) => id !== config.nodeId)
  return servers.map(({ host, port }) => ({ name, host, port }))
}

/**
 * Who votes until the log says otherwise: those that the configuration names, and a controller that knows of no other,
 * itself. Where only bootstrap servers are named, the log of a formatted voter says it.
 */
function staticVoters(
  config: BrokerConfig,
  { machine }: NodeEnvironment,
  open: readonly OpenListener[],
): readonly Voter[] {
  const name = controllerListenerName(config)
  const endpoints = controllerEndpoints(config, machine.hostName, open)
  if (config.isQuorumOfOne) return [{ id: config.nodeId, directoryId: zeroUuid, endpoints, ...supportedKraftVersions }]
  return config.controllerQuorumVoters.map(({ id, host, port }) => ({
    id,
    directoryId: zeroUuid,
    endpoints: [{ name, host, port }],
    ...supportedKraftVersions,
  }))
}
