/**
 * Which connections of brokers' processes to the active controller are open, and what their end says. The kernel closes a
 * dead process's connections in milliseconds; a session takes seconds to run out. So when a broker's last connection closes,
 * its registered listeners are tried: only if every one of them is refused is the process gone, and its broker is fenced as
 * if its session had run out. Whoever accepts is watched by that very connection until the broker is heard of again.
 *
 *   last connection closed, or a new active controller > probe > all refused: gone | accepted: watched | else: session timeout
 *
 * The refusal of a controller in the same process, which the quorum sees, counts for those of its broker's listeners that
 * say nothing.
 *
 * What this may decide is availability, never safety. A broker that is fenced by mistake loses leaderships to replicas that
 * are in sync, and is unfenced with its next heartbeat; one that is gone and not noticed is fenced when its session runs out.
 * A silent host, a name that is not found, a timeout say nothing. Epochs, ISRs and votes are decided elsewhere.
 */
import type { Clock } from '../../base/clock.ts'
import { type Network, NetworkError, type Socket } from '../../base/network.ts'
import type { BrokerRegistration } from '../../metadata/broker-registration.ts'
import type { RequesterConnection } from './controller-channel.ts'

export interface BrokerConnectionsOptions {
  /** The broker in the controller's own process needs no watch. */
  readonly nodeId: number
  readonly network: Network
  readonly clock: Clock
  /** What is registered now. */
  readonly registration: (brokerId: number) => BrokerRegistration | undefined
  /** The process that registered with this epoch is gone. */
  readonly onGone: (brokerId: number, brokerEpoch: number) => void
}

const probeTimeoutMs = 1_000
/** Where its controller has refused already. */
const shortProbeTimeoutMs = 250
/** A process that is ending may accept and break off; it is tried again so often. */
const attemptsMax = 10
const retryMs = 20
/** Longer than brokers are silent between heartbeats. */
const silenceMs = 3_000

class BrokerProcess {
  readonly epoch: number
  readonly connections = new Set<number>()
  wasConnected = false
  lastContactMs = Number.NEGATIVE_INFINITY
  /** A connection to one of its listeners, which closes when it dies. */
  watched: WatchedSocket | undefined
  probe: Promise<void> | undefined

  constructor(epoch: number) {
    this.epoch = epoch
  }

  get isConnected(): boolean {
    return this.connections.size > 0
  }

  unwatch(): void {
    const { watched } = this
    this.watched = undefined
    watched?.close()
  }
}

/** An open connection that says nothing, and is told of its end. */
class WatchedSocket {
  readonly #socket: Socket
  #isOpen = true
  #onEnd: () => void = () => {}

  constructor(socket: Socket) {
    this.#socket = socket
    const end = () => this.close()
    socket.setHandler({
      readTarget: () => undefined,
      onTargetFilled() {},
      onData() {},
      onDrain() {},
      onEnd: end,
      onClosed: end,
    })
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** One callback at a time; it runs once. */
  onEnd(callback: () => void): void {
    this.#onEnd = callback
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#socket.destroy()
    this.#onEnd()
  }
}

type Outcome = 'refused' | 'unknown' | WatchedSocket

export class BrokerConnections {
  readonly #options: BrokerConnectionsOptions
  readonly #processes = new Map<number, BrokerProcess>()
  /** By broker, the epoch of the registration whose process's controller refused a connection. */
  readonly #refusingControllers = new Map<number, number>()
  #isActive = false

  constructor(options: BrokerConnectionsOptions) {
    this.#options = options
  }

