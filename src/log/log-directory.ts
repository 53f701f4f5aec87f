/**
 * One entry of `log.dirs`: its lock, its identity, its checkpoint files and whether it works. Owned by the log manager.
 * Once offline it stays so until the process starts anew, and gets no clean-shutdown mark.
 */
import { randomUuid, type Uuid } from '../base/uuid.ts'
import { KafkaError } from '../protocol/errors.ts'
import { decodeOffsetCheckpoint, encodeOffsetCheckpoint, type PartitionOffset } from './checkpoint-text.ts'
import { joinPath, parentPath, partitionDirectoryName } from './file-names.ts'
import { type FileLock, type FileSystem, FileSystemError } from './file-system.ts'
import type { LogEnvironment } from './log-environment.ts'
import {
  decodeMetaProperties,
  encodeMetaProperties,
  type MetaProperties,
  MetaPropertiesError,
  metaPropertiesName,
} from './meta-properties.ts'
import type { PartitionLog } from './partition-log.ts'
import { readIfThere } from './segment-indexes.ts'

const lockName = '.lock'
const cleanShutdownName = '.kafka_cleanshutdown'

export const checkpointNames = {
  recoveryPoint: 'recovery-point-offset-checkpoint',
  highWatermark: 'replication-offset-checkpoint',
  logStartOffset: 'log-start-offset-checkpoint',
  cleanerOffset: 'cleaner-offset-checkpoint',
} as const

export type CheckpointName = keyof typeof checkpointNames

/** Makes a log directory of `path`, which may exist. Rejects when it is formatted already. */
export async function formatLogDirectory(fileSystem: FileSystem, path: string, meta: MetaProperties): Promise<void> {
  await fileSystem.makeDirectory(path)
  if ((await readMetaProperties(fileSystem, path)) !== undefined) throw new Error(`${path} is formatted already`)
  await fileSystem.replaceFile(joinPath(path, metaPropertiesName), encodeMetaProperties(meta))
  await fileSystem.syncDirectory(parentPath(path))
}

/** Undefined when the directory is not formatted, or not there. Throws an Error when the file is damaged. */
export async function readMetaProperties(fileSystem: FileSystem, path: string): Promise<MetaProperties | undefined> {
  const filePath = joinPath(path, metaPropertiesName)
  const bytes = await readIfThere(fileSystem, filePath)
  return bytes === undefined ? undefined : decodeMetaProperties(bytes.toString(), filePath)
}

export class LogDirectory {
  readonly path: string
  readonly environment: LogEnvironment
  readonly directoryId: Uuid
  readonly logs = new Set<PartitionLog>()
  /** Logs that are being made in it. */
  pendingCount = 0
  hadCleanShutdown = false
  /** Of the last clean stop, -1 without one. */
  previousBrokerEpoch = -1
  #failure: Error | undefined
  #lock: FileLock | undefined
  readonly #loaded = new Map<CheckpointName, Map<string, number>>()
  readonly #saved = new Map<CheckpointName, string>()
  #saving: Promise<void> = Promise.resolve()

  private constructor(path: string, environment: LogEnvironment, directoryId: Uuid, lock: FileLock | undefined) {
    this.path = path
    this.environment = environment
    this.directoryId = directoryId
    this.#lock = lock
  }

