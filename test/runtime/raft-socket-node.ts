/**
 * A replica of the metadata log as a process would run it, but for the process: raft driver, real disk, real sockets both
 * ways, the handlers of a controller's listener.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LeveledLoggers } from '../../src/base/leveled-loggers.ts'
import { silentLogger } from '../../src/base/logger.ts'
import { BrokerConfig } from '../../src/config/broker-config.ts'
import type { NodeServices } from '../../src/handlers/broker.ts'
import { handlers } from '../../src/handlers/index.ts'
import { NodeClock } from '../../src/io/node-clock.ts'
import { NodeFileSystem } from '../../src/io/node-file-system.ts'
import { NodeNetwork } from '../../src/io/node-network.ts'
import { NodeRandom } from '../../src/io/node-random.ts'
import { createLogEnvironment } from '../../src/log/log-environment.ts'
import { MetadataImage } from '../../src/metadata/metadata-image.ts'
import { defaultRaftTimings, type RaftConfig } from '../../src/raft/raft-io.ts'
import type { Endpoint, Voter } from '../../src/raft/voter-set.ts'
import { defaultMetadataLogSettings, RaftDriver, type RaftDriverOptions } from '../../src/runtime/raft/raft-driver.ts'
import { formatMetadataDirectory } from '../../src/runtime/raft/raft-format.ts'
import { RaftPeers } from '../../src/runtime/raft/raft-peers.ts'
import { TcpServer } from '../../src/server/tcp-server.ts'
import { freePort } from '../interop/support/ports.ts'
import { clusterId, directoryIdOf, RecordingListener } from './raft-harness.ts'

const network = new NodeNetwork()
const random = new NodeRandom()

export class RaftSocketNode {
  readonly id: number
  readonly root = mkdtempSync(join(tmpdir(), 'ottla-raft-'))
  readonly #clock = new NodeClock()
  listener = new RecordingListener()
  readonly failures: Error[] = []
  driver!: RaftDriver
  peers!: RaftPeers
  #server: TcpServer | undefined
  #port: number

  constructor(id: number, port = 0) {
    this.id = id
    this.#port = port
  }

  get endpoint(): Endpoint {
    return { name: 'CONTROLLER', host: '127.0.0.1', port: this.#port }
  }

  get voter(): Voter {
    return {
      id: this.id,
      directoryId: directoryIdOf(this.id),
      endpoints: [this.endpoint],
      kraftVersionMin: 0,
      kraftVersionMax: 1,
    }
  }

  format(...voters: Voter[]): Promise<void> {
    const fileSystem = new NodeFileSystem()
    return formatMetadataDirectory({ fileSystem, clock: this.#clock, logDirectory: this.root, voters })
  }

  /** Opens the listener; what comes before the driver is there waits. */
  async listen(): Promise<void> {
    const config = BrokerConfig.from(
      new Map([
        ['process.roles', 'controller'],
        ['node.id', `${this.id}`],
        ['listeners', 'CONTROLLER://127.0.0.1:0'],
        ['controller.listener.names', 'CONTROLLER'],
        ['controller.quorum.bootstrap.servers', 'localhost:9093'],
      ]),
    )
    this.#server = new TcpServer({
      network,
      clock: this.#clock,
      logger: silentLogger,
      config,
      services: { controller: this.#services(config) },
      served: handlers,
    })
    const [listener] = config.controllerListeners
    // The same after a restart; none that a peer's outgoing connection may be given meanwhile.
    if (this.#port === 0) this.#port = await freePort()
    this.#port = (await this.#server.listen({ ...listener!, port: this.#port }, 'controller')).port
  }

  async start(options: Partial<RaftDriverOptions> = {}, config: Partial<RaftConfig> = {}): Promise<void> {
    this.listener = new RecordingListener()
    this.peers = new RaftPeers({
      network,
      clock: this.#clock,
      logger: silentLogger,
      nodeId: this.id,
      requestTimeoutMs: defaultRaftTimings.requestTimeoutMs,
      fetchWaitMs: defaultRaftTimings.fetchWaitMsMax,
      onPeerGone: (id) => this.driver.onPeerGone(id),
    })
    const fileSystem = new NodeFileSystem()
    this.driver = await RaftDriver.open({
      logDirectory: this.root,
      config: {
        nodeId: this.id,
        directoryId: directoryIdOf(this.id),
        clusterId,
        canVote: true,
        endpoints: [this.endpoint],
        kraftVersionMin: 0,
        kraftVersionMax: 1,
        bootstrapServers: [],
        ...defaultRaftTimings,
        ...config,
      },
      staticVoters: [],
      logSettings: defaultMetadataLogSettings,
      retention: { bytesMax: 1, ageMsMax: -1 },
      environment: createLogEnvironment({ fileSystem, clock: this.#clock, random }),
      network: this.peers,
      listener: this.listener,
      onFailure: (error) => this.failures.push(error),
      ...options,
    })
    this.driver.start()
  }

  /** As if the process died: nobody is told, the sockets close. */
  async kill(): Promise<void> {
    this.peers.close()
    const stopped = this.#server!.stop(0)
    await Promise.all([stopped, this.driver.close()])
  }

  async stop(): Promise<void> {
    await this.driver.close(5000)
    this.peers.close()
    await this.#server!.stop(0)
  }

  async remove(): Promise<void> {
    await this.kill()
    this.#clock.close()
    rmSync(this.root, { recursive: true })
  }

  #services(config: BrokerConfig): NodeServices {
    const node = this
    const loggers = new LeveledLoggers('INFO', silentLogger)
    const common = { nodeId: this.id, clusterId, clock: this.#clock, random, logger: silentLogger, loggers, config }
    return {
      ...common,
      authorize: () => true,
      image: new MetadataImage(),
      get kraftVersion() {
        return node.driver.settings.kraftVersion
      },
      get quorum() {
        return node.driver
      },
      controller: { send: () => Promise.reject(new Error('there is no controller')) },
      topicReadiness: undefined as never,
    }
  }
}
