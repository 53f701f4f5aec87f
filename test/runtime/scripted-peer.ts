/** The far end of a connection on a leash: it notes what it is sent, and says what the test tells it, byte for byte. */
import {
  type ConnectOptions,
  type Network,
  NetworkError,
  type Socket,
  type SocketHandler,
} from '../../src/base/network.ts'
import { apis } from '../../src/protocol/api/index.ts'
import { decodeRequest, decodeRequestHeader, encodeResponse } from '../../src/protocol/frames.ts'

export interface HeardRequest {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  readonly message: object
}

export class ScriptedPeer implements Network {
  readonly heard: HeardRequest[] = []
  /** What connecting fails with. */
  refusal: NetworkError | undefined
  attemptsCount = 0
  timeoutMs = 0
  isDestroyed = false
  /** Called for each request, as soon as it is there. */
  onRequest: (request: HeardRequest) => void = () => {}
  #handler: SocketHandler | undefined
  #received: Buffer = Buffer.alloc(0)

  async connect(_endpoint: ConnectOptions, timeoutMs: number): Promise<Socket> {
    this.attemptsCount++
    this.timeoutMs = timeoutMs
    if (this.refusal !== undefined) throw this.refusal
    this.isDestroyed = false
    return this.#socket()
  }

  listen(): never {
    throw new NetworkError('EACCES', 'nobody listens here')
  }

  /** The answer to a heard request in its version, in pieces of at most `pieceBytes`. */
  answer(request: HeardRequest, response: object, pieceBytes = Number.POSITIVE_INFINITY): void {
    const { apiKey, apiVersion, correlationId } = request
    const { chunks } = encodeResponse(apis.get(apiKey)!.response, apiVersion, correlationId, response as never)
    this.say(Buffer.concat(chunks as Buffer[]), pieceBytes)
  }

  say(bytes: Buffer, pieceBytes = Number.POSITIVE_INFINITY): void {
    for (let start = 0; start < bytes.length; start += pieceBytes) {
      // Lent for the call: what is kept must have been copied.
      const lent = Buffer.from(bytes.subarray(start, start + pieceBytes))
      this.#handler!.onData(lent)
      lent.fill(0xee)
    }
  }

  end(): void {
    this.#handler!.onEnd()
  }

  break(message: string): void {
    this.#handler!.onClosed(new Error(message))
  }

  #socket(): Socket {
    const nothing = (): void => {}
    return {
      remoteHost: '10.0.0.1',
      remotePort: 9093,
      localHost: '10.0.0.2',
      localPort: 40_000,
      unsentBytes: 0,
      setHandler: (handler) => {
        this.#handler = handler
      },
      write: (bytes) => this.#onWritten(bytes),
      ...{ cork: nothing, uncork: nothing, pause: nothing, resume: nothing, end: nothing },
      destroy: () => {
        this.isDestroyed = true
      },
    }
  }

  #onWritten(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes])
    while (this.#received.length >= 4 && this.#received.length >= 4 + this.#received.readInt32BE(0)) {
      const end = 4 + this.#received.readInt32BE(0)
      const frame = this.#received.subarray(4, end)
      this.#received = this.#received.subarray(end)
      const { apiKey, apiVersion, correlationId, clientId, endOffset } = decodeRequestHeader(frame)
      const { message } = decodeRequest(apiKey, apiVersion, frame, endOffset)
      const request = { apiKey, apiVersion, correlationId, clientId, message: message as object }
      this.heard.push(request)
      this.onRequest(request)
    }
  }
}