  /** Takes the lock and checks whose directory it is; an unformatted one is formatted with `meta`. */
  static async open(
    path: string,
    environment: LogEnvironment,
    meta: { readonly clusterId: string; readonly nodeId: number },
  ): Promise<LogDirectory> {
    const { fileSystem, random } = environment
    await fileSystem.makeDirectory(path)
    const lock = await fileSystem.lock(joinPath(path, lockName))
    try {
      let stored = await readMetaProperties(fileSystem, path)
      if (stored === undefined) {
        stored = { ...meta, directoryId: randomUuid(random) }
        await formatLogDirectory(fileSystem, path, stored)
      }
      checkMeta(path, stored, meta)
      const directory = new LogDirectory(path, environment, stored.directoryId, lock)
      await directory.#loadCheckpoints()
      await directory.#takeCleanShutdownMark()
      return directory
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  get isOnline(): boolean {
    return this.#failure === undefined
  }

  get failure(): Error | undefined {
    return this.#failure
  }

  get logsCount(): number {
    return this.logs.size + this.pendingCount
  }

  /** What a checkpoint said at the start; 0 for a partition that it did not list. */
  loadedOffset(checkpoint: CheckpointName, topic: string, partition: number): number {
    return this.#loaded.get(checkpoint)?.get(partitionDirectoryName(topic, partition)) ?? 0
  }

  /** The log was deleted or put aside: a new one of its name starts from nothing. */
  forgetLoadedOffsets(topic: string, partition: number): void {
    for (const offsets of this.#loaded.values()) offsets.delete(partitionDirectoryName(topic, partition))
  }

  /** Throws KAFKA_STORAGE_ERROR when it is offline. */
  checkOnline(): void {
    if (this.#failure !== undefined) throw new KafkaError('KAFKA_STORAGE_ERROR', `${this.path} is offline`)
  }

  /** Returns false when it was offline already. */
  goOffline(error: Error): boolean {
    if (this.#failure !== undefined) return false
    this.#failure = error
    return true
  }

  /** Writes the named checkpoints where they changed, one after another. Rejects when the disk fails. */
  saveCheckpoints(...names: readonly CheckpointName[]): Promise<void> {
    const save = () => this.#saveCheckpoints(names)
    const result = this.#saving.then(save, save)
    this.#saving = result.catch(() => undefined)
    return result
  }

  /** Says that all was closed cleanly. */
  async writeCleanShutdownMark(brokerEpoch: number): Promise<void> {
    const content = JSON.stringify({ version: 0, brokerEpoch })
    await this.environment.fileSystem.replaceFile(joinPath(this.path, cleanShutdownName), content)
  }

  async unlock(): Promise<void> {
    await this.#lock?.release()
    this.#lock = undefined
  }

  async #saveCheckpoints(names: readonly CheckpointName[]): Promise<void> {
    this.checkOnline()
    const { fileSystem, lanes } = this.environment
    for (const name of names) {
      const text = encodeOffsetCheckpoint(this.#offsets(name))
      if (text === this.#saved.get(name)) continue
      await lanes.flush.run(() => fileSystem.replaceFile(joinPath(this.path, checkpointNames[name]), text))
      this.#saved.set(name, text)
    }
  }

  *#offsets(name: CheckpointName): Iterable<PartitionOffset> {
    for (const log of this.logs) {
      const { topic, partition } = log
      if (name === 'highWatermark') yield { topic, partition, offset: log.highWatermark }
      else if (name === 'recoveryPoint') yield { topic, partition, offset: log.recoveryPoint }
      else if (name === 'cleanerOffset') {
        const offset = log.compaction.cleanerOffset
        if (offset > 0) yield { topic, partition, offset }
      } else if (log.logStartOffset > log.firstSegmentOffset) yield { topic, partition, offset: log.logStartOffset }
    }
  }

  async #loadCheckpoints(): Promise<void> {
    for (const name of Object.keys(checkpointNames) as CheckpointName[]) {
      const path = joinPath(this.path, checkpointNames[name])
      const bytes = await readIfThere(this.environment.fileSystem, path)
      const offsets = new Map<string, number>()
      this.#loaded.set(name, offsets)
      if (bytes === undefined || bytes.length === 0) continue
      const decoded = decodeOffsetCheckpoint(bytes.toString())
      if (decoded === undefined) this.environment.logger.warn('a checkpoint is damaged and ignored', { path })
      for (const { topic, partition, offset } of decoded ?? []) {
        offsets.set(partitionDirectoryName(topic, partition), offset)
      }
    }
  }

  /** The mark holds for one start: it must be gone for certain before anything is written. */
  async #takeCleanShutdownMark(): Promise<void> {
    const { fileSystem } = this.environment
    const path = joinPath(this.path, cleanShutdownName)
    const bytes = await readIfThere(fileSystem, path)
    if (bytes === undefined) return
    this.hadCleanShutdown = true
    const match = /"brokerEpoch"\s*:\s*(-?\d+)/.exec(bytes.toString())
    if (match !== null) this.previousBrokerEpoch = Number(match[1])
    await fileSystem.remove(path)
    await fileSystem.syncDirectory(this.path)
  }
}

/** Throws an Error unless a formatted directory is this node's. */
export function checkMeta(path: string, stored: MetaProperties, wanted: { clusterId: string; nodeId: number }): void {
  if (stored.clusterId !== wanted.clusterId) {
    throw new MetaPropertiesError(
      `${path} belongs to cluster ${stored.clusterId}, not to ${wanted.clusterId}; name the right directory in log.dirs`,
    )
  }
  if (stored.nodeId !== wanted.nodeId) {
    throw new MetaPropertiesError(
      `${path} belongs to node ${stored.nodeId}, not to node ${wanted.nodeId}; set node.id=${stored.nodeId} or name another directory in log.dirs`,
    )
  }
}

/** True for an error of the disk rather than one of ours or the operator's. */
export function isDiskError(error: unknown): error is FileSystemError {
  return error instanceof FileSystemError && error.code !== 'ELOCKED'
}
