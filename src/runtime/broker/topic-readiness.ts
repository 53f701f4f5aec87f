/**
 * Waits until topics that were just created can be used: this broker's image has them, and the partitions that it leads
 * are served. CreateTopics, auto-creation and CreatePartitions answer then, so that a client's next request does not meet
 * a topic that is not there yet.
 */
import type { Clock } from '../../base/clock.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { MetadataPublisher } from '../raft/metadata-publisher.ts'
import type { LeadershipListener } from '../replica/replica-manager.ts'

/** What of the replica manager is needed here. */
export interface ServedPartitions {
  isServing(topicId: Uuid, index: number): boolean
  addLeadershipListener(listener: LeadershipListener): void
  removeLeadershipListener(listener: LeadershipListener): void
}

export interface TopicReadinessOptions {
  readonly brokerId: number
  readonly publisher: Pick<MetadataPublisher, 'image' | 'subscribe'>
  readonly partitions: ServedPartitions
  readonly clock: Clock
}

export interface AwaitedTopic {
  readonly name: string
  /** It must have so many partitions; any number when missing. */
  readonly partitionCount?: number
}

export class TopicReadiness {
  readonly #options: TopicReadinessOptions

  constructor(options: TopicReadinessOptions) {
    this.#options = options
  }

  /** Resolves with true when all topics are served, with false after `timeoutMs`. */
  untilServed(topics: readonly AwaitedTopic[], timeoutMs: number): Promise<boolean> {
    const { publisher, partitions, clock } = this.#options
    const wait = new Wait(this.#options, topics)
    wait.update()
    if (wait.isDone) return Promise.resolve(true)
    return new Promise((resolve) => {
      const leadership: LeadershipListener = {
        onElected(partition) {
          wait.onServed(partition.topicId, partition.index)
          maybeFinish()
        },
      }
      const finish = (isServed: boolean) => {
        timer.cancel()
        unsubscribe()
        partitions.removeLeadershipListener(leadership)
        resolve(isServed)
      }
      const maybeFinish = () => {
        if (wait.isDone) finish(true)
      }
      const timer = clock.schedule(Math.max(0, timeoutMs), () => finish(false))
      partitions.addLeadershipListener(leadership)
      const unsubscribe = publisher.subscribe({
        onMetadataChange() {
          wait.update()
          maybeFinish()
        },
      })
    })
  }
}

class Wait {
  readonly #options: TopicReadinessOptions
  /** Topics that the image does not show yet as wanted. */
  #unseen: readonly AwaitedTopic[]
  /** Partitions led here that are not served yet. */
  readonly #unserved = new Set<string>()

  constructor(options: TopicReadinessOptions, topics: readonly AwaitedTopic[]) {
    this.#options = options
    this.#unseen = topics
  }

  get isDone(): boolean {
    return this.#unseen.length === 0 && this.#unserved.size === 0
  }

  /** Looks at the topics that were not there yet. */
  update(): void {
    this.#unseen = this.#unseen.filter((topic) => !this.#look(topic))
  }

  onServed(topicId: Uuid, index: number): void {
    this.#unserved.delete(`${topicId}:${index}`)
  }

  #look({ name, partitionCount }: AwaitedTopic): boolean {
    const { publisher, partitions, brokerId } = this.#options
    const topic = publisher.image.topics.getByName(name)
    if (topic === undefined || topic.partitions.size < (partitionCount ?? 1)) return false
    for (const [index, registration] of topic.partitions.entries()) {
      const isLedHere = registration.leader === brokerId
      if (isLedHere && !partitions.isServing(topic.id, index)) this.#unserved.add(`${topic.id}:${index}`)
    }
    return true
  }
}
