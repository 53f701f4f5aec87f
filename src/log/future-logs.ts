/**
 * Logs of replicas that move to another log directory of this node: `topic-partition.<uuid>-future` while they are filled
 * (runtime/replica-mover.ts), then under the live name, then in service in place of the present log, which goes. Part of
 * the log manager, which has the live logs.
 *
 * A crash leaves one of two states. A future log beside a live one: the move goes on, or is complete. Two live ones: the
 * new one is not longer before it is in service, and not shorter afterwards, so that the longer has all that was ever
 * acknowledged. So nothing needs to change in two directories at once.
 */
import type { Logger } from '../base/logger.ts'
import type { Random } from '../base/random.ts'
import { randomUuid, type Uuid, zeroUuid } from '../base/uuid.ts'
import type { LogConfig } from '../config/log-config.ts'
import { KafkaError } from '../protocol/errors.ts'
import { futureDirectoryName, joinPath, type PartitionDirectoryName, partitionDirectoryName } from './file-names.ts'
import { isDiskError, type LogDirectory } from './log-directory.ts'
import { openInDirectory } from './open-in-directory.ts'
import type { PartitionLog } from './partition-log.ts'

/** The log manager, as far as it is needed here. */
export interface FutureLogsHost {
  readonly random: Random
  readonly logger: Logger
  readonly queuedBytesMax: number | undefined
  /** The live log. */
  log(topic: string, partition: number): PartitionLog | undefined
  directoryOf(log: PartitionLog): LogDirectory | undefined
  /** `log`, of one of the directories, belongs to it from now on. */
  register(directory: LogDirectory, log: PartitionLog): void
  /** `log`, which is registered, is the live one from now on. */
  replace(log: PartitionLog): void
  /** Closes a log and renames its directory; `delete` removes it later. */
  putAside(log: PartitionLog, state: 'delete' | 'stray'): Promise<void>
  onDirectoryFailure(directory: LogDirectory, error: Error): void
  /** Changes of one partition's logs happen one after another. */
  serially<Result>(topic: string, partition: number, change: () => Promise<Result>): Promise<Result>
}

/** Where the metadata has this node's replica; undefined when it does not say. */
export type AssignedDirectory = (topicId: Uuid, partition: number) => Uuid | undefined

export class FutureLogs {
  readonly #host: FutureLogsHost
  readonly #logs = new Map<string, PartitionLog>()

  constructor(host: FutureLogsHost) {
    this.#host = host
  }

  get(topic: string, partition: number): PartitionLog | undefined {
    return this.#logs.get(partitionDirectoryName(topic, partition))
  }

  /** An empty log in `directory`, to become the one of the same partition as `present`. Rejects with KAFKA_STORAGE_ERROR. */
  async create(present: PartitionLog, directory: LogDirectory): Promise<PartitionLog> {
    const { topic, partition, topicId, config } = present
    const name = futureDirectoryName(topic, partition, this.#uniqueId())
    if (name === undefined) throw new KafkaError('INVALID_TOPIC_EXCEPTION', 'The topic name is too long.')
    directory.checkOnline()
    const { queuedBytesMax } = this.#host
    const options = { name, topic, partition, topicId, config, state: emptyState, queuedBytesMax }
    return this.#host.serially(topic, partition, async () => {
      if (this.#host.log(topic, partition) !== present) throw goneError()
      await this.remove(topic, partition)
      const log = await this.#guard(directory, () => openInDirectory(directory, options))
      this.#add(directory, log)
      return log
    })
  }

