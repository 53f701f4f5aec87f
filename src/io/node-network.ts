/**
 * TCP through Node's sockets. Small writes are not delayed (Nagle is off): the connection corks them per turn itself.
 * Addresses are plain: an IPv4 client of an IPv6 socket is shown as IPv4.
 *
 * All sockets are read into one shared buffer, or straight into the frame that its connection is waiting for: half the
 * CPU for large requests, and an idle connection holds no buffer. Node offers that (`onread`) to sockets that one makes,
 * not to accepted ones, so an accepted socket's handle is moved into a socket of our own; where that cannot be done,
 * Node's data events serve.
 */
import { connect, createServer, type Server, Socket as TcpSocket } from 'node:net'
import {
  type ConnectOptions,
  type ListeningSocket,
  type ListenOptions,
  type Network,
  NetworkError,
  type Socket,
  type SocketHandler,
} from '../base/network.ts'

function plainAddress(address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/** Where all sockets receive what has no better place; its content is used before the next read. */
const sharedBuffer = Buffer.allocUnsafeSlow(128 * 1024)

/** Makes a socket with `onread` of an accepted one; undefined where Node hides the handle. */
function readingInPlace(
  accepted: TcpSocket,
  buffer: () => Buffer,
  onRead: (count: number, bytes: Buffer) => void,
): TcpSocket | undefined {
  const owner = accepted as unknown as { _handle?: { reading?: boolean; useUserBuffer?: unknown } | null }
  const handle = owner._handle
  if (typeof handle?.useUserBuffer !== 'function') return undefined
  owner._handle = null
  handle.reading = false
  const callback = (count: number, bytes: Buffer): boolean => {
    onRead(count, bytes)
    return true
  }
  const options = { handle, allowHalfOpen: true, onread: { buffer, callback } }
  return new TcpSocket(options as ConstructorParameters<typeof TcpSocket>[0])
}

class NodeSocket implements Socket {
  readonly remoteHost: string
  readonly remotePort: number
  readonly localHost: string
  readonly localPort: number
  readonly #socket: TcpSocket
  readonly #isInPlace: boolean
  #handler: SocketHandler | undefined
  #target: Buffer | undefined

  constructor(accepted: TcpSocket) {
    this.remoteHost = plainAddress(accepted.remoteAddress)
    this.remotePort = accepted.remotePort ?? 0
    this.localHost = plainAddress(accepted.localAddress)
    this.localPort = accepted.localPort ?? 0
    const own = readingInPlace(
      accepted,
      () => this.#nextBuffer(),
      (count, bytes) => this.#onRead(count, bytes),
    )
    this.#socket = own ?? accepted
    this.#isInPlace = own !== undefined
    this.#socket.on('error', () => {})
  }

  #nextBuffer(): Buffer {
    const target = this.#handler?.readTarget()
    this.#target = target !== undefined && target.length > 0 ? target : undefined
    return this.#target ?? sharedBuffer
  }

  #onRead(count: number, bytes: Buffer): void {
    if (bytes === this.#target) this.#handler?.onTargetFilled(count)
    else this.#handler?.onData(bytes.subarray(0, count))
  }

  get unsentBytes(): number {
    return this.#socket.writableLength
  }

  setHandler(handler: SocketHandler): void {
    const socket = this.#socket
    let failure: Error | undefined
    this.#handler = handler
    if (!this.#isInPlace) socket.on('data', (chunk: Buffer) => handler.onData(chunk))
    socket.on('drain', () => handler.onDrain())
    socket.on('end', () => handler.onEnd())
    socket.on('error', (error) => {
      failure = error
    })
    socket.on('close', () => handler.onClosed(failure))
    socket.resume()
  }

  write(bytes: Buffer, onWritten?: () => void): void {
    if (this.#socket.destroyed) return
    if (onWritten === undefined) this.#socket.write(bytes)
    else this.#socket.write(bytes, () => onWritten())
  }

  cork(): void {
    this.#socket.cork()
  }

  uncork(): void {
    this.#socket.uncork()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

const listenProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there; stop it, or choose another port in listeners',
  EADDRNOTAVAIL: 'this machine has no such address; name one of its own in listeners, or none for all',
  EACCES: 'this user may not open that port; choose one above 1023 in listeners',
  ENOTFOUND: 'no such host; name an address of this machine in listeners, or none for all',
}

function listenError(error: NodeJS.ErrnoException, { host, port }: ListenOptions): NetworkError {
  const code = error.code ?? 'UNKNOWN'
  return new NetworkError(code, `cannot listen on ${host || '*'}:${port}: ${listenProblems[code] ?? error.message}`)
}

class NodeListeningSocket implements ListeningSocket {
  readonly host: string
  readonly port: number
  readonly #server: Server

  constructor(server: Server, host: string) {
    this.#server = server
    this.host = host
    this.port = (server.address() as { readonly port: number }).port
  }

  close(): Promise<void> {
    // Node's callback comes when the last connection is gone; accepting ends at once, and that is what is asked for.
    this.#server.close()
    return Promise.resolve()
  }
}

const connectProblems: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name cannot be resolved',
  ECONNRESET: 'the connection was reset',
}

function connectError(error: NodeJS.ErrnoException, { host, port }: ConnectOptions): NetworkError {
  const code = error.code ?? 'UNKNOWN'
  return new NetworkError(code, `cannot reach ${host}:${port}: ${connectProblems[code] ?? error.message}`)
}

export class NodeNetwork implements Network {
  connect(options: ConnectOptions, timeoutMs: number): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: options.host, port: options.port, noDelay: true, keepAlive: true })
      const timer = setTimeout(() => {
        socket.destroy()
        const message = `cannot reach ${options.host}:${options.port} within ${timeoutMs} ms`
        reject(new NetworkError('ETIMEDOUT', message))
      }, timeoutMs)
      const onError = (error: Error): void => {
        clearTimeout(timer)
        reject(connectError(error, options))
      }
      socket.once('error', onError)
      socket.once('connect', () => {
        clearTimeout(timer)
        socket.removeListener('error', onError)
        resolve(new NodeSocket(socket))
      })
    })
  }

  async listen(options: ListenOptions, onConnection: (socket: Socket) => void): Promise<ListeningSocket> {
    const socketOptions = { noDelay: true, keepAlive: true, allowHalfOpen: true, pauseOnConnect: true }
    const server = createServer(socketOptions, (socket) => {
      // A client that is gone before it is accepted has no address any more.
      if (socket.remoteAddress === undefined) socket.destroy()
      else onConnection(new NodeSocket(socket))
    })
    try {
      await listening(server, options, options.host === '' ? '::' : options.host)
    } catch (error) {
      // A machine without IPv6 has no address ::.
      if (options.host !== '' || (error as NodeJS.ErrnoException).code !== 'EAFNOSUPPORT')
        throw listenError(error as NodeJS.ErrnoException, options)
      await listening(server, options, '0.0.0.0').catch((second) => {
        throw listenError(second as NodeJS.ErrnoException, options)
      })
    }
    return new NodeListeningSocket(server, options.host)
  }
}

function listening(server: Server, options: ListenOptions, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port: options.port, backlog: options.backlog }, () => {
      server.removeListener('error', reject)
      // Accepting may fail for a moment (no file descriptor left); that must not end the process.
      server.on('error', () => {})
      resolve()
    })
  })
}
