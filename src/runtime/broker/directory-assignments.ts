/**
 * Tells the controller in which log directory each replica of this broker lies (KIP-858). The replica manager says where
 * it found or made a log that the metadata places elsewhere or nowhere; without this the controller could not know what is
 * lost with a directory, and a restart without that directory would start the partition empty in another.
 */
import type { Clock, Timer } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Uuid } from '../../base/uuid.ts'
import type {
  AssignReplicasToDirsRequestInput,
  AssignReplicasToDirsResponse,
} from '../../protocol/api/73-assign-replicas-to-dirs.ts'
import { apiKeys } from '../../protocol/api/index.ts'
import { errorName } from '../../protocol/errors.ts'
import type { ControllerChannel } from '../controller/controller-channel.ts'

/** As many as Apache Kafka's brokers put into one request. */
const assignmentsMax = 2250
const retryMs = 1_000

interface Assignment {
  readonly topicId: Uuid
  readonly index: number
  readonly directoryId: Uuid
}

export interface DirectoryAssignmentsOptions {
  readonly brokerId: number
  readonly brokerEpoch: () => number
  readonly controller: ControllerChannel
  readonly clock: Clock
  readonly logger: Logger
}

export class DirectoryAssignments {
  readonly #options: DirectoryAssignmentsOptions
  /** By partition: what is not acknowledged yet, the newest. */
  readonly #waiting = new Map<string, Assignment>()
  #sending: Promise<void> | undefined
  #retry: { readonly timer: Timer; readonly resolve: () => void } | undefined
  #isStopped = false

  constructor(options: DirectoryAssignmentsOptions) {
    this.#options = options
  }

  assign(topicId: Uuid, index: number, directoryId: Uuid): void {
    if (this.#isStopped) return
    this.#waiting.set(`${topicId}-${index}`, { topicId, index, directoryId })
    this.#sending ??= this.#send()
  }

  /** Resolves when the controller has recorded all, or after `stop`. */
  async whenRecorded(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending
  }

  stop(): void {
    this.#isStopped = true
    this.#waiting.clear()
    this.#retry?.timer.cancel()
    this.#retry?.resolve()
  }

  async #send(): Promise<void> {
    // What is opened in the same turn goes in one request.
    await Promise.resolve()
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting].slice(0, assignmentsMax)
      const problem = await this.#sendBatch(batch.map(([, assignment]) => assignment))
      if (problem === undefined) {
        for (const [key, assignment] of batch) if (this.#waiting.get(key) === assignment) this.#waiting.delete(key)
      } else if (!this.#isStopped) {
        this.#options.logger.warn('the controller does not know yet in which directories replicas lie', { problem })
        await this.#delay()
      }
    }
    this.#sending = undefined
  }

  /** Resolves with why it has to be tried again. What the controller refuses for one partition stays so: it is gone. */
  async #sendBatch(batch: readonly Assignment[]): Promise<string | undefined> {
    const { controller, brokerId, brokerEpoch } = this.#options
    const directories = groupBy(batch, ({ directoryId }) => directoryId).map(([id, inDirectory]) => ({
      id,
      topics: groupBy(inDirectory, ({ topicId }) => topicId).map(([topicId, ofTopic]) => ({
        topicId,
        partitions: ofTopic.map(({ index }) => ({ partitionIndex: index })),
      })),
    }))
    const request: AssignReplicasToDirsRequestInput = { brokerId, brokerEpoch: brokerEpoch(), directories }
    try {
      const response = await controller.send<AssignReplicasToDirsResponse>(apiKeys.AssignReplicasToDirs, request)
      return response.errorCode === 0 ? undefined : errorName(response.errorCode)
    } catch (error) {
      return (error as Error).message
    }
  }

  #delay(): Promise<void> {
    return new Promise((resolve) => {
      this.#retry = { timer: this.#options.clock.schedule(retryMs, resolve), resolve }
    })
  }
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): (readonly [string, Item[]])[] {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return [...groups]
}
