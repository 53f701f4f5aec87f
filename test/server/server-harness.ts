/**
 * A server on a real socket with handlers of the test's own, and a client that speaks in frames. Time stands still
 * unless the test moves it; the ends of turns are real.
 */
import { connect, type Socket } from 'node:net'
import type { Clock, Timer } from '../../src/base/clock.ts'
import type { LogFields, Logger } from '../../src/base/logger.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { VirtualClock } from '../../src/base/virtual-clock.ts'
import { BrokerConfig } from '../../src/config/broker-config.ts'
import type { Broker } from '../../src/handlers/broker.ts'
import { NodeNetwork } from '../../src/io/node-network.ts'
import { apis } from '../../src/protocol/api/index.ts'
import { decodeResponse, encodeRequest } from '../../src/protocol/frames.ts'
import type { ServedApi, ServedApis } from '../../src/server/served-api.ts'
import { TcpServer } from '../../src/server/tcp-server.ts'

/** Virtual time, real turns. */
export class StillClock implements Clock {
  readonly virtual = new VirtualClock()

  now(): number {
    return this.virtual.now()
  }
  monotonic(): number {
    return this.virtual.monotonic()
  }
  schedule(delayMs: number, callback: () => void): Timer {
    return this.virtual.schedule(delayMs, callback)
  }
  endOfTurn(callback: () => void): void {
    setImmediate(callback)
  }
}

export class RecordingLogger implements Logger {
  readonly lines: string[] = []
  debug(): void {}
  info(message: string, fields?: LogFields): void {
    this.#add('info', message, fields)
  }
  warn(message: string, fields?: LogFields): void {
    this.#add('warn', message, fields)
  }
  error(message: string, fields?: LogFields): void {
    this.#add('error', message, fields)
  }
  child(): Logger {
    return this
  }
  #add(level: string, message: string, fields: LogFields | undefined): void {
    this.lines.push(`${level} ${message}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}`)
  }
}

export interface Harness {
  readonly server: TcpServer
  readonly config: BrokerConfig
  readonly clock: StillClock
  readonly logger: RecordingLogger
  readonly port: number
  client(): Promise<TestClient>
  [Symbol.asyncDispose](): Promise<void>
}

export function servedApi(
  apiKey: number,
  handle: ServedApi['handle'],
  options: Partial<ServedApi> = {},
): [number, ServedApi] {
  const { request } = apis.get(apiKey)!
  return [
    apiKey,
    { handle, minVersion: request.minVersion, maxVersion: request.maxVersion, listeners: ['broker'], ...options },
  ]
}

export async function startServer(
  served: readonly (readonly [number, ServedApi])[],
  settings: Readonly<Record<string, string>> = {},
  isMemoryShort: () => boolean = () => false,
): Promise<Harness> {
  const clock = new StillClock()
  const logger = new RecordingLogger()
  const config = BrokerConfig.from(new Map(Object.entries(settings)))
  const broker = {
    nodeId: 1,
    clusterId: 'test',
    clock,
    random: new SeededRandom(1),
    logger,
    authorize: () => true,
  } as unknown as Broker
  const map: ServedApis = new Map(served)
  const server = new TcpServer({
    network: new NodeNetwork(),
    clock,
    logger,
    config,
    services: { broker },
    served: map,
    isMemoryShort,
  })
  const listener = { name: 'PLAINTEXT', host: '127.0.0.1', port: 0, securityProtocol: 'PLAINTEXT' } as const
  const { port } = await server.listen(listener, 'broker')
  const clients: TestClient[] = []
  return {
    server,
    config,
    clock,
    logger,
    port,
    async client() {
      const client = await TestClient.connect(port)
      clients.push(client)
      return client
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.socket.destroy()
      await server.stop(0)
    },
  }
}

export class TestClient {
  readonly socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #isClosed = false
  #wake: () => void = () => {}

  static connect(port: number, host = '127.0.0.1'): Promise<TestClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host, noDelay: true }, () => resolve(new TestClient(socket)))
      socket.once('error', reject)
    })
  }

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
  }

  write(bytes: Buffer | string): void {
    this.socket.write(bytes)
  }

  send(apiKey: number, version: number, correlationId: number, message: object = {}, clientId = 'test'): void {
    this.write(requestFrame(apiKey, version, correlationId, message, clientId))
  }

  /** The next frame without its size; undefined when the broker closed the connection. */
  async frame(): Promise<Buffer | undefined> {
    for (;;) {
      const size = this.#received.length < 4 ? undefined : this.#received.readInt32BE(0)
      if (size !== undefined && this.#received.length >= 4 + size) {
        const frame = this.#received.subarray(4, 4 + size)
        this.#received = this.#received.subarray(4 + size)
        return frame
      }
      if (this.#isClosed) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async response(
    apiKey: number,
    version: number,
  ): Promise<{ correlationId: number; message: Record<string, unknown> }> {
    const frame = await this.frame()
    if (frame === undefined) throw new Error('the broker closed the connection')
    const decoded = decodeResponse(apis.get(apiKey)!.response, version, frame)
    return { correlationId: decoded.correlationId, message: decoded.message as Record<string, unknown> }
  }

  /** Resolves when the broker has closed the connection; the frames that came before are dropped. */
  async closed(): Promise<void> {
    while ((await this.frame()) !== undefined) {}
  }
}

export function requestFrame(
  apiKey: number,
  version: number,
  correlationId: number,
  message: object = {},
  clientId = 'test',
): Buffer {
  const { chunks } = encodeRequest(apis.get(apiKey)!.request, version, correlationId, clientId, message)
  return Buffer.concat(chunks as readonly Buffer[])
}

/** Resolves when `condition` holds; looks again at each turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

/** A promise and what settles it. */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise
    reject = rejectPromise
  })
  return { promise, resolve, reject }
}
