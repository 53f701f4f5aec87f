/**
 * A broker's life in the cluster: it registers, reads the metadata log up to its own registration, opens its logs, is
 * unfenced, sends heartbeats, and in the end asks to be relieved of its leaderships before it stops (KIP-631).
 *
 *   registering > catching up > opening logs > serving (unfenced) > shutting down > gone
 *
 * Nothing here polls: each step begins when the one before is done, and a broker beside its controller serves after three
 * commits. Only a lost controller is waited for. A new active controller knows nobody: it is told at once that this broker
 * lives. So is one that lets another broker go, which it does once all that stay have read who leads in its place.
 */
import type { Clock, Timer } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Random } from '../../base/random.ts'
import { randomUuid, type Uuid } from '../../base/uuid.ts'
import type { BrokerRegistration, Endpoint } from '../../metadata/broker-registration.ts'
import type { Change } from '../../metadata/metadata-delta.ts'
import { supportedFeatures } from '../../metadata/metadata-version.ts'
import type {
  BrokerRegistrationRequestInput,
  BrokerRegistrationResponse,
} from '../../protocol/api/62-broker-registration.ts'
import type { BrokerHeartbeatRequestInput, BrokerHeartbeatResponse } from '../../protocol/api/63-broker-heartbeat.ts'
import { apiKeys } from '../../protocol/api/index.ts'
import { type ErrorName, errorCodes, errorName, KafkaError } from '../../protocol/errors.ts'
import type { ControllerChannel } from '../controller/controller-channel.ts'
import type { MetadataPublisher } from '../raft/metadata-publisher.ts'

/** Kafka waits so long between tries while the controller cannot be reached or refuses. */
const retryMs = 100
/** How long a caught-up check waits for the log to move on before it asks again. */
const catchUpWaitMs = 100
/** How long after a heartbeat that nobody answered the next one is sent. */
const heartbeatRetryMs = 500
/** How long the shutdown waits for the log to move on before it asks again. */
const shutdownRetryMs = 50
/** How long the shutdown waits for an answer before it looks whether there is a controller at all: several elections. */
const leaveMsMax = 1_500

export interface BrokerLifecycleOptions {
  readonly brokerId: number
  readonly clusterId: string
  /** What other brokers and clients are told to connect to, one per listener. */
  readonly endpoints: readonly Endpoint[]
  readonly rack: string | null
  /** Ids of the log directories that work. */
  readonly logDirectoryIds: () => readonly Uuid[]
  /** Ids of those that failed since the start. */
  readonly offlineLogDirectoryIds: () => readonly Uuid[]
  /** Ids of those that get no new replicas. */
  readonly cordonedLogDirectoryIds: () => readonly Uuid[]
  /** From the clean-shutdown marks; -1 after a crash. */
  readonly previousBrokerEpoch: number
  readonly controller: ControllerChannel
  /** False while nobody is known to lead the metadata log. */
  readonly isControllerKnown?: () => boolean
  readonly publisher: MetadataPublisher
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** broker.heartbeat.interval.ms */
  readonly heartbeatIntervalMs: number
  /** initial.broker.registration.timeout.ms */
  readonly registrationTimeoutMs: number
  /** The image shows this broker's registration: publish it, open the logs; resolves when all partitions have a role. */
  readonly openLogs: () => Promise<void>
}

export type BrokerLifecycleState = 'starting' | 'recovering' | 'running' | 'shutting down' | 'stopped'

export class BrokerLifecycle {
  readonly incarnationId: Uuid
  readonly #options: BrokerLifecycleOptions
  #state: BrokerLifecycleState = 'starting'
  #brokerEpoch = -1
  #isFenced = true
  #heartbeatTimer: Timer | undefined
  #heartbeat: Promise<void> | undefined
  #isHeartbeatDue = false
  #toldProblem: string | undefined
  /** The registration that is to end has ended already. */
  #isForgotten = false
  #unsubscribes: (() => void)[] = []

  constructor(options: BrokerLifecycleOptions) {
    this.#options = options
    this.incarnationId = randomUuid(options.random)
  }

  get state(): BrokerLifecycleState {
    return this.#state
  }

  /** Of the present registration; -1 before. What the clean-shutdown mark must say. */
  get brokerEpoch(): number {
    return this.#brokerEpoch
  }

  /** Whether the controller says so; true until the first unfencing. */
  get isFenced(): boolean {
    return this.#isFenced
  }

