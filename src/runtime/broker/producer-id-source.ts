/**
 * Producer ids for InitProducerId, out of blocks of a thousand that the controller hands to brokers: an id is given once
 * in the life of the cluster. The next block is asked for while the last tenth of the current one is used, so that
 * producers wait for the controller only at the start.
 */
import type { Clock, Timer } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type {
  AllocateProducerIdsRequestInput,
  AllocateProducerIdsResponse,
} from '../../protocol/api/67-allocate-producer-ids.ts'
import { errorName, KafkaError } from '../../protocol/errors.ts'
import type { ControllerChannel } from '../controller/controller-channel.ts'

const allocateProducerIdsKey = 67
/** Share of a block after which the next one is asked for. */
const prefetchShare = 0.9
const retryMsMin = 50
const retryMsMax = 1_000

interface Block {
  next: bigint
  readonly end: bigint
  /** From this id on the next block is asked for. */
  readonly prefetchFrom: bigint
}

interface Wait {
  readonly resolve: (producerId: bigint) => void
  readonly reject: (error: KafkaError) => void
  timer: Timer | undefined
}

export interface ProducerIdSourceOptions {
  readonly brokerId: number
  /** Of the present registration. */
  readonly brokerEpoch: () => number
  readonly controller: ControllerChannel
  readonly clock: Clock
  readonly logger: Logger
  /** How long a producer waits for a block; Kafka refuses at once, and the client asks again. */
  readonly waitMsMax?: number
}

export class ProducerIdSource {
  readonly #options: ProducerIdSourceOptions
  #block: Block | undefined
  #nextBlock: Block | undefined
  #isAsking = false
  #retryMs = retryMsMin
  #waits: Wait[] = []

  constructor(options: ProducerIdSourceOptions) {
    this.#options = options
  }

  /** An id that nobody has. Rejects with COORDINATOR_LOAD_IN_PROGRESS when the controller gave none in time. */
  next(): bigint | Promise<bigint> {
    const id = this.#take()
    return id ?? this.#wait()
  }

  /** Asks for the first block ahead of the first producer. */
  prefetch(): void {
    if (this.#block === undefined) void this.#ask()
  }

  #take(): bigint | undefined {
    if (this.#block === undefined || this.#block.next === this.#block.end) {
      this.#block = this.#nextBlock
      this.#nextBlock = undefined
    }
    const block = this.#block
    if (block === undefined) return undefined
    const id = block.next++
    if (id >= block.prefetchFrom && this.#nextBlock === undefined) void this.#ask()
    return id
  }

  #wait(): Promise<bigint> {
    return new Promise((resolve, reject) => {
      const { clock, waitMsMax = 5_000 } = this.#options
      const wait: Wait = { resolve, reject, timer: undefined }
      wait.timer = clock.schedule(waitMsMax, () => this.#giveUp(wait))
      this.#waits.push(wait)
      void this.#ask()
    })
  }

  #giveUp(wait: Wait): void {
    this.#waits = this.#waits.filter((other) => other !== wait)
    wait.reject(new KafkaError('COORDINATOR_LOAD_IN_PROGRESS', 'The controller has given no producer ids yet'))
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    const { brokerId, brokerEpoch, controller, clock, logger } = this.#options
    try {
      const request: AllocateProducerIdsRequestInput = { brokerId, brokerEpoch: brokerEpoch() }
      const response = await controller.send<AllocateProducerIdsResponse>(allocateProducerIdsKey, request)
      if (response.errorCode !== 0) throw new KafkaError(errorName(response.errorCode))
      this.#isAsking = false
      this.#retryMs = retryMsMin
      this.#onBlock(response.producerIdStart, response.producerIdLen)
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      if (this.#retryMs === retryMsMin) logger.warn('no producer ids from the controller yet', { error: error.error })
      clock.schedule(this.#retryMs, () => {
        this.#isAsking = false
        void this.#ask()
      })
      this.#retryMs = Math.min(this.#retryMs * 2, retryMsMax)
    }
  }

  #onBlock(start: bigint, length: number): void {
    const prefetchFrom = start + BigInt(Math.floor(length * prefetchShare))
    this.#nextBlock = { next: start, end: start + BigInt(length), prefetchFrom }
    while (this.#waits.length > 0) {
      const id = this.#take()
      if (id === undefined) {
        void this.#ask()
        return
      }
      const wait = this.#waits.shift()!
      wait.timer?.cancel()
      wait.resolve(id)
    }
  }
}
