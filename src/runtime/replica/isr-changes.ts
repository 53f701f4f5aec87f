/**
 * Tells the controller which replicas are in sync with this broker's partitions (AlterPartition, KIP-497). The partitions
 * propose: to take in a follower when it fetches, to drop one here, where every half of replica.lag.time.max.ms they are
 * asked who lags. One request is under way at a time; what is proposed meanwhile goes in the next one.
 *
 * Invariant: a proposal ends as its partition's committed state only through an answer or the metadata, whichever has the
 * higher partition epoch. Where it is not known whether the controller took it, it stays, and the maximal ISR counts.
 */
import type { Clock, Timer } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Uuid } from '../../base/uuid.ts'
import type {
  AlterPartitionRequestInput,
  AlterPartitionRequestPartitionData,
  AlterPartitionResponse,
  AlterPartitionResponsePartitionData,
} from '../../protocol/api/56-alter-partition.ts'
import { apiKeys } from '../../protocol/api/index.ts'
import { type ErrorName, errorName } from '../../protocol/errors.ts'
import type { IsrProposal } from '../../replication/leader-replicas.ts'
import type { ControllerChannel } from '../controller/controller-channel.ts'
import type { IsrProposals, Partition } from './partition.ts'

const retryMs = 50
/** Of one request: its answer comes within one frame, and others get their turn. */
const proposalsMax = 10_000
/** A leader has recovered what it could the moment that it leads: Kafka's leaders never say otherwise. */
const recovered = 0

/** The controller did not take it, and never will: who is refused may be proposed anew. */
const undone: ReadonlySet<ErrorName> = new Set(['INELIGIBLE_REPLICA', 'OPERATION_NOT_ATTEMPTED'])
/** Newer metadata is on its way, and says how it ended. */
const outdated: ReadonlySet<ErrorName> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'NEW_LEADER_ELECTED',
  'FENCED_LEADER_EPOCH',
  'INVALID_UPDATE_VERSION',
  'INVALID_REQUEST',
])

export interface IsrChangesOptions {
  readonly brokerId: number
  /** Of the present registration. */
  readonly brokerEpoch: () => number
  readonly controller: ControllerChannel
  readonly clock: Clock
  readonly logger: Logger
  /** replica.lag.time.max.ms */
  readonly lagTimeMaxMs: number
}

/** Whose partitions are asked who lags. */
export interface LedPartitions {
  partitions(): Iterable<Partition>
}

export class IsrChanges implements IsrProposals {
  readonly #options: IsrChangesOptions
  /** Those that are not answered; of each partition the one that it stands by, others are passed over. */
  readonly #waiting = new Map<Partition, IsrProposal>()
  #sending: Promise<void> | undefined
  #checkTimer: Timer | undefined
  #retry: { readonly timer: Timer; readonly resolve: () => void } | undefined
  #isStopped = false
  #expandedCount = 0
  #shrunkCount = 0
  #failedCount = 0

  constructor(options: IsrChangesOptions) {
    this.#options = options
  }

  /** Followers that were taken in, dropped, and requests that failed, since the start. */
  get counts(): { readonly expanded: number; readonly shrunk: number; readonly failed: number } {
    return { expanded: this.#expandedCount, shrunk: this.#shrunkCount, failed: this.#failedCount }
  }

  /** From now on the partitions are asked who lags. */
  start(led: LedPartitions): void {
    if (this.#isStopped) return
    this.#checkTimer = this.#options.clock.schedule(this.#options.lagTimeMaxMs / 2, () => {
      for (const partition of led.partitions()) partition.shrinkInSyncReplicas()
      this.start(led)
    })
  }

  propose(partition: Partition, proposal: IsrProposal): void {
    if (this.#isStopped) return
    this.#waiting.set(partition, proposal)
    this.#sending ??= this.#send()
  }

  /** Nothing is sent any more. */
  stop(): void {
    this.#isStopped = true
    this.#checkTimer?.cancel()
    this.#waiting.clear()
    this.#retry?.timer.cancel()
    this.#retry?.resolve()
  }

  /** Resolves when no proposal is unanswered, or after `stop`. */
  async whenSettled(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending
  }

  async #send(): Promise<void> {
    // What is proposed in the same turn goes in one request.
    await Promise.resolve()
    for (let batch = this.#takeBatch(); batch.size > 0; batch = this.#takeBatch()) {
      const failure = await this.#sendBatch(batch)
      if (failure === undefined || this.#isStopped) continue
      this.#failedCount++
      this.#options.logger.warn('the controller does not know the in-sync replicas yet', { error: failure })
      await this.#delay()
    }
    this.#sending = undefined
  }

  /** Leaves them where they are, but for those that their partition does not stand by any more. */
  #takeBatch(): ReadonlyMap<Partition, IsrProposal> {
    const batch = new Map<Partition, IsrProposal>()
    for (const [partition, proposal] of this.#waiting) {
      if (partition.replicas?.proposal !== proposal) this.#waiting.delete(partition)
      else if (batch.size < proposalsMax) batch.set(partition, proposal)
    }
    return batch
  }

