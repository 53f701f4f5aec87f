/**
 * Puts one node together and takes it apart: its part in the metadata quorum, a controller, a broker or both, and the
 * server. Built by node.ts.
 *
 * A controller's listener opens first, because the quorum needs it; a broker's when its logs are open and before the
 * controller unfences it, so that who is told of it finds it. Stopping goes the other way round: the broker is relieved
 * of its leaderships while it still serves, the controller hands over, then the listeners close; a node alone closes its
 * listeners first.
 */
import { LeveledLoggers } from '../base/leveled-loggers.ts'
import type { Logger } from '../base/logger.ts'
import { randomUuid, type Uuid } from '../base/uuid.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { Listener } from '../config/listeners.ts'
import type { Broker, NodeServices } from '../handlers/broker.ts'
import { handlers } from '../handlers/index.ts'
import { NodeCodecs } from '../io/codecs/node-codecs.ts'
import { findNativeCrc32c } from '../io/crc32c.ts'
import { joinPath } from '../log/file-names.ts'
import { installCrc32c } from '../protocol/record/crc32c.ts'
import { TopicReadiness } from '../runtime/broker/topic-readiness.ts'
import { LocalControllerChannel } from '../runtime/controller/controller-local-channel.ts'
import { ControllerChannels } from '../runtime/controller/controller-network-channel.ts'
import { registerController } from '../runtime/controller/controller-registration.ts'
import type { ControllerRuntime } from '../runtime/controller/controller-runtime.ts'
import { type OpenListener, TcpServer } from '../server/tcp-server.ts'
import { BrokerRole, followDynamicSettings } from './broker-role.ts'
import { controllerEndpoints, isClustered } from './endpoints.ts'
import type { Machine } from './machine.ts'
import { joinServices, type NodeEnvironment, type SharedServices } from './node-environment.ts'
import { openQuorumMember, type QuorumMember } from './quorum-member.ts'

const stopGraceMs = 5_000
const lockName = '.lock'

export interface AssembledNodeOptions {
  readonly config: BrokerConfig
  readonly logger: Logger
  readonly clusterId: Uuid
  /** Of the directory that holds the metadata log. */
  readonly directoryId: Uuid
  readonly machine: Machine
}

export class AssembledNode {
  readonly halted: Promise<string>
  readonly #environment: NodeEnvironment
  readonly #listeners: OpenListener[] = []
  #role: BrokerRole | undefined
  #quorum: QuorumMember | undefined
  #isStopped = false

