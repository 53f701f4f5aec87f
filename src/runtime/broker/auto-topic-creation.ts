/**
 * Creates topics that clients use before they exist, and the coordinators' own, with the settings that Kafka gives them.
 * Several requests for one topic at a time are one creation.
 */
import type { Clock } from '../../base/clock.ts'
import type { BrokerConfig } from '../../config/broker-config.ts'
import type { CreateTopicsRequestInput, CreateTopicsResponse } from '../../protocol/api/19-create-topics.ts'
import { apiKeys } from '../../protocol/api/index.ts'
import { type ErrorCode, errorCodes, KafkaError } from '../../protocol/errors.ts'
import type { ControllerChannel } from '../controller/controller-channel.ts'
import type { TopicReadiness } from './topic-readiness.ts'

type NewTopic = NonNullable<CreateTopicsRequestInput['topics']>[number]

export interface AutoTopicCreationOptions {
  readonly config: BrokerConfig
  readonly controller: ControllerChannel
  readonly readiness: TopicReadiness
  readonly clock: Clock
}

export class AutoTopicCreation {
  readonly #options: AutoTopicCreationOptions
  readonly #underWay = new Map<string, Promise<number>>()

  constructor(options: AutoTopicCreationOptions) {
    this.#options = options
  }

  /**
   * Creates those of `names` that do not exist, and waits up to `timeoutMs` until they are served here. Resolves with an
   * error code by name: 0, TOPIC_ALREADY_EXISTS (a race lost, as good), or why there is no such topic. Never rejects.
   */
  async create(names: readonly string[], timeoutMs: number): Promise<ReadonlyMap<string, ErrorCode>> {
    const { clock, readiness } = this.#options
    const deadlineMs = clock.monotonic() + timeoutMs
    const fresh = [...new Set(names)].filter((name) => !this.#underWay.has(name))
    if (fresh.length > 0) this.#begin(fresh)
    const results = new Map<string, ErrorCode>()
    for (const name of names) {
      const code = await within(clock, deadlineMs, this.#underWay.get(name))
      results.set(name, (code ?? errorCodes.REQUEST_TIMED_OUT) as ErrorCode)
    }
    const existing = [...results].filter(([, code]) => code === 0 || code === errorCodes.TOPIC_ALREADY_EXISTS)
    await readiness.untilServed(
      existing.map(([name]) => ({ name })),
      deadlineMs - clock.monotonic(),
    )
    return results
  }

  #begin(names: readonly string[]): void {
    const all = this.#send(names)
    for (const name of names) {
      const one = all.then((codes) => codes.get(name) ?? errorCodes.UNKNOWN_SERVER_ERROR)
      this.#underWay.set(name, one)
      void one.then(() => this.#underWay.delete(name))
    }
  }

  async #send(names: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const { controller, config } = this.#options
    const request: CreateTopicsRequestInput = {
      topics: names.map((name) => newTopic(name, config)),
      timeoutMs: config.requestTimeoutMs,
    }
    try {
      const response = await controller.send<CreateTopicsResponse>(apiKeys.CreateTopics, request)
      return new Map(response.topics.map(({ name, errorCode }) => [name, errorCode]))
    } catch (error) {
      const code = error instanceof KafkaError ? error.code : errorCodes.UNKNOWN_SERVER_ERROR
      return new Map(names.map((name) => [name, code]))
    }
  }
}

/** Undefined when `promise` takes longer than until `deadlineMs`. */
function within<T>(clock: Clock, deadlineMs: number, promise: Promise<T> | undefined): Promise<T | undefined> {
  if (promise === undefined) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    const timer = clock.schedule(Math.max(0, deadlineMs - clock.monotonic()), () => resolve(undefined))
    void promise.then((value) => {
      timer.cancel()
      resolve(value)
    })
  })
}

function newTopic(name: string, config: BrokerConfig): NewTopic {
  switch (name) {
    case '__consumer_offsets':
      return internalTopic(name, config.offsetsTopicNumPartitions, config.offsetsTopicReplicationFactor, {
        'cleanup.policy': 'compact',
        'compression.type': 'producer',
        'segment.bytes': config.offsetsTopicSegmentBytes,
      })
    case '__transaction_state':
      return internalTopic(name, config.transactionStateLogNumPartitions, config.transactionStateLogReplicationFactor, {
        'cleanup.policy': 'compact',
        'compression.type': 'uncompressed',
        'min.insync.replicas': config.transactionStateLogMinIsr,
        'segment.bytes': config.transactionStateLogSegmentBytes,
        'unclean.leader.election.enable': false,
      })
    case '__share_group_state':
      return internalTopic(
        name,
        config.number('share.coordinator.state.topic.num.partitions'),
        config.number('share.coordinator.state.topic.replication.factor'),
        {
          'cleanup.policy': 'delete',
          'compression.type': 'producer',
          'min.insync.replicas': config.number('share.coordinator.state.topic.min.isr'),
          'retention.ms': -1,
          'segment.bytes': config.number('share.coordinator.state.topic.segment.bytes'),
        },
      )
    default:
      return { name, numPartitions: config.numPartitions, replicationFactor: config.defaultReplicationFactor }
  }
}

function internalTopic(
  name: string,
  numPartitions: number,
  replicationFactor: number,
  configs: Readonly<Record<string, string | number | boolean>>,
): NewTopic {
  return {
    name,
    numPartitions,
    replicationFactor,
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value: String(value) })),
  }
}
