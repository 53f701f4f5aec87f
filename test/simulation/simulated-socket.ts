/**
 * One end of a simulated TCP connection, and the direction from one end to the other: chunks in order, each after the
 * link's delay, at most a window of them in the hands of the two kernels; what is beyond counts as unsent.
 */
import type { Socket, SocketHandler } from '../../src/base/network.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import type { SimulatedProcess } from './simulated-process.ts'

/** Bytes that the kernels of both sides hold. */
const windowBytes = 256 * 1024
/** How often what was written in one call arrives in two pieces. */
const splitShare = 0.02

type Chunk = Buffer | 'end' | 'reset'

function sizeOf(chunk: Chunk): number {
  return typeof chunk === 'string' ? 0 : chunk.length
}

export class Direction {
  readonly #network: SimulatedNetwork
  readonly #from: string
  readonly #to: string
  readonly #onArrived: (chunk: Chunk) => void
  #lost: Chunk[] = []
  #arrivalMs = 0
  #isBroken = false

  constructor(network: SimulatedNetwork, from: string, to: string, onArrived: (chunk: Chunk) => void) {
    this.#network = network
    this.#from = from
    this.#to = to
    this.#onArrived = onArrived
  }

  send(chunk: Chunk): void {
    if (this.#isBroken) return
    const { world } = this.#network
    if (this.#lost.length > 0 || this.#network.isCut(this.#from, this.#to)) {
      this.#lost.push(chunk)
      this.#network.onStalled(this)
      return
    }
    this.#arrivalMs = Math.max(this.#arrivalMs, world.nowMs + this.#network.delayMs(this.#from, this.#to))
    world.at(this.#arrivalMs - world.nowMs, () => this.#arrive(chunk))
  }

  /** The link carries again: what was lost comes, `delayMs` later. */
  resend(delayMs: number): void {
    this.#network.world.at(delayMs, () => {
      const lost = this.#lost
      this.#lost = []
      for (const chunk of lost) this.send(chunk)
    })
  }

  /** Nothing that is under way arrives any more. */
  break(): void {
    this.#isBroken = true
    this.#lost = []
  }

  #arrive(chunk: Chunk): void {
    if (this.#isBroken) return
    this.#network.world.trace(sizeOf(chunk))
    this.#onArrived(chunk)
  }
}

export interface Addresses {
  readonly clientHost: string
  readonly clientPort: number
  readonly serverHost: string
  readonly serverPort: number
}

/** The two ends of a new connection: the client's, the server's. */
export function connectPair(
  network: SimulatedNetwork,
  client: SimulatedProcess,
  server: SimulatedProcess,
  addresses: Addresses,
): [SimulatedSocket, SimulatedSocket] {
  const { clientHost, clientPort, serverHost, serverPort } = addresses
  const near = new SimulatedSocket(network, client, clientHost, clientPort, serverHost, serverPort)
  const far = new SimulatedSocket(network, server, serverHost, serverPort, clientHost, clientPort)
  near.join(far)
  far.join(near)
  return [near, far]
}

export class SimulatedSocket implements Socket {
  readonly process: SimulatedProcess
  readonly localHost: string
  readonly localPort: number
  readonly remoteHost: string
  readonly remotePort: number
  readonly #network: SimulatedNetwork
  #peer: SimulatedSocket | undefined
  #out: Direction | undefined
  #handler: SocketHandler | undefined
  #received: Chunk[] = []
  #isDelivering = false
  #isPaused = false
  #hasEnded = false
  #hasPeerEnded = false
  #isClosed = false
  #corkCount = 0
  #corked: Buffer[] = []
  #inFlightBytes = 0
  #onWritten: { readonly atBytes: number; readonly callback: () => void }[] = []
  #sentBytes = 0
  #takenBytes = 0

  constructor(
    network: SimulatedNetwork,
    process: SimulatedProcess,
    localHost: string,
    localPort: number,
    remoteHost: string,
    remotePort: number,
  ) {
    this.#network = network
    this.process = process
    this.localHost = localHost
    this.localPort = localPort
    this.remoteHost = remoteHost
    this.remotePort = remotePort
  }

  join(peer: SimulatedSocket): void {
    this.#peer = peer
    this.#out = new Direction(this.#network, this.localHost, peer.localHost, (chunk) => peer.#onArrived(chunk))
  }

  get isOpen(): boolean {
    return !this.#isClosed
  }