  constructor({ config, logger, clusterId, directoryId, machine }: AssembledNodeOptions) {
    let halt: (reason: string) => void = () => {}
    this.halted = new Promise((resolve) => {
      halt = resolve
    })
    this.#environment = {
      config,
      clusterId,
      directoryId,
      machine,
      // A logger of the embedding program's own decides by itself what it shows.
      loggers: logger.named ?? new LeveledLoggers('TRACE', logger),
      codecs: new NodeCodecs(),
      halt,
      stops: [],
    }
  }

  /** What serves its handlers; undefined until it is started, and on a node that is no broker. */
  get broker(): Broker | undefined {
    return this.#role?.broker
  }

  /** Undefined until it is started. */
  get quorum(): QuorumMember | undefined {
    return this.#quorum
  }

  /** Resolves with the open listeners when clients are served. */
  async start(): Promise<readonly OpenListener[]> {
    // What waits for a part that has failed would wait for ever.
    const failed = this.halted.then((reason) => Promise.reject(new Error(reason)))
    try {
      await Promise.race([this.#start(), failed])
      return this.#listeners
    } catch (error) {
      await this.stop().catch(() => {})
      throw error
    }
  }

  /** Takes apart what was built, last first, all of it. Rejects with what failed first. */
  async stop(): Promise<void> {
    this.#isStopped = true
    const { stops, machine } = this.#environment
    try {
      await takeApart(stops)
    } finally {
      machine.clock.close()
    }
  }

  async #start(): Promise<void> {
    const { config, machine, loggers, stops } = this.#environment
    installCrc32c(findNativeCrc32c())
    const logs = config.isBroker ? await this.#openLogs() : await this.#lockMetadata()
    const served: { broker?: Broker; controller?: NodeServices } = {}
    const server = new TcpServer({
      network: machine.network,
      clock: machine.clock,
      logger: loggers.logger('ottla.server'),
      config,
      services: served,
      served: handlers,
    })
    const listen = async (listener: Listener, kind: 'broker' | 'controller'): Promise<void> => {
      this.#listeners.push(await server.listen(listener, kind))
    }
    // What the broker's parts need to be closed comes when nobody is served any more.
    const inner = { ...this.#environment, stops: [] }
    stops.push(
      () => takeApart(inner.stops),
      () => server.stop(stopGraceMs),
    )
    const quorum = await openQuorumMember(this.#environment, this.#listeners)
    this.#quorum = quorum
    stops.push(() => quorum.close())
    const channels = this.#openChannels(quorum)
    stops.push(() => channels.close())
    const services = this.#services(quorum)
    if (quorum.controller !== undefined) {
      served.controller = this.#controllerServices(services, quorum, quorum.controller)
      for (const listener of config.controllerListeners) await listen(listener, 'controller')
    }
    if (logs !== undefined) {
      this.#role = new BrokerRole({
        environment: inner,
        logs,
        publisher: quorum.publisher,
        channels,
        isControllerKnown: () => quorum.activeController.leader() !== undefined,
        openListeners: () => this.#listeners,
        services,
        listen: async () => {
          for (const listener of config.brokerListeners) if (listener.port !== 0) await listen(listener, 'broker')
        },
      })
      served.broker = this.#role.broker
      // A port that nobody knows beforehand must be known for the registration.
      for (const listener of config.brokerListeners) if (listener.port === 0) await listen(listener, 'broker')
    }
    quorum.start()
    if (quorum.controller !== undefined) this.#registerController(channels)
    if (this.#role === undefined) this.#followAsController(quorum)
    else await this.#role.start(stops)
    // Nobody can take over what a node alone leads: requests under way are answered before it gives up leading.
    if (!isClustered(config)) stops.push(() => server.stop(stopGraceMs))
    stops.push(() => this.#role?.broker.liveBrokers.close())
  }

  async #openLogs() {
    const logs = await BrokerRole.openLogs(this.#environment, () => this.#role)
    this.#environment.stops.push(() => logs.shutdown({ brokerEpoch: this.#role?.brokerEpoch ?? -1 }))
    return logs
  }

  /** A controller alone has no log manager that would hold its directory. */
  async #lockMetadata(): Promise<undefined> {
    const { config, machine, stops } = this.#environment
    const lock = await machine.fileSystem.lock(joinPath(config.metadataLogDir, lockName))
    stops.push(() => lock.release())
    return undefined
  }

  #services({ driver, publisher }: QuorumMember): SharedServices {
    const { config, clusterId, machine, loggers } = this.#environment
    return {
      nodeId: config.nodeId,
      clusterId,
      clock: machine.clock,
      random: machine.random,
      loggers,
      authorize: () => true,
      config,
      image: publisher.image,
      get kraftVersion() {
        return driver.settings.kraftVersion
      },
      quorum: driver,
    }
  }

  /** What comes in on a controller's listener is decided here or not at all. */
  #controllerServices(
    services: SharedServices,
    { publisher }: QuorumMember,
    controller: ControllerRuntime,
  ): NodeServices {
    const { machine, loggers } = this.#environment
    const partitions = { isServing: () => true, addLeadershipListener: () => {}, removeLeadershipListener: () => {} }
    const own = {
      logger: loggers.logger('ottla.controller'),
      controller: new LocalControllerChannel({ controller, clock: machine.clock, timeoutMs: 0 }),
      topicReadiness: new TopicReadiness({ brokerId: -1, publisher, partitions, clock: machine.clock }),
    }
    return joinServices(own, services)
  }

  #openChannels({ activeController, controller }: QuorumMember): ControllerChannels {
    const { config, machine } = this.#environment
    return new ControllerChannels({
      nodeId: config.nodeId,
      source: activeController,
      ...(controller === undefined ? {} : { local: controller }),
      network: machine.network,
      clock: machine.clock,
      requestTimeoutMs: config.requestTimeoutMs,
    })
  }

  #followAsController({ publisher }: QuorumMember): void {
    followDynamicSettings(this.#environment, publisher)
    publisher.publish()
  }

  #registerController(channels: ControllerChannels): void {
    const { config, machine, loggers } = this.#environment
    const logger = loggers.logger('ottla.controller')
    const registering = registerController({
      controllerId: config.nodeId,
      incarnationId: randomUuid(machine.random),
      endpoints: controllerEndpoints(config, machine.hostName, this.#listeners),
      controller: channels.open(),
      clock: machine.clock,
      logger,
      isStopped: () => this.#isStopped,
    })
    registering.catch((error: Error) => logger.error(`the controller could not register: ${error.message}`))
  }
}

/** The last first, all of it. Rejects with what failed first. */
async function takeApart(stops: (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = []
  for (let part = stops.pop(); part !== undefined; part = stops.pop()) {
    try {
      await part()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