  /** Gives a future log the live name. It was closed then: the log that comes back is the one to go on with. */
  finish(log: PartitionLog): Promise<PartitionLog> {
    const { topic, partition } = log
    return this.#host.serially(topic, partition, async () => {
      if (this.get(topic, partition) !== log) throw goneError()
      return this.#renameAndReopen(log, partitionDirectoryName(topic, partition))
    })
  }

  /** The log that `finish` gave is in service: it is the live one from now on, at once. */
  promote(log: PartitionLog): void {
    this.#logs.delete(partitionDirectoryName(log.topic, log.partition))
    this.#host.replace(log)
  }

  /** The present log is not in service any more: it goes when nobody reads from it. */
  async discard(log: PartitionLog): Promise<void> {
    await log.whenRead()
    await this.#host.serially(log.topic, log.partition, () => this.#host.putAside(log, 'delete'))
  }

  /** The replica is not to move, or not there. Nothing happens when there is none. */
  cancel(topic: string, partition: number): Promise<void> {
    return this.#host.serially(topic, partition, () => this.remove(topic, partition))
  }

  /** The same for who has the turn already. */
  async remove(topic: string, partition: number): Promise<void> {
    const log = this.get(topic, partition)
    if (log === undefined) return
    this.#logs.delete(partitionDirectoryName(topic, partition))
    await this.#host.putAside(log, 'delete')
  }

  /** At the start: what a directory of that name holds. */
  async load(
    directory: LogDirectory,
    name: string,
    { topic, partition }: PartitionDirectoryName,
    config: LogConfig,
  ): Promise<void> {
    const { queuedBytesMax } = this.#host
    const log = await openInDirectory(directory, { name, topic, partition, topicId: undefined, config, queuedBytesMax })
    const isDouble = this.get(topic, partition) !== undefined
    if (isDouble) this.#host.register(directory, log)
    else this.#add(directory, log)
    if (isDouble) await this.#host.putAside(log, 'delete')
  }

  /** At the start, when two directories hold a live log of the same partition: one of them stays. */
  async resolveDouble(first: PartitionLog, second: PartitionLog, assigned: AssignedDirectory): Promise<void> {
    const isSecondBetter =
      second.logEndOffset === first.logEndOffset
        ? this.#isAssigned(second, assigned)
        : second.logEndOffset > first.logEndOffset
    const [winner, loser] = isSecondBetter ? [second, first] : [first, second]
    this.#host.replace(winner)
    const { topic, partition, directory } = loser
    const isSame = winner.topicId === loser.topicId
    if (isSame && this.#isAssigned(loser, assigned) && this.get(topic, partition) === undefined) {
      // It was about to take over: it goes on from where it was.
      this.#host.logger.info('a replica goes on moving', { topic, partition, to: directory })
      await this.#renameAndReopen(loser, futureDirectoryName(topic, partition, this.#uniqueId())!)
      return
    }
    const isMoved = isSame && this.#isAssigned(winner, assigned)
    this.#host.logger[isMoved ? 'info' : 'error'](
      'a partition lies in two log directories; the shorter log is put aside',
      { path: directory },
    )
    await this.#host.putAside(loser, isMoved ? 'delete' : 'stray')
  }

  /**
   * At the start, when all is loaded: what is complete, in the directory that the metadata names, takes over; what belongs
   * to no replica of this node goes. The rest waits until its replica is served.
   */
  async settle(assigned: AssignedDirectory, isStray: (log: PartitionLog) => boolean): Promise<void> {
    for (const log of [...this.#logs.values()]) {
      if (log.isOffline) continue
      const { topic, partition } = log
      const present = this.#host.log(topic, partition)
      // Apache Kafka writes the id down a while after it makes the directory.
      if (log.topicId === zeroUuid && present !== undefined) await log.assignTopicId(present.topicId)
      if (isStray(log) || (present !== undefined && present.topicId !== log.topicId)) {
        await this.remove(topic, partition)
      } else if (this.#isAssigned(log, assigned) && log.logEndOffset >= (present?.logEndOffset ?? 0)) {
        this.promote(await this.finish(log))
        if (present !== undefined) await this.discard(present)
        this.#host.logger.info('a moved replica takes over', { topic, partition, path: log.directory })
      }
    }
  }

  async #renameAndReopen(log: PartitionLog, name: string): Promise<PartitionLog> {
    const { topic, partition, topicId, config } = log
    const directory = this.#host.directoryOf(log)!
    const reopened = await this.#guard(directory, async () => {
      await log.close()
      directory.logs.delete(log)
      const { fileSystem, lanes } = directory.environment
      await lanes.flush.run(() => fileSystem.rename(log.directory, joinPath(directory.path, name)))
      await lanes.flush.run(() => fileSystem.syncDirectory(directory.path))
      const { logStartOffset, recoveryPoint, highWatermark } = log
      const state = { logStartOffset, recoveryPoint, highWatermark, cleanerOffset: log.compaction.cleanerOffset }
      const { queuedBytesMax } = this.#host
      return openInDirectory(directory, { name, topic, partition, topicId, config, state, queuedBytesMax })
    })
    this.#add(directory, reopened)
    return reopened
  }

  #add(directory: LogDirectory, log: PartitionLog): void {
    this.#logs.set(partitionDirectoryName(log.topic, log.partition), log)
    this.#host.register(directory, log)
  }

  #isAssigned(log: PartitionLog, assigned: AssignedDirectory): boolean {
    const directoryId = assigned(log.topicId, log.partition)
    return directoryId !== undefined && this.#host.directoryOf(log)?.directoryId === directoryId
  }

  #uniqueId(): string {
    return Buffer.from(randomUuid(this.#host.random), 'base64url').toString('hex')
  }

  async #guard<Result>(directory: LogDirectory, change: () => Promise<Result>): Promise<Result> {
    try {
      return await change()
    } catch (error) {
      if (isDiskError(error)) this.#host.onDirectoryFailure(directory, error)
      directory.checkOnline()
      throw error
    }
  }
}

function goneError(): KafkaError {
  return new KafkaError('REPLICA_NOT_AVAILABLE', 'The replica was removed')
}

const emptyState = { logStartOffset: 0, recoveryPoint: 0, highWatermark: 0, cleanerOffset: 0 }
