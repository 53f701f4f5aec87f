/**
 * One connection to another node, broker or controller: requests go out in the order of the calls, answers are matched
 * by their correlation id. Raft, the controller channel and the replica fetchers each have connections of their own, so
 * that none waits behind another. Everything that fails here is a PeerError, which says whether the other process is
 * known to be gone; a connection that failed once is of no more use.
 */
import type { Clock, Timer } from '../base/clock.ts'
import type { FrameMemory } from '../base/frame-memory.ts'
import { type ConnectOptions, type Network, NetworkError, type Socket } from '../base/network.ts'
import { requestHeader, responseHeader } from '../protocol/api/headers.ts'
import { type Api, apiKeys, apis } from '../protocol/api/index.ts'
import { decodeAt, encodeFrame } from '../protocol/compile.ts'
import { errorCodes } from '../protocol/errors.ts'
import { FrameAssembler } from '../protocol/frame-assembler.ts'
import { requestHeaderVersion, responseHeaderVersion } from '../protocol/header-versions.ts'

export interface PeerConnectionOptions {
  readonly network: Network
  readonly clock: Clock
  readonly endpoint: ConnectOptions
  /** How the peer's logs name this connection: `raft-client-1`, `1`, `broker-1-fetcher-0`, as in Kafka. */
  readonly clientId: string
  /** How long connecting, and each answer beyond what its request asks to wait, may take. */
  readonly timeoutMs: number
  /** Where connecting may take less than an answer. */
  readonly connectTimeoutMs?: number
  /** An answer beyond it breaks the connection before memory is taken. */
  readonly frameBytesMax?: number
  /** Whether versions are agreed upon first. Replica fetchers take theirs from metadata.version instead. */
  readonly isNegotiated: boolean
  /** Where the frames of answers are received; in memory of their own without it. */
  readonly frameMemory?: FrameMemory
}

/** refused: the host is there and the process is not. closed: the connection broke. */
export type PeerFailure = 'refused' | 'unreachable' | 'closed' | 'timed out' | 'malformed' | 'unsupported'

export class PeerError extends Error {
  override name = 'PeerError'
  readonly failure: PeerFailure

  constructor(failure: PeerFailure, message: string) {
    super(message)
    this.failure = failure
  }
}

export interface AskOptions {
  /** Otherwise the newest that both know. */
  readonly version?: number
  /** How much longer than usual the answer may take: the peer holds the request on purpose. */
  readonly waitMs?: number
  /** Gets the frame in which the answer's bytes lie, before the answer, to release it to `frameMemory` after its use. */
  readonly onFrame?: (frame: Buffer) => void
}

interface Waiting {
  readonly api: Api
  readonly version: number
  readonly resolve: (response: object) => void
  readonly reject: (error: PeerError) => void
  readonly timer: Timer
  readonly onFrame: ((frame: Buffer) => void) | undefined
}

interface VersionRange {
  readonly minVersion: number
  readonly maxVersion: number
}

const defaultFrameBytesMax = 128 * 1024 * 1024
const waitingMax = 1000
const softwareName = 'ottla'

export class PeerConnection {
  readonly #options: PeerConnectionOptions
  readonly #socket: Socket
  readonly #waiting = new Map<number, Waiting>()
  readonly #closeCallbacks: ((error: PeerError) => void)[] = []
  #versions: ReadonlyMap<number, VersionRange> | undefined
  #features: PeerFeatures = new Map()
  #correlationId = 0
  #failure: PeerError | undefined

