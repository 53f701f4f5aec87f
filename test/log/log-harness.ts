/** A log on the simulated disk with a clock of its own: what the tests of this room share. */

import { SeededRandom } from '../../src/base/random.ts'
import { VirtualClock } from '../../src/base/virtual-clock.ts'
import { defaultLogConfig, type LogConfig } from '../../src/config/log-config.ts'
import { createLogEnvironment, type LogEnvironment } from '../../src/log/log-environment.ts'
import { PartitionLog, type PartitionLogOptions } from '../../src/log/partition-log.ts'
import { buildBatch } from '../../src/protocol/record/batch-builder.ts'
import { drive } from '../base/drive.ts'
import { FaultyFileSystem } from './faulty-file-system.ts'

export const topicId = 'vPeOCWypqUOSepEvx0cbog'
export const directory = '/data/orders-0'

export class LogHarness {
  readonly random: SeededRandom
  readonly clock = new VirtualClock()
  readonly disk: FaultyFileSystem
  environment: LogEnvironment
  config: LogConfig

  constructor(config: Partial<LogConfig> = {}, seed = 1) {
    this.random = new SeededRandom(seed)
    this.disk = new FaultyFileSystem(this.random)
    this.disk.now = () => this.clock.now()
    this.config = { ...defaultLogConfig, ...config }
    this.environment = this.#createEnvironment()
  }

  /** Lets the end of turns and the disk go on until `promise` settles. */
  drive<Result>(promise: Promise<Result> | Result): Promise<Result> {
    return drive(this.clock, promise)
  }

  /** Lets time pass, a second at a time, and what it starts come to its end. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1000) {
      this.clock.advance(Math.min(left, 1000))
      for (let turns = 0; turns < 300; turns++) {
        await Promise.resolve()
        this.clock.runTurn()
      }
    }
  }

  async makeRoot(): Promise<void> {
    await this.drive(this.disk.makeDirectory('/data'))
    await this.drive(this.disk.syncDirectory('/'))
  }

  open(options: Partial<PartitionLogOptions> = {}): Promise<PartitionLog> {
    return this.drive(
      PartitionLog.open({
        directory,
        topic: 'orders',
        partition: 0,
        topicId,
        config: this.config,
        environment: this.environment,
        logStartOffset: 0,
        recoveryPoint: 0,
        highWatermark: 0,
        hadCleanShutdown: false,
        ...options,
      }),
    )
  }

  /** Appends `count` records as one batch and waits until it is written. */
  async append(log: PartitionLog, count = 1, fields: { timestamp?: number; size?: number } = {}): Promise<number> {
    const { baseOffset } = log.append(plainBatch(count, fields.timestamp ?? this.clock.now(), fields.size), {
      leaderEpoch: 0,
      origin: 'client',
    })
    await this.drive(log.whenWritten())
    return baseOffset
  }

  /** What the process or the machine loses; the environment starts anew. */
  crash(kind: 'process' | 'power'): void {
    this.clock.runTurn()
    this.disk.crash(kind)
    this.environment = this.#createEnvironment()
  }

  #createEnvironment(): LogEnvironment {
    return createLogEnvironment({ fileSystem: this.disk.mount(), clock: this.clock, random: this.random })
  }
}

export function plainBatch(count: number, timestamp: number, size = 20): Buffer {
  return buildBatch({ timestamp, records: Array.from({ length: count }, () => ({ value: Buffer.alloc(size, 120) })) })
}
