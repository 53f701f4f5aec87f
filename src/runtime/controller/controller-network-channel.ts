/**
 * The way to the active controller wherever it is: over a connection of its own for each purpose, so that a heartbeat
 * never waits behind a topic's creation, or directly when this very process is the active one. Whoever leads the metadata
 * log is the controller; the raft driver knows who that is and tells of changes.
 *
 *   no leader known, connection broken, NOT_CONTROLLER > look again, at once when the leader changes > until the deadline
 *
 * As in Kafka a request whose connection broke is sent again, though the first may have been done: what must not happen
 * twice carries epochs. Rejects with KafkaError alone: REQUEST_TIMED_OUT at the deadline, which clients are answered with
 * where there is no controller.
 */
import type { Clock, Timer } from '../../base/clock.ts'
import type { ConnectOptions, Network } from '../../base/network.ts'
import { apiKeys } from '../../protocol/api/index.ts'
import { discloseResponse, encloseRequest, encodeAddress, encodePrincipal } from '../../protocol/envelope.ts'
import { errorCodes, KafkaError, ProtocolError } from '../../protocol/errors.ts'
import { PeerConnection, PeerError } from '../peer-connection.ts'
import type { ControllerChannel, Requester } from './controller-channel.ts'
import { askLocally, isNotController } from './controller-local-channel.ts'
import type { ControllerRuntime } from './controller-runtime.ts'

export interface ActiveController {
  readonly id: number
  /** Its controller listener. */
  readonly endpoint: ConnectOptions
  /** In which it leads. */
  readonly epoch: number
}

/** Who leads the metadata log, as far as this node knows. */
export interface ActiveControllerSource {
  leader(): ActiveController | undefined
  /** The callback runs after each change of what `leader` says. Returns how to leave. */
  onLeaderChange(callback: () => void): () => void
}

export interface ControllerChannelsOptions {
  readonly nodeId: number
  readonly source: ActiveControllerSource
  /** The controller in this process, where there is one. */
  readonly local?: Pick<ControllerRuntime, 'handle' | 'isActive'>
  readonly network: Network
  readonly clock: Clock
  /** request.timeout.ms: how long a request may look for a controller and wait for its answer. */
  readonly requestTimeoutMs: number
}

/** How long a broken way is left alone before it is tried again, unless the leader changes. */
const retryMs = 25
/** A client that allows less time for what it wants is answered no sooner. */
const timeoutMsMin = 1_000
/** What is done in the last moment is still told. */
const graceMs = 500
const connectTimeoutMsMax = 10_000

/** One per node: hands out a channel for each purpose. */
export class ControllerChannels {
  readonly #options: ControllerChannelsOptions
  readonly #channels = new Set<NetworkControllerChannel>()

  constructor(options: ControllerChannelsOptions) {
    this.#options = options
  }

  /** A channel with a connection of its own; `timeoutMs` instead of request.timeout.ms, as heartbeats have. */
  open(timeoutMs?: number): NetworkControllerChannel {
    const { requestTimeoutMs } = this.#options
    const channel = new NetworkControllerChannel({
      ...this.#options,
      requestTimeoutMs: Math.min(timeoutMs ?? requestTimeoutMs, requestTimeoutMs),
    })
    this.#channels.add(channel)
    return channel
  }

  /** Everything that waits rejects. */
  close(): void {
    for (const channel of this.#channels) channel.close()
  }
}

interface Attempt {
  readonly leader: ActiveController
  readonly connection: Promise<PeerConnection>
  /** The way leads to a controller that is none any more. */
  abandon(): void
}

export class NetworkControllerChannel implements ControllerChannel {
  readonly #options: ControllerChannelsOptions
  readonly #unsubscribe: () => void
  #attempt: Attempt | undefined
  #pause: { readonly over: Promise<void>; readonly end: () => void; readonly timer: Timer } | undefined
  #correlationId = 0
  #leaderChangeCount = 0
  #isClosed = false