  private constructor(options: PeerConnectionOptions, socket: Socket) {
    this.#options = options
    this.#socket = socket
    const { frameBytesMax = defaultFrameBytesMax, frameMemory } = options
    const takeFrame = (size: number): Buffer => frameMemory?.take(size) ?? Buffer.allocUnsafe(size)
    const assembler = new FrameAssembler((frame) => this.#onFrame(frame), frameBytesMax, takeFrame)
    const take = (push: () => void): void => {
      try {
        push()
      } catch (error) {
        this.#fail('malformed', (error as Error).message)
      }
    }
    socket.setHandler({
      readTarget: () => assembler.target,
      onTargetFilled: (count) => take(() => assembler.onTargetFilled(count)),
      onData: (chunk) => take(() => assembler.push(chunk)),
      onDrain: () => {},
      onEnd: () => this.#fail('closed', 'the peer closed the connection'),
      onClosed: (error) => this.#fail('closed', error?.message ?? 'the connection is closed'),
    })
  }

  /** Rejects with PeerError. */
  static async open(options: PeerConnectionOptions): Promise<PeerConnection> {
    const { network, endpoint, timeoutMs, connectTimeoutMs = timeoutMs } = options
    let socket: Socket
    try {
      socket = await network.connect(endpoint, connectTimeoutMs)
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error
      throw new PeerError(error.code === 'ECONNREFUSED' ? 'refused' : 'unreachable', error.message)
    }
    const connection = new PeerConnection(options, socket)
    if (options.isNegotiated) await connection.#negotiate()
    return connection
  }

  get endpoint(): ConnectOptions {
    return this.#options.endpoint
  }

  get isOpen(): boolean {
    return this.#failure === undefined
  }

  /** The peer's ranges of features, by name; empty where versions were not negotiated. */
  get features(): PeerFeatures {
    return this.#features
  }

  /** Runs once when the connection fails or is closed; at once, if that has happened. */
  onClosed(callback: (error: PeerError) => void): void {
    if (this.#failure !== undefined) callback(this.#failure)
    else this.#closeCallbacks.push(callback)
  }

  /** The newest version that both know; undefined when there is none. Without negotiation the newest of our own. */
  versionOf(apiKey: number): number | undefined {
    const { request } = apis.get(apiKey)!
    const newest = request.latestVersionUnstable ? request.maxVersion - 1 : request.maxVersion
    if (this.#versions === undefined) return newest
    const range = this.#versions.get(apiKey)
    if (range === undefined) return undefined
    const version = Math.min(newest, range.maxVersion)
    return version >= range.minVersion && version >= request.minVersion ? version : undefined
  }

  /** Sends a request; resolves with the decoded answer. Rejects with PeerError, or KafkaError when the version cannot say it. */
  ask<Response extends object>(apiKey: number, message: object, options: AskOptions = {}): Promise<Response> {
    const version = options.version ?? this.versionOf(apiKey)
    const api = apis.get(apiKey)!
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure)
      if (version === undefined)
        return reject(new PeerError('unsupported', `${this.#name} does not serve API ${apiKey}`))
      if (this.#waiting.size >= waitingMax) return reject(new PeerError('timed out', `${this.#name} has not answered`))
      const correlationId = this.#correlationId
      this.#correlationId = (correlationId + 1) & 0x7fffffff
      const chunks = this.#encode(api, version, correlationId, message)
      const timeoutMs = this.#options.timeoutMs + (options.waitMs ?? 0)
      const timer = this.#options.clock.schedule(timeoutMs, () => {
        this.#fail('timed out', `no answer within ${timeoutMs} ms`)
      })
      const { onFrame } = options
      const waiting = { api, version, resolve: resolve as (response: object) => void, reject, timer, onFrame }
      this.#waiting.set(correlationId, waiting)
      this.#write(chunks)
    })
  }

  close(): void {
    this.#fail('closed', 'closed by this node')
  }

  get #name(): string {
    const { host, port } = this.#options.endpoint
    return `${host}:${port}`
  }

  #encode(api: Api, version: number, correlationId: number, message: object): readonly Buffer[] {
    const { clientId } = this.#options
    const header = { requestApiKey: api.key, requestApiVersion: version, correlationId, clientId }
    const headerVersion = requestHeaderVersion(api.request, version)
    const { chunks } = encodeFrame(requestHeader, headerVersion, header, api.request, version, message)
    return chunks as readonly Buffer[]
  }

  #write(chunks: readonly Buffer[]): void {
    this.#socket.cork()
    for (const chunk of chunks) this.#socket.write(chunk)
    this.#socket.uncork()
  }

  #onFrame(frame: Buffer): void {
    const correlationId = frame.readInt32BE(0)
    const waiting = this.#waiting.get(correlationId)
    if (waiting === undefined) {
      this.#fail('malformed', `an answer to request ${correlationId}, which was not sent`)
      return
    }
    const { api, timer, resolve } = waiting
    // A peer that does not know our version of ApiVersions answers in version 0.
    const isRefused = api.key === apiKeys.ApiVersions && frame.readInt16BE(4) === errorCodes.UNSUPPORTED_VERSION
    const version = isRefused ? 0 : waiting.version
    const header = decodeAt(responseHeader, responseHeaderVersion(api.response, version), frame)
    const { message } = decodeAt(api.response, version, frame, header.endOffset)
    this.#waiting.delete(correlationId)
    timer.cancel()
    waiting.onFrame?.(frame)
    resolve(message)
  }

  #fail(failure: PeerFailure, reason: string): void {
    if (this.#failure !== undefined) return
    this.#failure = new PeerError(failure, `${this.#name}: ${reason}`)
    this.#socket.destroy()
    for (const { reject, timer } of this.#waiting.values()) {
      timer.cancel()
      reject(this.#failure)
    }
    this.#waiting.clear()
    for (const callback of this.#closeCallbacks.splice(0)) callback(this.#failure)
  }

  async #negotiate(): Promise<void> {
    const software = { clientSoftwareName: softwareName, clientSoftwareVersion: '1' }
    const answer = await this.ask<VersionsAnswer>(apiKeys.ApiVersions, software)
    if (answer.errorCode !== 0) {
      this.#fail('unsupported', `ApiVersions is answered with error ${answer.errorCode}`)
      throw this.#failure
    }
    this.#versions = new Map(answer.apiKeys.map((range) => [range.apiKey, range]))
    this.#features = new Map(answer.supportedFeatures.map((feature) => [feature.name, feature]))
  }
}

export type PeerFeatures = ReadonlyMap<string, VersionRange>

interface VersionsAnswer {
  readonly errorCode: number
  readonly apiKeys: readonly (VersionRange & { readonly apiKey: number })[]
  readonly supportedFeatures: readonly (VersionRange & { readonly name: string })[]
}