  get unsentBytes(): number {
    return Math.max(0, this.#inFlightBytes - windowBytes)
  }

  setHandler(handler: SocketHandler): void {
    this.#handler = handler
    this.#deliver()
  }

  write(bytes: Buffer, onWritten?: () => void): void {
    if (this.#isClosed || this.#hasEnded) return
    const copy = Buffer.from(bytes)
    this.#inFlightBytes += copy.length
    this.#sentBytes += copy.length
    if (onWritten !== undefined) this.#whenWritten(onWritten)
    if (this.#corkCount > 0) this.#corked.push(copy)
    else this.#send(copy)
  }

  cork(): void {
    this.#corkCount++
  }

  uncork(): void {
    if (this.#corkCount > 0) this.#corkCount--
    if (this.#corkCount > 0 || this.#corked.length === 0) return
    const bytes = this.#corked.length === 1 ? this.#corked[0]! : Buffer.concat(this.#corked)
    this.#corked = []
    this.#send(bytes)
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#deliver()
  }

  end(): void {
    if (this.#isClosed || this.#hasEnded) return
    this.#flushCork()
    this.#hasEnded = true
    this.#out!.send('end')
    if (this.#hasPeerEnded) this.#close(undefined)
  }

  destroy(): void {
    if (this.#isClosed) return
    this.#flushCork()
    const isRude = this.#received.length > 0
    if (isRude) this.#out!.send('reset')
    else if (!this.#hasEnded) this.#out!.send('end')
    this.#close(undefined)
  }

  /** A fault of the network: both ends lose what is under way, each when it notices. */
  breakConnection(): void {
    for (const end of [this, this.#peer!]) {
      end.#out!.break()
      const delayMs = this.#network.random.next() * 20
      this.#network.world.at(delayMs, () => end.#close(connectionReset()))
    }
  }

  /** The kernel closes what the process leaves; a host that is down does nothing more. */
  onProcessEnded(isHostUp: boolean): void {
    if (this.#isClosed) return
    this.#corked = []
    if (isHostUp) this.#out!.send(this.#received.length > 0 ? 'reset' : 'end')
    this.#close(undefined)
  }

  #flushCork(): void {
    this.#corkCount = 0
    if (this.#corked.length > 0) this.#send(Buffer.concat(this.#corked))
    this.#corked = []
  }

  #send(bytes: Buffer): void {
    if (bytes.length > 1 && this.#network.random.next() < splitShare) {
      const at = 1 + this.#network.random.integer(bytes.length - 1)
      this.#out!.send(bytes.subarray(0, at))
      this.#out!.send(bytes.subarray(at))
    } else this.#out!.send(bytes)
  }

  /** Called when all but a window of what was written so far has been taken by the other side. */
  #whenWritten(callback: () => void): void {
    const atBytes = this.#sentBytes - windowBytes
    if (atBytes <= this.#takenBytes) this.process.schedule(0, callback)
    else this.#onWritten.push({ atBytes, callback })
  }

  #onTaken(count: number): void {
    const wasFull = this.unsentBytes > 0
    this.#inFlightBytes -= count
    this.#takenBytes += count
    if (this.#isClosed) return
    while (this.#onWritten.length > 0 && this.#onWritten[0]!.atBytes <= this.#takenBytes) {
      this.process.schedule(0, this.#onWritten.shift()!.callback)
    }
    if (wasFull && this.unsentBytes === 0) this.process.schedule(0, () => this.#isClosed || this.#handler?.onDrain())
  }

  #onArrived(chunk: Chunk): void {
    if (!this.#network.isUp(this.localHost)) return
    if (this.#isClosed) {
      // Nobody has this connection any more.
      if (chunk !== 'reset') this.#out!.send('reset')
      return
    }
    if (chunk === 'reset') {
      this.#received = []
      this.process.schedule(0, () => this.#close(connectionReset()))
      return
    }
    this.#received.push(chunk)
    this.#deliver()
  }

  #deliver(): void {
    if (this.#isDelivering || this.#isPaused || this.#handler === undefined || this.#received.length === 0) return
    this.#isDelivering = true
    this.process.schedule(0, () => {
      this.#isDelivering = false
      // One chunk per turn: the next one is another event.
      if (this.#isClosed || this.#isPaused) return
      const chunk = this.#received.shift()
      if (chunk !== undefined) this.#hand(chunk)
      this.#deliver()
    })
  }

  #hand(chunk: Chunk): void {
    const handler = this.#handler!
    if (chunk === 'end') {
      this.#hasPeerEnded = true
      handler.onEnd()
      if (this.#hasEnded) this.#close(undefined)
      return
    }
    if (chunk === 'reset') return
    const target = handler.readTarget()
    if (target === undefined || target.length === 0) {
      this.#peer!.#onTaken(chunk.length)
      handler.onData(chunk)
      return
    }
    const count = chunk.copy(target)
    if (count < chunk.length) this.#received.unshift(chunk.subarray(count))
    this.#peer!.#onTaken(count)
    handler.onTargetFilled(count)
  }

  #close(error: Error | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#received = []
    this.#network.forget(this)
    const handler = this.#handler
    this.process.schedule(0, () => handler?.onClosed(error))
  }
}

/** As Node has it. */
function connectionReset(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
}
