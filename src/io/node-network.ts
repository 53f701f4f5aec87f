/**
 * TCP through Node's sockets. Small writes are not delayed (Nagle is off): the connection corks them per turn itself.
 * Addresses are plain: an IPv4 client of an IPv6 socket is shown as IPv4.
 */
import { createServer, type Server, type Socket as TcpSocket } from 'node:net'
import {
  type ListeningSocket,
  type ListenOptions,
  type Network,
  NetworkError,
  type Socket,
  type SocketHandler,
} from '../server/network.ts'

function plainAddress(address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

class NodeSocket implements Socket {
  readonly remoteHost: string
  readonly remotePort: number
  readonly localHost: string
  readonly localPort: number
  readonly #socket: TcpSocket

  constructor(socket: TcpSocket) {
    this.#socket = socket
    this.remoteHost = plainAddress(socket.remoteAddress)
    this.remotePort = socket.remotePort ?? 0
    this.localHost = plainAddress(socket.localAddress)
    this.localPort = socket.localPort ?? 0
  }

  get unsentBytes(): number {
    return this.#socket.writableLength
  }

  setHandler(handler: SocketHandler): void {
    const socket = this.#socket
    let failure: Error | undefined
    socket.on('data', (chunk: Buffer) => handler.onData(chunk))
    socket.on('drain', () => handler.onDrain())
    socket.on('end', () => handler.onEnd())
    socket.on('error', (error) => {
      failure = error
    })
    socket.on('close', () => handler.onClosed(failure))
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
  EADDRINUSE: 'another process listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'this user may not open that port',
  ENOTFOUND: 'no such host',
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

export class NodeNetwork implements Network {
  async listen(options: ListenOptions, onConnection: (socket: Socket) => void): Promise<ListeningSocket> {
    const server = createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true }, (socket) => {
      // A client that is gone before it is accepted has no address any more.
      socket.on('error', () => {})
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