  constructor(options: ControllerChannelsOptions) {
    this.#options = options
    this.#unsubscribe = options.source.onLeaderChange(() => this.#onLeaderChange())
  }

  async send<Response>(apiKey: number, request: object, requester?: Requester): Promise<Response> {
    const { clock, local } = this.#options
    const deadlineMs = clock.monotonic() + this.#timeoutMs(request)
    for (let problem = 'none is known'; ; ) {
      if (this.#isClosed) throw new KafkaError('BROKER_NOT_AVAILABLE', 'This broker stops.')
      if (clock.monotonic() >= deadlineMs) throw timedOut(problem)
      const changeCount = this.#leaderChangeCount
      try {
        const answer =
          local?.isActive === true
            ? await askLocally(local, apiKey, request, requester)
            : await this.#askLeader(apiKey, request, requester, deadlineMs)
        if (answer !== undefined && !saysNotController(answer)) return answer as Response
        if (answer !== undefined) problem = 'who was asked is not the active one'
      } catch (error) {
        problem = problemOf(error)
      }
      if (changeCount === this.#leaderChangeCount && clock.monotonic() < deadlineMs) await this.#nextTry()
    }
  }

  onControllerChange(callback: () => void): () => void {
    const { source } = this.#options
    return source.onLeaderChange(() => {
      if (source.leader() !== undefined) callback()
    })
  }

  close(): void {
    this.#isClosed = true
    this.#unsubscribe()
    this.#attempt?.abandon()
    this.#attempt = undefined
    this.#endPause()
  }

  #timeoutMs(request: object): number {
    const { requestTimeoutMs } = this.#options
    const { timeoutMs } = request as { readonly timeoutMs?: unknown }
    if (typeof timeoutMs !== 'number') return requestTimeoutMs
    return Math.min(requestTimeoutMs, Math.max(timeoutMs, timeoutMsMin) + graceMs)
  }

  /** Resolves with undefined where nobody is known to lead. */
  async #askLeader(
    apiKey: number,
    request: object,
    requester: Requester | undefined,
    deadlineMs: number,
  ): Promise<object | undefined> {
    const { nodeId, source } = this.#options
    const leader = source.leader()
    if (leader === undefined || leader.id === nodeId) return undefined
    const connection = await this.#beforeDeadline(this.#connect(leader), deadlineMs)
    const asking =
      requester === undefined ? connection.ask(apiKey, request) : this.#forward(connection, apiKey, request, requester)
    return this.#beforeDeadline(asking, deadlineMs)
  }

  /** Resolves with undefined where the envelope came to a controller that is not the active one. */
  async #forward(
    connection: PeerConnection,
    apiKey: number,
    request: object,
    { clientId, connection: client }: Requester,
  ): Promise<object> {
    const apiVersion = connection.versionOf(apiKey)
    if (apiVersion === undefined) throw new PeerError('unsupported', `the controller does not serve API ${apiKey}`)
    const correlationId = this.#correlationId
    this.#correlationId = (correlationId + 1) & 0x7fffffff
    const enclosed = { apiKey, apiVersion, correlationId, clientId }
    const answer = await connection.ask<{ readonly errorCode: number; readonly responseData: Buffer | null }>(
      apiKeys.Envelope,
      {
        requestData: encloseRequest(enclosed, request),
        requestPrincipal: encodePrincipal(client.principal),
        clientHostAddress: encodeAddress(client.clientHost),
      },
    )
    if (answer.errorCode === errorCodes.NOT_CONTROLLER) return answer
    if (answer.errorCode === errorCodes.UNSUPPORTED_VERSION) throw new KafkaError('UNSUPPORTED_VERSION')
    if (answer.errorCode !== 0 || answer.responseData === null) throw new KafkaError('UNKNOWN_SERVER_ERROR')
    return discloseResponse(enclosed, answer.responseData)
  }

