/**
 * A network without time, for tests of several nodes in one process: what is written arrives in a microtask. Ports that
 * nobody listens on refuse; those in `silent` never answer.
 */
import {
  type ConnectOptions,
  type ListeningSocket,
  type ListenOptions,
  type Network,
  NetworkError,
  type Socket,
  type SocketHandler,
} from '../../src/base/network.ts'

export class InstantNetwork implements Network {
  /** `host:port` of those that neither accept nor refuse. */
  readonly silent = new Set<string>()
  /** Every attempt to connect, as `host:port`. */
  readonly attempts: string[] = []
  readonly #accepted: [host: string, socket: InstantSocket][] = []
  readonly #listening = new Map<string, (socket: Socket) => void>()
  #nextPort = 1000

  async connect({ host, port }: ConnectOptions): Promise<Socket> {
    const name = `${host}:${port}`
    this.attempts.push(name)
    if (this.silent.has(name)) throw new NetworkError('ETIMEDOUT', `connect ETIMEDOUT ${name}`)
    const accept = this.#listening.get(name)
    if (accept === undefined) throw new NetworkError('ECONNREFUSED', `connect ECONNREFUSED ${name}`)
    const near = new InstantSocket(port)
    const far = new InstantSocket(port)
    near.peer = far
    far.peer = near
    this.#accepted.push([host, far])
    accept(far)
    return near
  }

  breakConnectionsOf(host: string): void {
    for (const [acceptedBy, socket] of this.#accepted) if (acceptedBy === host) socket.destroy()
  }

  async listen(options: ListenOptions, onConnection: (socket: Socket) => void): Promise<ListeningSocket> {
    const port = options.port === 0 ? this.#nextPort++ : options.port
    const name = `${options.host}:${port}`
    this.#listening.set(name, onConnection)
    return { host: options.host, port, close: async () => void this.#listening.delete(name) }
  }
}

class InstantSocket implements Socket {
  readonly remoteHost = '127.0.0.1'
  readonly remotePort: number
  readonly localHost = '127.0.0.1'
  readonly localPort = 1
  readonly unsentBytes = 0
  peer: InstantSocket | undefined
  #handler: SocketHandler | undefined
  #isClosed = false

  constructor(remotePort: number) {
    this.remotePort = remotePort
  }

  setHandler(handler: SocketHandler): void {
    this.#handler = handler
  }

  write(bytes: Buffer, onWritten?: () => void): void {
    const copy = Buffer.from(bytes)
    queueMicrotask(() => {
      if (this.#isClosed) return
      onWritten?.()
      this.peer?.receive(copy)
    })
  }

  receive(bytes: Buffer): void {
    if (!this.#isClosed) this.#handler?.onData(bytes)
  }

  cork(): void {}
  uncork(): void {}
  pause(): void {}
  resume(): void {}

  end(): void {
    this.destroy()
  }

  destroy(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    queueMicrotask(() => {
      this.#handler?.onClosed(undefined)
      this.peer?.destroy()
    })
  }
}
