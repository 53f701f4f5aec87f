/**
 * One connection to one broker: requests go out in the order of the calls, answers are matched by their correlation id,
 * versions are agreed upon when it opens. KafkaClient owns connections. A connection that fails rejects all that waits
 * with ConnectionError and is then of no more use.
 */
import { connect, type Socket } from 'node:net'
import { apiVersionsRequest, apiVersionsResponse } from '../protocol/api/18-api-versions.ts'
import { requestHeader, responseHeader } from '../protocol/api/headers.ts'
import { decodeAt, encodeFrame } from '../protocol/compile.ts'
import { errorName, KafkaError } from '../protocol/errors.ts'
import { FrameAssembler } from '../protocol/frame-assembler.ts'
import { requestHeaderVersion, responseHeaderVersion } from '../protocol/header-versions.ts'
import type { Infer, InferInput, Schema } from '../protocol/schema.ts'
import { ConnectionError, NotServedError } from './client-errors.ts'

/** A request and its answer. */
export interface Exchange<Request extends Schema, Response extends Schema> {
  readonly request: Request
  readonly response: Response
}

export interface Endpoint {
  readonly host: string
  readonly port: number
}

export interface ConnectionOptions {
  readonly clientId: string
  readonly softwareVersion: string
  /** How long connecting and each answer may take, in milliseconds. */
  readonly timeoutMs: number
}

export interface AskOptions {
  /** Newest version to use, where later ones ask for what the caller does not have. */
  readonly versionMax?: number
  /** How much longer than usual the answer may take: requests that wait in the broker. */
  readonly extraTimeoutMs?: number
}

export interface VersionRange {
  readonly minVersion: number
  readonly maxVersion: number
}

interface Waiting {
  readonly onFrame: (frame: Buffer) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/** An answer beyond it is refused before memory is taken; 50 MB is what a fetch asks for at most. */
const frameSizeMax = 256 * 1024 * 1024
const software = 'ottla'
/** A machine that is gone says nothing: another broker is tried after so long. */
const connectTimeoutMsMax = 10_000

/** Answers that say where the broker's features stand. */
export type BrokerVersions = Infer<typeof apiVersionsResponse>

export class Connection {
  readonly endpoint: Endpoint
  readonly #options: ConnectionOptions
  readonly #socket: Socket
  readonly #waiting = new Map<number, Waiting>()
  #versions = new Map<number, VersionRange>()
  #brokerVersions: BrokerVersions | undefined
  #correlationId = 0
  #failure: Error | undefined

  private constructor(endpoint: Endpoint, options: ConnectionOptions, socket: Socket) {
    this.endpoint = endpoint
    this.#options = options
    this.#socket = socket
    const assembler = new FrameAssembler((frame) => this.#onFrame(frame), frameSizeMax)
    socket.on('data', (chunk: Buffer) => {
      try {
        assembler.push(chunk)
      } catch (error) {
        this.#fail(error as Error)
      }
    })
    socket.on('error', (error) => this.#fail(connectionError(endpoint, error)))
    socket.on('close', () => this.#fail(new ConnectionError(`${nameOf(endpoint)} closed the connection`)))
  }

  /** Connects and asks for the versions. Rejects with ConnectionError. */
  static async open(endpoint: Endpoint, options: ConnectionOptions): Promise<Connection> {
    const socket = await openSocket(endpoint, Math.min(options.timeoutMs, connectTimeoutMsMax))
    const connection = new Connection(endpoint, options, socket)
    await connection.#negotiate()
    return connection
  }

  get isOpen(): boolean {
    return this.#failure === undefined
  }

  get brokerVersions(): BrokerVersions {
    return this.#brokerVersions!
  }

  /** The versions of an API that the broker offers. */
  versionsOf(apiKey: number): VersionRange | undefined {
    return this.#versions.get(apiKey)
  }

  /** The newest version of a request that both speak. Throws NotServedError when there is none. */
  versionOf(request: Schema, versionMax = Number.POSITIVE_INFINITY): number {
    const name = request.name.replace(/Request$/, '')
    const offered = this.#versions.get(request.apiKey!)
    if (offered === undefined) throw new NotServedError(`the broker at ${nameOf(this.endpoint)} does not serve ${name}`)
    const newest = request.latestVersionUnstable ? request.maxVersion - 1 : request.maxVersion
    const version = Math.min(offered.maxVersion, newest, versionMax)
    if (version >= offered.minVersion && version >= request.minVersion) return version
    const range = `${offered.minVersion} to ${offered.maxVersion}`
    throw new NotServedError(`the broker at ${nameOf(this.endpoint)} serves ${name} in versions ${range} alone`)
  }

  /** Sends a request and resolves with its answer. Rejects with ConnectionError or NotServedError. */
  async ask<Request extends Schema, Response extends Schema>(
    exchange: Exchange<Request, Response>,
    message: InferInput<Request>,
    { versionMax, extraTimeoutMs = 0 }: AskOptions = {},
  ): Promise<Infer<Response>> {
    return this.#ask(exchange, message, this.versionOf(exchange.request, versionMax), extraTimeoutMs)
  }

  /** Sends a request that is not answered: Produce without acknowledgements. Resolves when the socket took it. */
  tell<Request extends Schema>(request: Request, message: InferInput<Request>): Promise<void> {
    const version = this.versionOf(request)
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure)
      this.#write(request, version, this.#correlationId++, message, () => resolve())
    })
  }