  /** Resolves when this broker serves. Rejects when it cannot register in time, is refused for good or is stopped. */
  async start(): Promise<void> {
    const { publisher, clock, logger } = this.#options
    await this.#register()
    while (!(await this.#insist({ wantFence: true })).isCaughtUp) {
      await publisher.nextApplied(clock, catchUpWaitMs)
      this.#checkNotStopped()
    }
    this.#state = 'recovering'
    await this.#options.openLogs()
    this.#checkNotStopped()
    while ((await this.#insist({ wantFence: false })).isFenced) {
      await publisher.nextApplied(clock, catchUpWaitMs)
      this.#checkNotStopped()
    }
    this.#checkNotStopped()
    this.#isFenced = false
    this.#state = 'running'
    logger.info('this broker serves', { brokerEpoch: this.#brokerEpoch })
    this.#scheduleHeartbeat()
    this.#listen()
  }

  /** Sends a heartbeat at once: a log directory failed or is cordoned. */
  heartbeatSoon(): void {
    if (this.#state !== 'running') return
    this.#heartbeatTimer?.cancel()
    // One that is under way may not say it yet.
    this.#isHeartbeatDue = true
    this.#beat()
  }

  /**
   * Asks the controller to move leaderships away, and resolves when this broker may stop, or after `timeoutMs` without
   * a controller that would say so. Never rejects.
   */
  async shutDown(timeoutMs: number): Promise<void> {
    if (this.#state === 'stopped') return
    const { clock, logger, publisher } = this.#options
    this.#unlisten()
    const wasRegistered = this.#brokerEpoch >= 0
    this.#state = 'shutting down'
    this.#heartbeatTimer?.cancel()
    const deadlineMs = clock.monotonic() + timeoutMs
    for (let attempt = 0; wasRegistered; attempt++) {
      const response = await this.#tryShutdownHeartbeat(Math.min(deadlineMs, clock.monotonic() + leaveMsMax))
      if (response?.shouldShutDown === true || this.#isForgotten) break
      // Where all stop at once, the last have no controller left that could give them leave.
      const hasNobodyToAsk = response === undefined && this.#options.isControllerKnown?.() === false
      if (hasNobodyToAsk || clock.monotonic() >= deadlineMs) {
        logger.warn('stopping without the leave of a controller')
        break
      }
      // The first answer says that the shutdown has begun; a controller without other brokers grants it with the second.
      if (attempt > 0 || response === undefined) await publisher.nextApplied(clock, shutdownRetryMs)
    }
    this.#state = 'stopped'
  }

  /** Stops without a word: for a process that cannot go on. */
  stop(): void {
    this.#state = 'stopped'
    this.#unlisten()
    this.#heartbeatTimer?.cancel()
  }

  #listen(): void {
    const { controller, publisher, brokerId } = this.#options
    const isLeaving = ({ previous, current }: Change<BrokerRegistration>) =>
      current?.isInControlledShutdown === true && previous?.isInControlledShutdown !== true
    this.#unsubscribes.push(
      controller.onControllerChange?.(() => this.heartbeatSoon()) ?? (() => {}),
      publisher.subscribe({
        onMetadataChange: ({ brokers }) => {
          for (const [id, change] of brokers) if (id !== brokerId && isLeaving(change)) this.heartbeatSoon()
        },
      }),
    )
  }

  #unlisten(): void {
    for (const unsubscribe of this.#unsubscribes.splice(0)) unsubscribe()
  }

  #checkNotStopped(): void {
    if (this.#state === 'shutting down' || this.#state === 'stopped') {
      throw new KafkaError('BROKER_NOT_AVAILABLE', 'this broker was stopped while it started')
    }
  }

  async #tryShutdownHeartbeat(deadlineMs: number): Promise<BrokerHeartbeatResponse | undefined> {
    const { clock } = this.#options
    return new Promise((resolve) => {
      const timer = clock.schedule(Math.max(0, deadlineMs - clock.monotonic()), () => resolve(undefined))
      this.#sendHeartbeat({ wantFence: false, wantShutDown: true }).then(
        (response) => {
          timer.cancel()
          resolve(response)
        },
        () => {
          timer.cancel()
          resolve(undefined)
        },
      )
    })
  }

  /** While it starts, this broker waits for a controller as long as it takes. */
  async #insist(wish: Pick<BrokerHeartbeatRequestInput, 'wantFence'>): Promise<BrokerHeartbeatResponse> {
    for (;;) {
      try {
        return await this.#sendHeartbeat(wish)
      } catch (error) {
        if (!(error instanceof KafkaError) || isFinal(error.code)) throw error
        this.#tell(`waiting for a controller: ${error.message}`)
      }
      await delay(this.#options.clock, retryMs)
      this.#checkNotStopped()
    }
  }

  /** A problem that stays is told once. */
  #tell(problem: string): void {
    if (this.#toldProblem === problem) return
    this.#toldProblem = problem
    this.#options.logger.warn(problem)
  }

  async #register(): Promise<void> {
    const { controller, clock, registrationTimeoutMs } = this.#options
    const deadlineMs = clock.monotonic() + registrationTimeoutMs
    for (;;) {
      let problem: string
      try {
        const response = await controller.send<BrokerRegistrationResponse>(
          apiKeys.BrokerRegistration,
          this.#registration(),
        )
        if (response.errorCode === 0) {
          this.#brokerEpoch = response.brokerEpoch
          this.#toldProblem = undefined
          return
        }
        throw new KafkaError(errorName(response.errorCode), this.#refusal(errorName(response.errorCode)))
      } catch (error) {
        if (!(error instanceof KafkaError) || isFinal(error.code)) throw error
        problem = error.message
      }
      if (clock.monotonic() >= deadlineMs) {
        throw new KafkaError('REQUEST_TIMED_OUT', `could not register with a controller in time: ${problem}`)
      }
      this.#tell(`registration is tried again: ${problem}`)
      await delay(clock, retryMs)
      this.#checkNotStopped()
    }
  }

  /** What an operator can do about it; the answer itself has no room for more than a code. */
  #refusal(error: ErrorName): string {
    const { brokerId, clusterId } = this.#options
    switch (error) {
      case 'DUPLICATE_BROKER_REGISTRATION':
        return `another process with broker id ${brokerId} is alive, or was until now`
      case 'INCONSISTENT_CLUSTER_ID':
        return `this node's directories belong to cluster ${clusterId}, the controllers to another`
      case 'UNSUPPORTED_VERSION':
        return "this version does not support a feature at the level that the cluster has; the controller's log names it"
      case 'INVALID_REGISTRATION':
        return "the controllers do not take this broker's features or log directories; the controller's log says why"
      default:
        return `the controller answers ${error}`
    }
  }

  #registration(): BrokerRegistrationRequestInput {
    const { brokerId, clusterId, endpoints, rack, logDirectoryIds, previousBrokerEpoch } = this.#options
    // A process that registers again has lost nothing since.
    const lastEpoch = this.#brokerEpoch >= 0 ? this.#brokerEpoch : previousBrokerEpoch
    return {
      brokerId,
      clusterId,
      incarnationId: this.incarnationId,
      listeners: endpoints,
      features: [...supportedFeatures].map(([name, range]) => ({
        name,
        minSupportedVersion: range.min,
        maxSupportedVersion: range.max,
      })),
      rack,
      logDirs: [...logDirectoryIds()].sort(),
      previousBrokerEpoch: lastEpoch,
    }
  }

