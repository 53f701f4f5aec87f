/**
 * The loggers of a node by name, each with a level that an administrator may change while it runs (Kafka's BROKER_LOGGER
 * resource). The composition root hands out loggers from here; handlers read and set their levels. A logger without a level
 * of its own has the root's.
 *
 * Levels are Kafka's six. Nothing here is as fine as TRACE or as bad as FATAL: TRACE shows what DEBUG does, FATAL nothing.
 */
import { assert } from './assert.ts'
import {
  type LogFields,
  type Logger,
  type LoggerLevel,
  loggerLevelNames,
  type NamedLoggers,
  rootLoggerName,
} from './logger.ts'

const debugRank = loggerLevelNames.indexOf('DEBUG')
const infoRank = loggerLevelNames.indexOf('INFO')
const warnRank = loggerLevelNames.indexOf('WARN')
const errorRank = loggerLevelNames.indexOf('ERROR')

/** What one name lets through; shared by all loggers of that name and their children. */
interface Threshold {
  rank: number
}

export class LeveledLoggers implements NamedLoggers {
  readonly #sink: Logger
  #root: LoggerLevel
  /** Levels of their own; undefined for a logger that follows the root. */
  readonly #levels = new Map<string, LoggerLevel | undefined>()
  readonly #thresholds = new Map<string, Threshold>()

  /** `sink` writes whatever it is given. */
  constructor(root: LoggerLevel, sink: Logger) {
    this.#root = root
    this.#sink = sink
    this.#add(rootLoggerName)
  }

  logger(name: string): Logger {
    return new LeveledLogger(this, this.#thresholds.get(name) ?? this.#add(name), this.#sink)
  }

  get names(): readonly string[] {
    return [...this.#thresholds.keys()].sort()
  }

  level(name: string): LoggerLevel | undefined {
    if (!this.#thresholds.has(name)) return undefined
    return name === rootLoggerName ? this.#root : (this.#levels.get(name) ?? this.#root)
  }

  setLevel(name: string, level: LoggerLevel | undefined): void {
    assert(this.#thresholds.has(name), `there is no logger ${name}`)
    if (name !== rootLoggerName) this.#levels.set(name, level)
    else {
      assert(level !== undefined, 'the root logger always has a level')
      this.#root = level
    }
    for (const [each, threshold] of this.#thresholds) threshold.rank = this.#rank(each)
  }

  #add(name: string): Threshold {
    const threshold = { rank: loggerLevelNames.indexOf(this.#root) }
    this.#thresholds.set(name, threshold)
    return threshold
  }

  #rank(name: string): number {
    return loggerLevelNames.indexOf(this.level(name)!)
  }
}

class LeveledLogger implements Logger {
  readonly named: NamedLoggers
  readonly #threshold: Threshold
  readonly #sink: Logger

  constructor(named: NamedLoggers, threshold: Threshold, sink: Logger) {
    this.named = named
    this.#threshold = threshold
    this.#sink = sink
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#threshold.rank <= debugRank) this.#sink.debug(message, fields)
  }
  info(message: string, fields?: LogFields): void {
    if (this.#threshold.rank <= infoRank) this.#sink.info(message, fields)
  }
  warn(message: string, fields?: LogFields): void {
    if (this.#threshold.rank <= warnRank) this.#sink.warn(message, fields)
  }
  error(message: string, fields?: LogFields): void {
    if (this.#threshold.rank <= errorRank) this.#sink.error(message, fields)
  }

  child(fields: LogFields): Logger {
    return new LeveledLogger(this.named, this.#threshold, this.#sink.child(fields))
  }
}
