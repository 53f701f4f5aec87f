/**
 * The log directories of this broker as an administrator sees them: whether they work, what lies in them, how much room is
 * left. Asked by the handlers of DescribeLogDirs and AlterReplicaLogDirs.
 */

import { futureDirectoryName } from '../../log/file-names.ts'
import type { FileSystem } from '../../log/file-system.ts'
import type { LogDirectory } from '../../log/log-directory.ts'
import type { LogManager } from '../../log/log-manager.ts'
import type { PartitionLog } from '../../log/partition-log.ts'
import { type ErrorCode, errorCodes, KafkaError } from '../../protocol/errors.ts'
import type { ReplicaManager } from '../replica/replica-manager.ts'
import type { ReplicaMover } from '../replica/replica-mover.ts'

export interface LogDirectoriesOptions {
  /** Paths of `log.dirs`, as given. */
  readonly paths: readonly string[]
  readonly fileSystem: FileSystem
  readonly logs: Pick<LogManager, 'directories' | 'directoryOf' | 'futures' | 'preferDirectory'>
  readonly replicaManager: Pick<ReplicaManager, 'partition' | 'missingError'>
  readonly mover: ReplicaMover
  readonly isCordoned: (path: string) => boolean
}

export interface DescribedLog {
  readonly topic: string
  readonly partition: number
  readonly sizeInBytes: number
  /**
   * How many records it is behind: a replica behind the high watermark, a future one behind the replica that it is to
   * replace; -1 when the partition is not served.
   */
  readonly offsetLag: number
  readonly isFuture: boolean
}

export interface DescribedLogDirectory {
  /** Absolute. */
  readonly path: string
  readonly errorCode: ErrorCode
  readonly isCordoned: boolean
  /** -1 when it is offline, as `usableBytes`. */
  readonly totalBytes: number
  readonly usableBytes: number
  readonly logs: readonly DescribedLog[]
}

/** As long as one is. */
const uniqueIdExample = '0'.repeat(32)

const offline = {
  errorCode: errorCodes.KAFKA_STORAGE_ERROR,
  isCordoned: false,
  totalBytes: -1,
  usableBytes: -1,
  logs: [],
}

export class LogDirectories {
  readonly #options: LogDirectoriesOptions
  #lastMove: Promise<unknown> = Promise.resolve()

  constructor(options: LogDirectoriesOptions) {
    this.#options = options
  }

  /** All directories, with those of their logs that `isAsked` names. */
  describe(isAsked: (topic: string, partition: number) => boolean): Promise<DescribedLogDirectory[]> {
    return Promise.all(this.#options.paths.map((path) => this.#describe(path, isAsked)))
  }

  /**
   * Has the replica moved to the directory of that absolute path; the copying itself goes on afterwards. One that is not
   * here yet is made there later. One that moves elsewhere at the time is turned round. Returns Kafka's error code, 0 for none.
   */
  move(topic: string, partition: number, path: string): Promise<ErrorCode> {
    const move = () => this.#move(topic, partition, path)
    const moved = this.#lastMove.then(move, move).catch((error: unknown) => {
      if (error instanceof KafkaError) return error.code
      throw error
    })
    this.#lastMove = moved.catch(() => {})
    return moved
  }

  async #move(topic: string, index: number, path: string): Promise<ErrorCode> {
    const { fileSystem, isCordoned, logs, mover, paths, replicaManager } = this.#options
    if (futureDirectoryName(topic, index, uniqueIdExample) === undefined) return errorCodes.INVALID_TOPIC_EXCEPTION
    const given = paths.find((one) => fileSystem.absolutePath(one) === path)
    if (given === undefined) return errorCodes.LOG_DIR_NOT_FOUND
    const directory = this.#onlineDirectory(given)
    if (directory === undefined) return errorCodes.KAFKA_STORAGE_ERROR
    if (isCordoned(given)) return errorCodes.INVALID_REPLICA_ASSIGNMENT
    const partition = replicaManager.partition(topic, index)
    if (partition?.state === 'offline') return errorCodes.KAFKA_STORAGE_ERROR
    if (partition?.log === undefined) {
      logs.preferDirectory(topic, index, directory)
      const error = partition === undefined ? replicaManager.missingError(topic, index) : 0
      return error === errorCodes.UNKNOWN_TOPIC_OR_PARTITION ? error : errorCodes.REPLICA_NOT_AVAILABLE
    }
    const destination = mover.destinationOf(partition)
    if (destination !== undefined && destination !== directory) await mover.cancel(partition)
    if (logs.directoryOf(partition.log) === directory || mover.destinationOf(partition) !== undefined) return 0
    // A log of it may lie in the directory that is not there.
    if (paths.some((one) => this.#onlineDirectory(one) === undefined)) return errorCodes.KAFKA_STORAGE_ERROR
    await mover.start(partition, directory)
    return 0
  }

  async #describe(
    path: string,
    isAsked: (topic: string, partition: number) => boolean,
  ): Promise<DescribedLogDirectory> {
    const { fileSystem, isCordoned } = this.#options
    const described = { path: fileSystem.absolutePath(path), isCordoned: isCordoned(path) }
    const directory = this.#onlineDirectory(path)
    if (directory === undefined) return { ...described, ...offline }
    try {
      const { totalBytes, usableBytes } = await fileSystem.space(path)
      const asked = [...directory.logs].filter(({ topic, partition }) => isAsked(topic, partition))
      const logs = asked.map((log) => this.#describeLog(log))
      return { ...described, errorCode: 0, totalBytes, usableBytes, logs }
    } catch {
      return { ...described, ...offline }
    }
  }

  #onlineDirectory(path: string): LogDirectory | undefined {
    return this.#options.logs.directories.find((directory) => directory.path === path && directory.isOnline)
  }

  #describeLog(log: PartitionLog): DescribedLog {
    const { topic, partition, sizeInBytes, logEndOffset } = log
    const current = this.#options.replicaManager.partition(topic, partition)?.log
    const isFuture = log !== current && this.#isFuture(log)
    if (current === undefined) return { topic, partition, sizeInBytes, offsetLag: -1, isFuture }
    const endOffset = isFuture ? current.logEndOffset : current.highWatermark
    return { topic, partition, sizeInBytes, offsetLag: Math.max(0, endOffset - logEndOffset), isFuture }
  }

  /** Also when it has its live name already and waits for its turn. */
  #isFuture(log: PartitionLog): boolean {
    return this.#options.logs.futures.get(log.topic, log.partition) === log
  }
}
