/**
 * A log manager with one compacted log and its cleaner on the simulated disk: what the cleaner's tests share. Cleanings
 * run in the caller's thread, one disk operation at a time.
 */
import type { Logger } from '../../../src/base/logger.ts'
import { silentLogger } from '../../../src/base/logger.ts'
import { defaultLogConfig, type LogConfig } from '../../../src/config/log-config.ts'
import { NodeCodecs } from '../../../src/io/codecs/node-codecs.ts'
import type { CleaningRunner } from '../../../src/log/cleaner/cleaning-task.ts'
import { InProcessCleaning } from '../../../src/log/cleaner/in-process-cleaning.ts'
import { LogCleaner, type LogCleanerSettings } from '../../../src/log/cleaner/log-cleaner.ts'
import { LogManager } from '../../../src/log/log-manager.ts'
import type { PartitionLog } from '../../../src/log/partition-log.ts'
import { buildBatch, type NewBatch, type NewRecord } from '../../../src/protocol/record/batch-builder.ts'
import * as batch from '../../../src/protocol/record/batch-header.ts'
import { decodeRecords } from '../../../src/protocol/record/record.ts'
import { LogHarness, topicId } from '../log-harness.ts'

export const codecs = new NodeCodecs()

const compactConfig: LogConfig = {
  ...defaultLogConfig,
  isCompact: true,
  isDelete: false,
  segmentBytes: 1000,
  indexIntervalBytes: 100,
  minCleanableDirtyRatio: 0,
  deleteRetentionMs: 1000,
  fileDeleteDelayMs: 100,
}

const defaultSettings: LogCleanerSettings = {
  threadsCount: 1,
  backoffMs: 15_000,
  dedupeBufferBytes: 100_000,
  dedupeBufferLoadFactor: 0.9,
  ioBufferBytes: 16_384,
  ioBytesPerSecondMax: Number.MAX_VALUE,
}

export class CleanerHarness extends LogHarness {
  manager!: LogManager
  cleaner!: LogCleaner
  log!: PartitionLog
  settings: LogCleanerSettings = defaultSettings
  /** Of the newest bytes that memory keeps for readers. */
  tailBytesMax = 0
  readonly messages: string[] = []
  /** Puts itself between the cleaner and its work. */
  wrapRunner: (runner: CleaningRunner) => CleaningRunner = (runner) => runner

  constructor(config: Partial<LogConfig> = {}, seed = 1) {
    super({ ...compactConfig, ...config }, seed)
  }

  /** Opens the directory and the log; with a cleaner that works when it is told to, or when `start` was called. */
  async begin(): Promise<void> {
    const fileSystem = this.disk.mount()
    const { clock, random } = this
    const logger: Logger = {
      ...silentLogger,
      warn: (message) => void this.messages.push(message),
      error: (message, fields) => void this.messages.push(`${message} ${JSON.stringify(fields ?? {})}`),
    }
    const parts = { fileSystem, clock, random, codecs }
    this.manager = await this.drive(
      LogManager.open({
        ...parts,
        directories: ['/data'],
        clusterId: 'MkU3OEVBNTcwNTJENDM2Qg',
        nodeId: 1,
        logger,
        tailBytesMax: this.tailBytesMax,
      }),
    )
    await this.drive(this.manager.loadLogs({ configFor: () => this.config }))
    this.log = await this.drive(this.manager.getOrCreateLog('orders', 0, topicId, this.config))
    this.cleaner = new LogCleaner({
      logs: this.manager,
      runner: this.wrapRunner(new InProcessCleaning(parts)),
      clock,
      logger,
      settings: () => this.settings,
    })
  }

  /** Ends the process, or the power, and starts anew. */
  async restartAfterCrash(kind: 'process' | 'power'): Promise<void> {
    this.crash(kind)
    await this.begin()
    this.log.updateHighWatermark(this.log.logEndOffset)
  }

  async restartCleanly(): Promise<void> {
    await this.drive(this.cleaner.close())
    await this.drive(this.manager.shutdown({ brokerEpoch: 7 }))
    await this.begin()
    this.log.updateHighWatermark(this.log.logEndOffset)
  }

  /** Appends a batch and waits until it is written and replicated; `a=1`, `a=` and `a` without a value: a tombstone. */
  async put(records: readonly string[], fields: Partial<NewBatch> = {}): Promise<void> {
    this.append1(batchOf(records, { timestamp: this.clock.now(), ...fields }))
    await this.settle()
  }

  append1(bytes: Buffer, origin: 'client' | 'coordinator' = 'client'): number {
    return this.log.append(bytes, { leaderEpoch: 0, origin }).baseOffset
  }

  async settle(): Promise<void> {
    await this.drive(this.log.whenWritten())
    this.log.updateHighWatermark(this.log.logEndOffset)
  }

  async roll(): Promise<void> {
    this.log.roll()
    await this.settle()
  }

  /** Cleans until nothing is due. */
  clean(): Promise<number> {
    return this.drive(this.cleaner.cleanAll())
  }

  /** Of all batches in the files. */
  async baseOffsets(): Promise<number[]> {
    const found: number[] = []
    for (const name of await this.files()) {
      if (!name.endsWith('.log')) continue
      const bytes = this.disk.peek(`/data/orders-0/${name}`)
      for (let at = 0; at < bytes.length; at += batch.batchSizeInBytes(bytes, at))
        found.push(batch.baseOffset(bytes, at))
    }
    return found
  }

  /** All records in the files (not what memory still has) from the log start on, `offset key=value`, without control records. */
  async records(): Promise<string[]> {
    const found: string[] = []
    let nextOffset = 0
    for (const name of await this.files()) {
      if (!name.endsWith('.log')) continue
      const bytes = this.disk.peek(`/data/orders-0/${name}`)
      for (let at = 0; at < bytes.length; at += batch.batchSizeInBytes(bytes, at)) {
        if (batch.baseOffset(bytes, at) < nextOffset) throw new Error(`${name} overlaps with what is before it`)
        nextOffset = batch.nextOffset(bytes, at)
        if (batch.isControl(bytes, at)) continue
        for (const { offset, key, value } of decodeRecords(bytes, at, codecs)) {
          if (offset >= this.log.logStartOffset) found.push(`${offset} ${key}${value === null ? '' : `=${value}`}`)
        }
      }
    }
    return found
  }

  /** Names of the log's files. */
  async files(): Promise<string[]> {
    const entries = await this.drive(this.disk.list('/data/orders-0'))
    return entries.map(({ name }) => name).sort()
  }
}

export function batchOf(records: readonly string[], fields: Partial<NewBatch> = {}): Buffer {
  return buildBatch({ codecs, ...fields, records: records.map(recordOf) })
}

function recordOf(text: string): NewRecord {
  const [key, value] = text.split('=')
  return { key: Buffer.from(key!), value: value === undefined ? null : Buffer.from(value) }
}