  close(): void {
    this.#fail(new ConnectionError('closed by this client'))
  }

  #ask<Request extends Schema, Response extends Schema>(
    { request, response }: Exchange<Request, Response>,
    message: InferInput<Request>,
    version: number,
    extraTimeoutMs: number,
  ): Promise<Infer<Response>> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure)
      const correlationId = this.#correlationId
      this.#correlationId = (correlationId + 1) & 0x7fffffff
      const timeoutMs = this.#options.timeoutMs + extraTimeoutMs
      const timer = setTimeout(() => this.#onTimeout(request, timeoutMs), timeoutMs)
      const onFrame = (frame: Buffer): void => {
        const header = decodeAt(responseHeader, responseHeaderVersion(response, version), frame)
        resolve(decodeAt(response, version, frame, header.endOffset).message)
      }
      this.#waiting.set(correlationId, { onFrame, reject, timer })
      this.#write(request, version, correlationId, message)
    })
  }

  #write<Request extends Schema>(
    request: Request,
    version: number,
    correlationId: number,
    message: InferInput<Request>,
    onWritten?: () => void,
  ): void {
    const { clientId } = this.#options
    const header = { requestApiKey: request.apiKey, requestApiVersion: version, correlationId, clientId }
    const headerVersion = requestHeaderVersion(request, version)
    const { chunks } = encodeFrame(requestHeader, headerVersion, header, request, version, message)
    this.#socket.cork()
    for (const [index, chunk] of chunks.entries())
      this.#socket.write(chunk as Buffer, index === chunks.length - 1 ? onWritten : undefined)
    this.#socket.uncork()
  }

  #onFrame(frame: Buffer): void {
    const correlationId = frame.readInt32BE(0)
    const waiting = this.#waiting.get(correlationId)
    if (waiting === undefined) {
      this.#fail(new ConnectionError(`an answer to request ${correlationId}, which was not sent`))
      return
    }
    this.#waiting.delete(correlationId)
    clearTimeout(waiting.timer)
    try {
      waiting.onFrame(frame)
    } catch (error) {
      waiting.reject(error as Error)
    }
  }

  #onTimeout(request: Schema, timeoutMs: number): void {
    const name = request.name.replace(/Request$/, '')
    this.#fail(new ConnectionError(`${nameOf(this.endpoint)} did not answer ${name} within ${timeoutMs} ms`))
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#socket.destroy()
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(this.#failure)
    }
    this.#waiting.clear()
  }

  /** A broker that does not know the version answers in version 0 with what it knows. */
  async #negotiate(): Promise<void> {
    const name = { clientSoftwareName: software, clientSoftwareVersion: this.#options.softwareVersion }
    let answer: BrokerVersions
    try {
      answer = await this.#askVersions(name, apiVersionsRequest.maxVersion)
      if (errorName(answer.errorCode) === 'UNSUPPORTED_VERSION') {
        const own = answer.apiKeys.find(({ apiKey }) => apiKey === apiVersionsRequest.apiKey)
        answer = await this.#askVersions(name, Math.min(own?.maxVersion ?? 0, apiVersionsRequest.maxVersion))
      }
    } catch (error) {
      this.close()
      throw error
    }
    if (answer.errorCode !== 0) {
      this.close()
      throw new KafkaError(errorName(answer.errorCode))
    }
    this.#brokerVersions = answer
    this.#versions = new Map(answer.apiKeys.map((range) => [range.apiKey, range]))
  }

  #askVersions(message: InferInput<typeof apiVersionsRequest>, version: number): Promise<BrokerVersions> {
    return new Promise((resolve, reject) => {
      const correlationId = this.#correlationId++
      const { timeoutMs } = this.#options
      const timer = setTimeout(() => this.#onTimeout(apiVersionsRequest, timeoutMs), timeoutMs)
      const onFrame = (frame: Buffer): void => {
        // Four bytes of correlation id, then the error: 35 means that the rest is in version 0.
        const isRefused = errorName(frame.readInt16BE(4)) === 'UNSUPPORTED_VERSION'
        resolve(decodeAt(apiVersionsResponse, isRefused ? 0 : version, frame, 4).message)
      }
      this.#waiting.set(correlationId, { onFrame, reject, timer })
      this.#write(apiVersionsRequest, version, correlationId, message)
    })
  }
}

export function nameOf({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

const problems: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name cannot be resolved',
  ECONNRESET: 'the connection was reset',
}

function connectionError(endpoint: Endpoint, error: NodeJS.ErrnoException): ConnectionError {
  return new ConnectionError(`cannot reach ${nameOf(endpoint)}: ${problems[error.code ?? ''] ?? error.message}`)
}

function openSocket(endpoint: Endpoint, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...endpoint, noDelay: true })
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new ConnectionError(`cannot reach ${nameOf(endpoint)} within ${timeoutMs} ms`))
    }, timeoutMs)
    const onError = (error: Error): void => {
      clearTimeout(timer)
      reject(connectionError(endpoint, error))
    }
    socket.once('error', onError)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.removeListener('error', onError)
      resolve(socket)
    })
  })
}
