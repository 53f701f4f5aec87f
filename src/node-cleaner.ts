/**
 * The log cleaner of a node: its settings from the broker's configuration, as they are at each look, and threads for the
 * work, which are loaded and started when the first log is due. A broker that runs from sources, or on a disk in memory,
 * cleans in its own thread.
 */
import { existsSync } from 'node:fs'
import type { Clock } from './base/clock.ts'
import type { Logger } from './base/logger.ts'
import type { Random } from './base/random.ts'
import type { BrokerConfig } from './config/broker-config.ts'
import { NodeFileSystem } from './io/node-file-system.ts'
import type { CleaningControl, CleaningOutcome, CleaningRunner, CleaningTask } from './log/cleaner/cleaning-task.ts'
import { type CleanedLogs, LogCleaner, type LogCleanerSettings } from './log/cleaner/log-cleaner.ts'
import type { FileSystem } from './log/file-system.ts'
import type { Codecs } from './protocol/record/compression.ts'

export interface NodeCleanerParts {
  readonly config: BrokerConfig
  readonly logs: CleanedLogs
  readonly fileSystem: FileSystem
  readonly codecs: Codecs
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

export function createNodeCleaner(parts: NodeCleanerParts): LogCleaner {
  const { config, logs, clock, logger } = parts
  const runner = new LazyRunner(() => loadRunner(parts))
  const cleaner = new LogCleaner({ logs, runner, clock, logger, settings: () => cleanerSettings(config) })
  config.onChange(() => cleaner.onSettingsChanged())
  return cleaner
}

export function cleanerSettings(config: BrokerConfig): LogCleanerSettings {
  return {
    threadsCount: config.number('log.cleaner.threads'),
    backoffMs: config.logCleanerBackoffMs,
    dedupeBufferBytes: config.logCleanerDedupeBufferSize,
    dedupeBufferLoadFactor: config.number('log.cleaner.io.buffer.load.factor'),
    ioBufferBytes: config.number('log.cleaner.io.buffer.size'),
    ioBytesPerSecondMax: config.number('log.cleaner.io.max.bytes.per.second'),
  }
}

class LazyRunner implements CleaningRunner {
  readonly #load: () => Promise<CleaningRunner>
  #runner: Promise<CleaningRunner> | undefined

  constructor(load: () => Promise<CleaningRunner>) {
    this.#load = load
  }

  async run(task: CleaningTask, control: CleaningControl): Promise<CleaningOutcome> {
    this.#runner ??= this.#load()
    return (await this.#runner).run(task, control)
  }

  async close(): Promise<void> {
    await (await this.#runner)?.close()
  }
}

async function loadRunner({ fileSystem, codecs, clock, random }: NodeCleanerParts): Promise<CleaningRunner> {
  const module = threadModule()
  if (module === undefined || !(fileSystem instanceof NodeFileSystem)) {
    const { InProcessCleaning } = await import('./log/cleaner/in-process-cleaning.ts')
    return new InProcessCleaning({ fileSystem, codecs, clock, random })
  }
  const { CleaningThreads } = await import('./io/cleaning-threads.ts')
  return new CleaningThreads(module, clock)
}

/** The compiled cleaner-thread.ts beside this module, or beside the bundle that it is part of; undefined among sources. */
function threadModule(): URL | undefined {
  const here = import.meta.url
  const module = new URL(here.endsWith('.cjs') ? './cleaner-thread.cjs' : './cleaner-thread.js', here)
  return !here.endsWith('.ts') && existsSync(module) ? module : undefined
}
