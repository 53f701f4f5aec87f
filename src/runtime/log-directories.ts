/**
 * The log directories of this broker as an administrator sees them: whether they work, what lies in them, how much room is
 * left. Asked by the handlers of DescribeLogDirs and AlterReplicaLogDirs.
 */
import type { FileSystem } from '../log/file-system.ts'
import type { LogDirectory } from '../log/log-directory.ts'
import type { LogManager } from '../log/log-manager.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { type ErrorCode, errorCodes } from '../protocol/errors.ts'
import type { ReplicaManager } from './replica-manager.ts'

export interface LogDirectoriesOptions {
  /** Paths of `log.dirs`, as given. */
  readonly paths: readonly string[]
  readonly fileSystem: FileSystem
  readonly logs: Pick<LogManager, 'directories'>
  readonly replicaManager: Pick<ReplicaManager, 'partition'>
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

const offline = { errorCode: errorCodes.KAFKA_STORAGE_ERROR, totalBytes: -1, usableBytes: -1, logs: [] }

export class LogDirectories {
  readonly #options: LogDirectoriesOptions

  constructor(options: LogDirectoriesOptions) {
    this.#options = options
  }

  /** All directories, with those of their logs that `isAsked` names. */
  describe(isAsked: (topic: string, partition: number) => boolean): Promise<DescribedLogDirectory[]> {
    return Promise.all(this.#options.paths.map((path) => this.#describe(path, isAsked)))
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
    const offsetLag = current === undefined ? -1 : Math.max(0, current.highWatermark - logEndOffset)
    return { topic, partition, sizeInBytes, offsetLag, isFuture: false }
  }
}