  /** Resolves with why some have to be sent again, undefined when each has its answer. */
  async #sendBatch(batch: ReadonlyMap<Partition, IsrProposal>): Promise<string | undefined> {
    try {
      const request = this.#requestOf(batch)
      const response = await this.#options.controller.send<AlterPartitionResponse>(apiKeys.AlterPartition, request)
      if (this.#isStopped) return undefined
      return response.errorCode === 0 ? this.#onAnswered(batch, response) : errorName(response.errorCode)
    } catch (error) {
      return (error as Error).message
    }
  }

  #requestOf(batch: ReadonlyMap<Partition, IsrProposal>): AlterPartitionRequestInput {
    const { brokerId, brokerEpoch } = this.#options
    const ownEpoch = brokerEpoch()
    const topics = new Map<Uuid, AlterPartitionRequestPartitionData[]>()
    for (const [{ topicId, index }, { inSyncReplicas, leaderEpoch, partitionEpoch }] of batch) {
      const partitions = topics.get(topicId) ?? []
      topics.set(topicId, partitions)
      partitions.push({
        partitionIndex: index,
        leaderEpoch,
        newIsr: [],
        newIsrWithEpochs: inSyncReplicas.map((replica) => {
          return replica.brokerId === brokerId ? { brokerId, brokerEpoch: ownEpoch } : replica
        }),
        leaderRecoveryState: recovered,
        partitionEpoch,
      })
    }
    return {
      brokerId,
      brokerEpoch: ownEpoch,
      topics: [...topics].map(([topicId, partitions]) => ({ topicId, partitions })),
    }
  }

  #onAnswered(batch: ReadonlyMap<Partition, IsrProposal>, response: AlterPartitionResponse): string | undefined {
    const answers = new Map<string, AlterPartitionResponsePartitionData>()
    for (const { topicId, partitions } of response.topics) {
      for (const answer of partitions) answers.set(`${topicId}-${answer.partitionIndex}`, answer)
    }
    let failure: string | undefined
    for (const [partition, proposal] of batch) {
      const answer = answers.get(`${partition.topicId}-${partition.index}`)
      const isDone = answer !== undefined && this.#onAnswer(partition, proposal, answer)
      if (!isDone) failure ??= answer === undefined ? 'an answer is missing' : errorName(answer.errorCode)
      else if (this.#waiting.get(partition) === proposal) this.#waiting.delete(partition)
    }
    return failure
  }

  /** False when it has to be sent again. */
  #onAnswer(partition: Partition, proposal: IsrProposal, answer: AlterPartitionResponsePartitionData): boolean {
    const { logger } = this.#options
    if (answer.errorCode === 0) {
      const { leaderEpoch, partitionEpoch, isr } = answer
      this.#count(partition, isr)
      logger.info('in-sync replicas', { partition: partition.name, isr: isr.join(','), partitionEpoch })
      partition.onInSyncReplicas(proposal, { leaderEpoch, partitionEpoch, inSyncReplicas: isr })
      return true
    }
    const error = errorName(answer.errorCode)
    const isUndone = undone.has(error)
    if (!isUndone && !outdated.has(error)) return false
    this.#failedCount++
    const isr = proposal.inSyncReplicas.map(({ brokerId }) => brokerId).join(',')
    logger.info('in-sync replicas were not taken', { partition: partition.name, isr, error })
    if (isUndone) partition.onProposalUndone(proposal)
    return true
  }

  #count(partition: Partition, isr: readonly number[]): void {
    const sizeBefore = partition.replicas?.assignment.inSyncReplicas.length ?? isr.length
    if (isr.length > sizeBefore) this.#expandedCount++
    else if (isr.length < sizeBefore) this.#shrunkCount++
  }

  #delay(): Promise<void> {
    return new Promise((resolve) => {
      this.#retry = { timer: this.#options.clock.schedule(retryMs, resolve), resolve }
    })
  }
}
