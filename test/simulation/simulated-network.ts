/**
 * The simulated twin of io/node-network.ts: hosts, links between them and TCP over these. The bytes of one connection
 * stay in their order; each chunk takes the link's delay, so what one connection carries may come after what a younger one
 * does. A link that is cut, maybe one way only, loses packets: what is under way there arrives when it is healed, as TCP
 * sends again. A connection can be broken with what it carries; a process that ends has its kernel close its connections;
 * a host that dies says nothing, and answers with a reset when it is back.
 */

import {
  type ConnectOptions,
  type ListeningSocket,
  type ListenOptions,
  type Network,
  NetworkError,
  type Socket,
} from '../../src/base/network.ts'
import type { SeededRandom } from '../../src/base/random.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import { connectPair, type Direction, type SimulatedSocket } from './simulated-socket.ts'
import type { World } from './world.ts'

export interface LinkSettings {
  readonly delayMs: number
  readonly jitterMs: number
  /** How often a chunk takes up to `spikeMs` more. */
  readonly spikeShare: number
  readonly spikeMs: number
}

const defaultLink: LinkSettings = { delayMs: 0.2, jitterMs: 0.3, spikeShare: 0.01, spikeMs: 30 }
const firstEphemeralPort = 40_000
/** A connection attempt is sent again so often while its packets are lost. */
const connectRetryMs = 1000

interface Listening {
  readonly process: SimulatedProcess
  readonly onConnection: (socket: Socket) => void
}

class Host {
  readonly name: string
  readonly listening = new Map<number, Listening>()
  readonly sockets = new Set<SimulatedSocket>()
  isUp = true
  nextPort = firstEphemeralPort

  constructor(name: string) {
    this.name = name
  }
}

export class SimulatedNetwork {
  readonly world: World
  readonly random: SeededRandom
  link: LinkSettings = defaultLink
  readonly #hosts = new Map<string, Host>()
  readonly #cut = new Set<string>()
  /** Directions that hold bytes which a cut link lost. */
  readonly #stalled = new Set<Direction>()
  connectionsCount = 0

  constructor(world: World) {
    this.world = world
    this.random = world.fork('network')
  }

  /** The network as `process` on host `hostName` sees it. What it opened ends with it. */
  of(process: SimulatedProcess, hostName: string): Network {
    const host = this.#host(hostName)
    process.onKilled.push(() => this.#onProcessEnded(process, host))
    return {
      connect: (options, timeoutMs) => this.#connect(process, host, options, timeoutMs),
      listen: (options, onConnection) => this.#listen(process, host, options, onConnection),
    }
  }

  /** Packets from one host to another are lost from now on. */
  cut(from: string, to: string): void {
    if (from !== to) this.#cut.add(`${from}>${to}`)
  }

  /** All links carry again. */
  heal(): void {
    this.#cut.clear()
    for (const direction of [...this.#stalled]) {
      this.#stalled.delete(direction)
      direction.resend(20 + this.random.next() * 400)
    }
  }

  isCut(from: string, to: string): boolean {
    return this.#cut.has(`${from}>${to}`)
  }

  get hasCuts(): boolean {
    return this.#cut.size > 0
  }

  onStalled(direction: Direction): void {
    this.#stalled.add(direction)
  }

  /** The host goes without a word (`isUp` false) or comes back; its processes are to be killed before. */
  setUp(hostName: string, isUp: boolean): void {
    this.#host(hostName).isUp = isUp
  }

  isUp(hostName: string): boolean {
    return this.#host(hostName).isUp
  }

  /** Open connections, for a fault that breaks one. */
  sockets(): SimulatedSocket[] {
    return [...this.#hosts.values()].flatMap((host) => [...host.sockets])
  }

  forget(socket: SimulatedSocket): void {
    this.#host(socket.localHost).sockets.delete(socket)
  }

  /** How long the next chunk from host to host takes. */
  delayMs(from: string, to: string): number {
    if (from === to) return 0.02 + this.random.next() * 0.03
    const { delayMs, jitterMs, spikeShare, spikeMs } = this.link
    const spike = this.random.next() < spikeShare ? this.random.next() * spikeMs : 0
    return delayMs + this.random.next() * jitterMs + spike
  }

  #host(name: string): Host {
    let host = this.#hosts.get(name)
    if (host === undefined) {
      host = new Host(name)
      this.#hosts.set(name, host)
    }
    return host
  }

  #onProcessEnded(process: SimulatedProcess, host: Host): void {
    for (const [port, listening] of [...host.listening]) {
      if (listening.process === process) host.listening.delete(port)
    }
    for (const socket of [...host.sockets]) if (socket.process === process) socket.onProcessEnded(host.isUp)
  }

  #listen(
    process: SimulatedProcess,
    host: Host,
    options: ListenOptions,
    onConnection: (socket: Socket) => void,
  ): Promise<ListeningSocket> {
    const port = options.port === 0 ? host.nextPort++ : options.port
    if (host.listening.has(port))
      return Promise.reject(new NetworkError('EADDRINUSE', `cannot listen on ${host.name}:${port}`))
    const listening = { process, onConnection }
    host.listening.set(port, listening)
    const close = (): Promise<void> => {
      if (host.listening.get(port) === listening) host.listening.delete(port)
      return Promise.resolve()
    }
    return Promise.resolve({ host: options.host, port, close })
  }

