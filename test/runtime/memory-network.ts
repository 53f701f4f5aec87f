/**
 * A network in memory on a clock of its own: hosts by name, connections that deliver in order after a delay, and break
 * when a host goes down or a test says so. A host that is up refuses connections to ports on which nobody listens.
 */

import {
  type ConnectOptions,
  type ListenOptions,
  type Network,
  NetworkError,
  type Socket,
  type SocketHandler,
} from '../../src/base/network.ts'
import type { VirtualClock } from '../../src/base/virtual-clock.ts'

class MemorySocket implements Socket {
  readonly remotePort = 1
  readonly localPort = 2
  readonly remoteHost: string
  readonly localHost: string
  unsentBytes = 0
  peer!: MemorySocket
  isClosed = false
  readonly #clock: VirtualClock
  readonly #delayMs: () => number
  #handler: SocketHandler | undefined
  #isPaused = false
  #received: (Buffer | 'end')[] = []
  #lastMs = 0

  constructor(clock: VirtualClock, localHost: string, remoteHost: string, delayMs: () => number) {
    this.#clock = clock
    this.localHost = localHost
    this.remoteHost = remoteHost
    this.#delayMs = delayMs
  }

  setHandler(handler: SocketHandler): void {
    this.#handler = handler
    this.#deliver()
  }

  write(bytes: Buffer, onWritten?: () => void): void {
    if (this.isClosed) return
    const copy = Buffer.from(bytes)
    this.#later(() => this.peer.receive(copy))
    if (onWritten !== undefined) this.#later(onWritten)
  }

  cork(): void {}
  uncork(): void {}

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#clock.endOfTurn(() => this.#deliver())
  }

  end(): void {
    this.#later(() => this.peer.receive('end'))
  }

  destroy(): void {
    this.close(undefined)
    this.#later(() => this.peer.close(undefined))
  }

  receive(part: Buffer | 'end'): void {
    if (this.isClosed) return
    this.#received.push(part)
    this.#deliver()
  }

  close(error: Error | undefined): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#clock.endOfTurn(() => this.#handler?.onClosed(error))
  }

  /** In order, whatever the delays. */
  #later(callback: () => void): void {
    const dueMs = Math.max(this.#lastMs, this.#clock.monotonic() + this.#delayMs())
    this.#lastMs = dueMs
    this.#clock.schedule(dueMs - this.#clock.monotonic(), callback)
  }

  #deliver(): void {
    while (this.#handler !== undefined && !this.#isPaused && !this.isClosed) {
      const part = this.#received.shift()
      if (part === undefined) return
      if (part === 'end') this.#handler.onEnd()
      else this.#handler.onData(part)
    }
  }
}

export class MemoryNetwork {
  delayMs: () => number = () => 0.1
  readonly #clock: VirtualClock
  readonly #listeners = new Map<string, (socket: Socket) => void>()
  readonly #sockets = new Set<MemorySocket>()
  connectionsCount = 0

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  of(host: string): Network {
    return {
      connect: (options, timeoutMs) => this.#connect(host, options, timeoutMs),
      listen: (options, onConnection) => this.#listen(host, options, onConnection),
    }
  }

  /** Breaks every connection of the host, or those between two hosts. */
  breakConnections(host: string, other?: string): void {
    for (const socket of this.#sockets) {
      const hosts = [socket.localHost, socket.remoteHost]
      if (!hosts.includes(host) || (other !== undefined && !hosts.includes(other))) continue
      socket.close(new Error('the connection broke'))
      this.#sockets.delete(socket)
    }
  }

  /** Its process is gone: nobody listens, connections break. */
  takeDown(host: string): void {
    for (const name of [...this.#listeners.keys()]) if (name.startsWith(`${host}:`)) this.#listeners.delete(name)
    this.breakConnections(host)
  }

  async #connect(host: string, { host: remote, port }: ConnectOptions, _timeoutMs: number): Promise<Socket> {
    await new Promise<void>((resolve) => this.#clock.schedule(this.delayMs(), resolve))
    const onConnection = this.#listeners.get(`${remote}:${port}`)
    if (onConnection === undefined) throw new NetworkError('ECONNREFUSED', `${remote}:${port} refuses`)
    const near = new MemorySocket(this.#clock, host, remote, () => this.delayMs())
    const far = new MemorySocket(this.#clock, remote, host, () => this.delayMs())
    near.peer = far
    far.peer = near
    this.#sockets.add(near).add(far)
    this.connectionsCount++
    onConnection(far)
    return near
  }

  async #listen(host: string, { port }: ListenOptions, onConnection: (socket: Socket) => void) {
    const name = `${host}:${port}`
    this.#listeners.set(name, onConnection)
    return { host, port, close: async () => void this.#listeners.delete(name) }
  }
}