  /** One heartbeat; a registration that the controller no longer knows is renewed first. Rejects when none answers. */
  async #sendHeartbeat(
    wish: Pick<BrokerHeartbeatRequestInput, 'wantFence' | 'wantShutDown'>,
  ): Promise<BrokerHeartbeatResponse> {
    const { brokerId, controller, publisher, offlineLogDirectoryIds, cordonedLogDirectoryIds, logger } = this.#options
    for (;;) {
      const request: BrokerHeartbeatRequestInput = {
        ...wish,
        brokerId,
        brokerEpoch: this.#brokerEpoch,
        currentMetadataOffset: publisher.appliedOffset,
        offlineLogDirs: offlineLogDirectoryIds(),
        // Said once the controller knows this broker.
        cordonedLogDirs: this.#state === 'starting' ? null : cordonedLogDirectoryIds(),
      }
      const response = await controller.send<BrokerHeartbeatResponse>(apiKeys.BrokerHeartbeat, request)
      if (response.errorCode === 0) return response
      if (response.errorCode !== errorCodes.STALE_BROKER_EPOCH) throw new KafkaError(errorName(response.errorCode))
      this.#isForgotten = this.#state === 'shutting down'
      if (this.#isForgotten) throw new KafkaError('STALE_BROKER_EPOCH')
      logger.warn('the controller does not know this registration any more: registering again', { brokerId })
      await this.#register()
    }
  }

  #scheduleHeartbeat(delayMs = this.#options.heartbeatIntervalMs): void {
    if (this.#state !== 'running') return
    this.#heartbeatTimer = this.#options.clock.schedule(delayMs, () => this.#beat())
  }

  /** One at a time; what a heartbeat cannot do, the next one does. */
  #beat(): void {
    if (this.#heartbeat !== undefined) return
    this.#isHeartbeatDue = false
    let delayMs: number | undefined
    this.#heartbeat = this.#sendHeartbeat({ wantFence: false })
      .then(
        ({ isFenced }) => {
          this.#toldProblem = undefined
          if (isFenced !== this.#isFenced) this.#noteFenced(isFenced)
          // It asks to be unfenced with its next heartbeat.
          if (isFenced) delayMs = retryMs
        },
        (error: Error) => {
          delayMs = heartbeatRetryMs
          if (this.#state === 'running') this.#tell(`a heartbeat was not answered: ${error.message}`)
        },
      )
      .finally(() => {
        this.#heartbeat = undefined
        if (this.#isHeartbeatDue && this.#state === 'running') this.#beat()
        else this.#scheduleHeartbeat(delayMs)
      })
  }

  #noteFenced(isFenced: boolean): void {
    this.#isFenced = isFenced
    const { logger } = this.#options
    if (isFenced) logger.warn('the controller has fenced this broker')
    else logger.info('the controller has unfenced this broker')
  }
}

/** Refusals that no second try can change. */
function isFinal(errorCode: number): boolean {
  return (
    errorCode === errorCodes.INCONSISTENT_CLUSTER_ID ||
    errorCode === errorCodes.UNSUPPORTED_VERSION ||
    errorCode === errorCodes.INVALID_REGISTRATION
  )
}

function delay(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.schedule(ms, resolve))
}