  #connect(process: SimulatedProcess, host: Host, options: ConnectOptions, timeoutMs: number): Promise<Socket> {
    const target = options.host === 'localhost' || options.host === '127.0.0.1' ? host.name : options.host
    return new Promise((resolve, reject) => {
      let isOver = false
      const settle = (delayMs: number, act: () => void): void => {
        process.schedule(delayMs, () => {
          if (isOver) return
          isOver = true
          timer.cancel()
          act()
        })
      }
      const fail = (code: string): void =>
        reject(new NetworkError(code, `cannot reach ${options.host}:${options.port}: ${code}`))
      const timer = process.schedule(timeoutMs, () => {
        if (isOver) return
        isOver = true
        fail('ETIMEDOUT')
      })
      const attempt = (): void => {
        if (isOver || !process.isAlive) return
        const peer = this.#hosts.get(target)
        const isLost = this.isCut(host.name, target) || this.isCut(target, host.name) || !host.isUp
        if (peer === undefined) settle(this.delayMs(host.name, target), () => fail('ENOTFOUND'))
        else if (isLost || !peer.isUp) this.world.at(connectRetryMs, attempt)
        else {
          this.world.at(this.delayMs(host.name, target), () => {
            if (!peer.isUp) return attempt()
            this.#onAttempt(process, host, peer, options.port, (socket) => {
              const backMs = this.delayMs(target, host.name)
              if (socket === undefined) settle(backMs, () => fail('ECONNREFUSED'))
              else if (isOver) socket.destroy()
              else settle(backMs, () => (socket.isOpen ? resolve(socket) : fail('ECONNRESET')))
            })
          })
        }
      }
      attempt()
    })
  }

  /** The first packet of a connection arrives. */
  #onAttempt(
    process: SimulatedProcess,
    host: Host,
    peer: Host,
    port: number,
    onResult: (socket: SimulatedSocket | undefined) => void,
  ): void {
    const listening = peer.listening.get(port)
    if (listening === undefined || !process.isAlive) {
      onResult(undefined)
      return
    }
    const localPort = host.nextPort++
    this.connectionsCount++
    const [client, server] = connectPair(this, process, listening.process, {
      clientHost: host.name,
      clientPort: localPort,
      serverHost: peer.name,
      serverPort: port,
    })
    host.sockets.add(client)
    peer.sockets.add(server)
    // The kernel accepts at once; the program when it gets to it.
    listening.process.schedule(0, () => listening.onConnection(server))
    onResult(client)
  }
}
