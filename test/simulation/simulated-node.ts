/**
 * A node of the simulated cluster: a host with a disk, and at most one process on it that runs the whole of startNode. It
 * can be killed at any event, lose its power, be paused, and started again on what its disk still has.
 */
import { LeveledLoggers } from '../../src/base/leveled-loggers.ts'
import { type LogFields, type Logger, silentLogger } from '../../src/base/logger.ts'
import { BrokerConfig } from '../../src/config/broker-config.ts'
import { formatStorage, type RunningNode, startNode } from '../../src/node.ts'
import type { Voter } from '../../src/raft/voter-set.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import { type ClockFaults, SimulatedProcess } from './simulated-process.ts'
import type { World } from './world.ts'

export interface NodeSettings {
  readonly id: number
  readonly config: Readonly<Record<string, string>>
  readonly clusterId: string
  readonly clockFaults: ClockFaults
  /** Those who vote at first, where the log says it; else the configuration does. */
  readonly initialControllers: readonly Voter[] | undefined
}

export const dataDirectory = '/data'

export class SimulatedNode {
  readonly id: number
  readonly hostName: string
  readonly disk: SimulatedDisk
  readonly world: World
  readonly #settings: NodeSettings
  readonly #network: SimulatedNetwork
  readonly #isVerbose: boolean
  process: SimulatedProcess | undefined
  running: RunningNode | undefined
  /** How often it was started. */
  incarnation = 0
  /** It stops, or has stopped, by itself or as it was told. */
  isStopping = false
  /** Its last process ended as a stop should. */
  wasCleanStop = true
  /** After its process is started, halts, or is gone. */
  onLifeChange: (node: SimulatedNode) => void = () => {}

  constructor(world: World, network: SimulatedNetwork, settings: NodeSettings, isVerbose: boolean) {
    this.id = settings.id
    this.hostName = `node${settings.id}`
    this.world = world
    this.disk = new SimulatedDisk(world, this.hostName)
    this.#network = network
    this.#settings = settings
    this.#isVerbose = isVerbose
  }

  get isAlive(): boolean {
    return this.process?.isAlive === true
  }

  /** It serves. */
  get isRunning(): boolean {
    return this.isAlive && this.running !== undefined && !this.isStopping
  }

  start(): void {
    if (this.isAlive) return
    this.incarnation++
    this.isStopping = false
    this.running = undefined
    this.#network.setUp(this.hostName, true)
    const process = new SimulatedProcess(this.world, this.hostName, this.#settings.clockFaults)
    this.process = process
    this.world.tell(this.hostName, `starts (life ${this.incarnation})`)
    this.onLifeChange(this)
    process.schedule(0, () => this.#startIn(process))
  }

  /** SIGKILL. */
  kill(): void {
    if (!this.isAlive) return
    this.world.tell(this.hostName, 'is killed')
    this.#end()
  }

  /** The machine loses its power: no goodbye on the network, unsynced writes are lost in parts. */
  losePower(): void {
    this.#network.setUp(this.hostName, false)
    if (this.isAlive) this.#end()
    const isLossy = this.disk.loseUnsynced()
    this.world.tell(this.hostName, `loses its power${isLossy ? ', and unsynced writes' : ''}`)
  }

  pause(): void {
    if (!this.isAlive || this.process!.isPaused) return
    this.world.tell(this.hostName, 'is paused')
    this.process!.pause()
  }

  resume(): void {
    if (!this.isAlive || !this.process!.isPaused) return
    this.world.tell(this.hostName, 'goes on')
    this.process!.resume()
  }

  /** SIGTERM: resolves nothing; the process is gone when it has stopped. */
  stop(): void {
    const { process, running } = this
    if (!this.isRunning || process === undefined || running === undefined) return
    this.isStopping = true
    this.world.tell(this.hostName, 'is told to stop')
    running.stop().then(
      () => process.isAlive && this.#onStopped('has stopped', true),
      (error: Error) => process.isAlive && this.#onStopped(`failed to stop: ${error.message}`),
    )
  }

  #onStopped(what: string, isClean = false): void {
    this.world.tell(this.hostName, what)
    this.#end(isClean)
  }

  #end(isClean = false): void {
    // A directory that failed is left without its mark, however well the rest stops.
    this.wasCleanStop = isClean && !this.disk.hasFailed
    this.running = undefined
    this.isStopping = false
    this.process!.kill()
    this.onLifeChange(this)
  }

  /** The machine is lost for good; another one, with an empty disk, takes its place when it is started. */
  loseDisk(): void {
    this.#network.setUp(this.hostName, false)
    if (this.isAlive) this.#end()
    this.disk.wipe()
    this.world.tell(this.hostName, 'loses its disk')
  }

  #startIn(process: SimulatedProcess): void {
    const { id, clusterId, initialControllers } = this.#settings
    const config = BrokerConfig.from(new Map(Object.entries(this.#settings.config)))
    const { clock } = process
    const machine = {
      clock,
      fileSystem: this.disk.mount(process),
      network: this.#network.of(process, this.hostName),
      random: this.world.fork(`node ${id} life ${this.incarnation}`),
      hostName: this.hostName,
    }
    const start = () => startNode({ config, logger: this.#logger(process), clusterId, machine })
    const starting =
      initialControllers === undefined
        ? start()
        : formatStorage({ config, clusterId, ignoreFormatted: true, initialControllers, machine }).then(start)
    starting.then(
      (running) => {
        if (!process.isAlive) return
        this.running = running
        this.world.tell(this.hostName, 'serves')
        void running.halted.then((reason) => {
          if (!process.isAlive || this.isStopping) return
          this.#onStopped(`halts: ${reason}`)
        })
        this.onLifeChange(this)
      },
      (error: Error) => {
        if (process.isAlive) this.#onStopped(`does not start: ${this.#isVerbose ? error.stack : error.message}`)
      },
    )
  }

  #logger(process: SimulatedProcess): Logger {
    const tell = (level: string, message: string, fields?: LogFields): void => {
      const { err, ...more } = fields ?? {}
      const details = fields === undefined ? '' : ` ${(err as Error)?.stack ?? ''} ${JSON.stringify(more)}`
      if (process.isAlive) this.world.tell(this.hostName, `${level}: ${message}${this.#isVerbose ? details : ''}`)
    }
    const sink: Logger = {
      ...silentLogger,
      warn: (message, fields) => tell('warns', message, fields),
      error: (message, fields) => tell('fails', message, fields),
      ...(this.#isVerbose ? { info: (message: string, fields?: LogFields) => tell('says', message, fields) } : {}),
      child: () => sink,
    }
    return Object.assign(Object.create(sink) as Logger, { named: new LeveledLoggers('INFO', sink) })
  }
}
