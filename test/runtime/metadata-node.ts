/**
 * A node without sockets and partitions: raft driver on a simulated disk, publisher, snapshots, controller and a broker's
 * life, joined as node.ts joins them.
 */
import { silentLogger } from '../../src/base/logger.ts'
import { BrokerConfig } from '../../src/config/broker-config.ts'
import { nodeHashing } from '../../src/io/node-hashing.ts'
import type { MetadataRecord } from '../../src/metadata/metadata-record.ts'
import { BrokerLifecycle, type BrokerLifecycleOptions } from '../../src/runtime/broker/broker-lifecycle.ts'
import { LocalControllerChannel } from '../../src/runtime/controller/controller-local-channel.ts'
import { ControllerRuntime } from '../../src/runtime/controller/controller-runtime.ts'
import { type DecodedBatch, MetadataFeed, type MetadataFollower } from '../../src/runtime/raft/metadata-feed.ts'
import { MetadataPublisher } from '../../src/runtime/raft/metadata-publisher.ts'
import { MetadataSnapshots } from '../../src/runtime/raft/metadata-snapshots.ts'
import type { RaftDriver } from '../../src/runtime/raft/raft-driver.ts'
import { clusterId, directoryIdOf, RaftHarness, type RaftMachine } from './raft-harness.ts'

/** Notes every record that was committed, with its offset. */
class CommittedRecords implements MetadataFollower {
  readonly batches: (readonly [baseOffset: number, records: readonly MetadataRecord[]])[] = []
  snapshotsCount = 0

  onSnapshot(): void {
    this.snapshotsCount++
  }

  onCommitted(batch: DecodedBatch): void {
    this.batches.push([batch.baseOffset, batch.records()])
  }
}

export class MetadataNode {
  readonly config: BrokerConfig
  readonly publisher = new MetadataPublisher()
  readonly committed = new CommittedRecords()
  readonly controller: ControllerRuntime
  readonly channel: LocalControllerChannel
  readonly snapshots: MetadataSnapshots
  readonly #harness: RaftHarness
  readonly #machine: RaftMachine
  driver!: RaftDriver

  constructor(harness: RaftHarness, config: Readonly<Record<string, string>> = {}) {
    this.#harness = harness
    this.#machine = harness.machine
    const { clock, random } = harness
    const logger = silentLogger
    this.config = BrokerConfig.from(new Map(Object.entries(config)))
    this.controller = new ControllerRuntime({
      ...{ config: this.config, clusterId, clock, random, logger },
      hashing: nodeHashing,
    })
    this.channel = new LocalControllerChannel({ controller: this.controller, clock, timeoutMs: 5000 })
    this.snapshots = new MetadataSnapshots({
      publisher: this.publisher,
      clock,
      logger,
      maxBytes: this.config.metadataLogMaxRecordBytesBetweenSnapshots,
      maxIntervalMs: this.config.metadataLogMaxSnapshotIntervalMs,
    })
  }

  /** A node on a disk that was just formatted. */
  static async first(config: Readonly<Record<string, string>> = {}): Promise<[MetadataNode, RaftHarness]> {
    const harness = new RaftHarness()
    await harness.machine.format()
    const node = new MetadataNode(harness, config)
    await node.start()
    return [node, harness]
  }

  /** Another process on the same disk. */
  static async again(harness: RaftHarness, config: Readonly<Record<string, string>> = {}): Promise<MetadataNode> {
    const node = new MetadataNode(harness, config)
    await node.start()
    return node
  }

  async start(): Promise<void> {
    const listener = new MetadataFeed([this.publisher, this.snapshots, this.controller, this.committed])
    this.driver = await this.#machine.open({ listener })
    this.controller.attach(this.driver)
    this.snapshots.start(this.driver)
    this.driver.start()
    await this.#harness.settle()
  }

  lifecycle(options: Partial<BrokerLifecycleOptions> = {}): BrokerLifecycle {
    const { clock, random } = this.#harness
    return new BrokerLifecycle({
      brokerId: 1,
      clusterId,
      endpoints: [{ name: 'PLAINTEXT', host: 'localhost', port: 9092, securityProtocol: 0 }],
      rack: null,
      logDirectoryIds: () => [directoryIdOf(1)],
      offlineLogDirectoryIds: () => [],
      cordonedLogDirectoryIds: () => [],
      previousBrokerEpoch: -1,
      controller: this.channel,
      publisher: this.publisher,
      clock,
      random,
      logger: silentLogger,
      heartbeatIntervalMs: this.config.brokerHeartbeatIntervalMs,
      registrationTimeoutMs: this.config.initialBrokerRegistrationTimeoutMs,
      openLogs: async () => this.publisher.publish(),
      ...options,
    })
  }

  /** Stops without a word, as a process that is killed. */
  kill(): void {
    this.controller.close()
    this.#machine.crash('process')
  }
}
