/**
 * The network as a parameter: the server listens through it, peers connect. io/node-network.ts is the real one; tests and
 * simulations bring their own. A socket pushes
 * what it receives, never more than the kernel had ready; who cannot take more pauses it. Large things can be received
 * in place: the handler says where. Writes are ordered, and are never refused: who writes watches `unsentBytes`.
 */
export interface SocketHandler {
  /** Where the next bytes would best go; undefined: anywhere. A network need not ask, nor do as it is told. */
  readTarget(): Buffer | undefined
  /** `count` bytes of the peer are now at the start of the last target. */
  onTargetFilled(count: number): void
  /** Bytes of the peer, lent for the time of the call. */
  onData(chunk: Buffer): void
  /** All that was written is in the kernel's hands, after a time when it was not. */
  onDrain(): void
  /** The peer closed its side. */
  onEnd(): void
  /** Once, and then nothing more. `error` is what broke the connection, if something did. */
  onClosed(error: Error | undefined): void
}

export interface Socket {
  readonly remoteHost: string
  readonly remotePort: number
  readonly localHost: string
  readonly localPort: number
  /** Bytes that were written and are not yet in the kernel's hands. */
  readonly unsentBytes: number
  /** Before the first turn of the event loop ends. */
  setHandler(handler: SocketHandler): void
  /** The buffer must not change until `onWritten` runs; it runs too, or never, when the socket closes. */
  write(bytes: Buffer, onWritten?: () => void): void
  /** Between `cork` and `uncork`, which may be nested, what is written is only collected. */
  cork(): void
  uncork(): void
  pause(): void
  resume(): void
  /** Closes this side when everything is sent. */
  end(): void
  /** Closes at once. */
  destroy(): void
}

export interface ListenOptions {
  /** Empty: every address, IPv6 and IPv4. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Connections that the kernel may hold before they are accepted. */
  readonly backlog: number
}

export interface ListeningSocket {
  readonly host: string
  /** The port that was given, or found free. */
  readonly port: number
  /** Accepts no more; open connections stay. */
  close(): Promise<void>
}

export interface ConnectOptions {
  /** A name or an address; an address of IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

export interface Network {
  /**
   * Opens a connection. Rejects with NetworkError: ECONNREFUSED says that the host is there and nobody listens; ETIMEDOUT
   * after `timeoutMs`.
   */
  connect(options: ConnectOptions, timeoutMs: number): Promise<Socket>

  /** Rejects with NetworkError when the address cannot be had. */
  listen(options: ListenOptions, onConnection: (socket: Socket) => void): Promise<ListeningSocket>
}

export class NetworkError extends Error {
  override name = 'NetworkError'
  /** The operating system's code: EADDRINUSE, EADDRNOTAVAIL, EACCES ... */
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}