  #connect(leader: ActiveController): Promise<PeerConnection> {
    if (this.#attempt !== undefined && isSame(this.#attempt.leader, leader)) return this.#attempt.connection
    this.#attempt?.abandon()
    const { network, clock, nodeId, requestTimeoutMs } = this.#options
    const opening = PeerConnection.open({
      network,
      clock,
      endpoint: leader.endpoint,
      clientId: String(nodeId),
      timeoutMs: requestTimeoutMs,
      connectTimeoutMs: Math.min(requestTimeoutMs, connectTimeoutMsMax),
      isNegotiated: true,
    })
    let isAbandoned = false
    let reject: (error: PeerError) => void = () => {}
    const attempt: Attempt = {
      leader,
      connection: new Promise<PeerConnection>((resolve, rejectConnection) => {
        reject = rejectConnection
        opening.then((connection) => {
          if (isAbandoned) connection.close()
          else connection.onClosed(() => this.#forget(attempt))
          resolve(connection)
        }, rejectConnection)
      }),
      abandon: () => {
        isAbandoned = true
        reject(new PeerError('closed', 'another controller is active'))
        opening.then(
          (connection) => connection.close(),
          () => {},
        )
      },
    }
    this.#attempt = attempt
    attempt.connection.catch(() => this.#forget(attempt))
    return attempt.connection
  }

  #forget(attempt: Attempt): void {
    if (this.#attempt === attempt) this.#attempt = undefined
  }

  /** What is asked at the deadline is no longer waited for; others may still be answered on the same connection. */
  #beforeDeadline<Result>(pending: Promise<Result>, deadlineMs: number): Promise<Result> {
    const { clock } = this.#options
    return new Promise((resolve, reject) => {
      const leftMs = Math.max(0, deadlineMs - clock.monotonic())
      const timer = clock.schedule(leftMs, () => reject(new PeerError('timed out', 'it has not answered')))
      pending.then(resolve, reject).finally(() => timer.cancel())
    })
  }

  /**
   * Another epoch is another leader, even of the same node: a process that died without a word with its machine, and is
   * elected again, never answers what the one before it was asked.
   */
  #onLeaderChange(): void {
    this.#leaderChangeCount++
    const leader = this.#options.source.leader()
    if (leader !== undefined && this.#attempt !== undefined && !isSame(this.#attempt.leader, leader)) {
      this.#attempt.abandon()
      this.#attempt = undefined
    }
    this.#endPause()
  }

  /** All that wait for another try wait together. */
  #nextTry(): Promise<void> {
    if (this.#pause === undefined) {
      let end = (): void => {}
      const over = new Promise<void>((resolve) => {
        end = resolve
      })
      const timer = this.#options.clock.schedule(retryMs, () => this.#endPause())
      this.#pause = { over, end, timer }
    }
    return this.#pause.over
  }

  #endPause(): void {
    const pause = this.#pause
    this.#pause = undefined
    pause?.timer.cancel()
    pause?.end()
  }
}

function isSame(left: ActiveController, right: ActiveController): boolean {
  return (
    left.id === right.id &&
    left.epoch === right.epoch &&
    left.endpoint.host === right.endpoint.host &&
    left.endpoint.port === right.endpoint.port
  )
}

interface MaybeRefused {
  readonly errorCode?: number
  readonly topics?: readonly { readonly errorCode?: number }[]
}

/** CreateTopics says it of each topic. */
function saysNotController({ errorCode, topics }: MaybeRefused): boolean {
  if (errorCode === errorCodes.NOT_CONTROLLER) return true
  return topics?.[0]?.errorCode === errorCodes.NOT_CONTROLLER
}

/** Why it has to be tried again; throws what no second try can change. */
function problemOf(error: unknown): string {
  if (error instanceof PeerError && error.failure !== 'unsupported') return error.message
  if (isNotController(error)) return 'this node has ceased to be the active one'
  if (error instanceof PeerError) throw new KafkaError('UNSUPPORTED_VERSION', error.message)
  if (error instanceof ProtocolError) throw new KafkaError('UNKNOWN_SERVER_ERROR', error.message)
  throw error
}

function timedOut(problem: string): KafkaError {
  return new KafkaError('REQUEST_TIMED_OUT', `No active controller answered in time: ${problem}`)
}
