/**
 * What all logs of one directory share: the disk and its lanes, the caches with their limits, clock and randomness. Made
 * by the log manager, one per log directory; tests make one with `createLogEnvironment` and a simulated disk.
 */
import type { Clock } from '../base/clock.ts'
import { type Logger, silentLogger } from '../base/logger.ts'
import type { Random } from '../base/random.ts'
import { type Codecs, noCodecs } from '../protocol/record/compression.ts'
import type { FileSystem } from './file-system.ts'
import { IndexCache } from './index-cache.ts'
import { type IoLanes, unlimitedLanes } from './io-lane.ts'
import { OpenFiles } from './open-files.ts'
import { TailBudget } from './tail-budget.ts'

export interface LogEnvironment {
  readonly fileSystem: FileSystem
  readonly files: OpenFiles
  readonly lanes: IoLanes
  readonly indexCache: IndexCache
  readonly tailBudget: TailBudget
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** For the look-up of timestamps inside compressed batches. */
  readonly codecs: Codecs
}

/** An environment of its own, with limits that suit one log: tests, tools, the raft log. */
export function createLogEnvironment(
  required: Pick<LogEnvironment, 'fileSystem' | 'clock' | 'random'>,
  shared: Partial<LogEnvironment> = {},
): LogEnvironment {
  return {
    files: new OpenFiles(required.fileSystem, 16),
    lanes: unlimitedLanes(),
    indexCache: new IndexCache(8 * 1024 * 1024),
    tailBudget: new TailBudget(8 * 1024 * 1024),
    logger: silentLogger,
    codecs: noCodecs,
    ...required,
    ...shared,
  }
}