  /** This node is the active controller from now on: nobody has been heard of, and who died before is not known. */
  activate(unfenced: Iterable<BrokerRegistration>): void {
    this.deactivate()
    this.#isActive = true
    for (const { id, epoch } of unfenced)
      if (id !== this.#options.nodeId) this.#startProbe(id, this.#process(id, epoch))
  }

  deactivate(): void {
    this.#isActive = false
    for (const process of this.#processes.values()) process.unwatch()
    this.#processes.clear()
  }

  /**
   * The controller in the process of that node refused a connection; heard also while this node is not active. A container
   * takes its address with it soon after its process, and who is elected may come too late to be refused by its broker.
   */
  onControllerRefused(nodeId: number): void {
    const broker = this.#options.registration(nodeId)
    if (broker !== undefined) this.#refusingControllers.set(nodeId, broker.epoch)
  }

  /** The process with that epoch spoke over that connection. */
  onContact(brokerId: number, brokerEpoch: number, connection: RequesterConnection): void {
    if (!this.#isActive || connection.isClosed) return
    if (this.#refusingControllers.get(brokerId) === brokerEpoch) this.#refusingControllers.delete(brokerId)
    const process = this.#process(brokerId, brokerEpoch)
    process.wasConnected = true
    process.lastContactMs = this.#options.clock.monotonic()
    process.unwatch()
    if (process.connections.has(connection.id)) return
    process.connections.add(connection.id)
    connection.onClose(() => {
      process.connections.delete(connection.id)
      if (!process.isConnected) this.#startProbe(brokerId, process)
    })
  }

  /** Whether another process may take over the broker's id though its session has not run out. */
  async isGone(broker: BrokerRegistration): Promise<boolean> {
    const process = this.#process(broker.id, broker.epoch)
    if (process.probe !== undefined) await process.probe
    if (process.isConnected || process.watched !== undefined) {
      // A machine that lost its power says nothing; when it is back it refuses. Who is heard of lives, whatever address it
      // advertises, and who never served does not listen yet.
      const isSilent = this.#options.clock.monotonic() - process.lastContactMs > silenceMs
      return isSilent && !broker.isFenced && (await this.#isRefused(broker))
    }
    if (process.wasConnected) return true
    const outcome = await this.#try(broker)
    if (typeof outcome !== 'string') outcome.close()
    return outcome === 'refused'
  }

  #process(brokerId: number, brokerEpoch: number): BrokerProcess {
    const known = this.#processes.get(brokerId)
    if (known?.epoch === brokerEpoch) return known
    known?.unwatch()
    const process = new BrokerProcess(brokerEpoch)
    this.#processes.set(brokerId, process)
    return process
  }

  #startProbe(brokerId: number, process: BrokerProcess): void {
    if (process.probe !== undefined || this.#servingBroker(brokerId, process) === undefined) return
    const probe = this.#probe(brokerId, process).finally(() => {
      if (process.probe === probe) process.probe = undefined
    })
    process.probe = probe
  }

  /** The registration, while there is something to find out: it may lead, and nothing is heard of it. */
  #servingBroker(brokerId: number, process: BrokerProcess): BrokerRegistration | undefined {
    if (!this.#isActive || this.#processes.get(brokerId) !== process || process.isConnected) return undefined
    const broker = this.#options.registration(brokerId)
    return broker === undefined || broker.epoch !== process.epoch || broker.isFenced ? undefined : broker
  }

  async #probe(brokerId: number, process: BrokerProcess): Promise<void> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const broker = this.#servingBroker(brokerId, process)
      if (broker === undefined) return
      const outcome = await this.#try(broker)
      const isStillAsked = this.#servingBroker(brokerId, process) !== undefined
      if (outcome === 'refused' && isStillAsked) this.#options.onGone(brokerId, process.epoch)
      if (typeof outcome === 'string') return
      if (!isStillAsked) return outcome.close()
      await this.#pause()
      if (outcome.isOpen) return this.#watch(brokerId, process, outcome)
      // It accepted and broke off: it is ending, which takes a moment.
    }
  }

  /** All listeners at once: one that accepts decides, then one that does not refuse. */
  async #try(broker: BrokerRegistration): Promise<Outcome> {
    const { network } = this.#options
    const timeoutMs = this.#hasRefusingController(broker) ? shortProbeTimeoutMs : probeTimeoutMs
    const outcomes = await Promise.all(
      tellingEndpoints(broker).map(({ host, port }) =>
        network.connect({ host, port }, timeoutMs).then((socket) => new WatchedSocket(socket), outcomeOf),
      ),
    )
    const [first, ...others] = outcomes.filter((outcome) => typeof outcome !== 'string')
    for (const socket of others) socket.close()
    if (first !== undefined) return first
    // A controller that refuses and a broker that does not accept are one process that is gone.
    if (this.#hasRefusingController(broker)) return 'refused'
    return outcomes.length > 0 && outcomes.every((outcome) => outcome === 'refused') ? 'refused' : 'unknown'
  }

  #hasRefusingController({ id, epoch }: BrokerRegistration): boolean {
    return this.#refusingControllers.get(id) === epoch
  }

  async #isRefused(broker: BrokerRegistration): Promise<boolean> {
    const outcome = await this.#try(broker)
    if (typeof outcome !== 'string') outcome.close()
    return outcome === 'refused'
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#options.clock.schedule(retryMs, resolve))
  }

  #watch(brokerId: number, process: BrokerProcess, socket: WatchedSocket): void {
    process.probe = undefined
    if (this.#servingBroker(brokerId, process) === undefined) {
      socket.close()
      return
    }
    process.watched = socket
    socket.onEnd(() => {
      if (process.watched !== socket) return
      process.watched = undefined
      this.#startProbe(brokerId, process)
    })
  }
}

/**
 * `localhost` is another machine for everyone who asks: perhaps this very process, which listens at the same port of its
 * own container. It tells something only where a broker has no other address, so that all are on one machine.
 */
function tellingEndpoints({ endpoints }: BrokerRegistration): BrokerRegistration['endpoints'] {
  const elsewhere = endpoints.filter(({ host }) => !loopback.test(host))
  return elsewhere.length > 0 ? elsewhere : endpoints
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/i

function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof NetworkError)) throw error
  return error.code === 'ECONNREFUSED' ? 'refused' : 'unknown'
}
