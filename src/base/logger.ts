/**
 * What the house says to its operator. io/pino-logger.ts is the real one. A message is one readable line; fields are
 * for machines. `debug` must cost nothing when it is off: pass constants, no built strings.
 */
export type LogFields = Readonly<Record<string, unknown>>

export interface Logger {
  /** Of a logger whose level can change while the node runs: all loggers that write where it does. */
  readonly named?: NamedLoggers
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger
}

/** Kafka's levels, from the finest on. */
export const loggerLevelNames = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const
export type LoggerLevel = (typeof loggerLevelNames)[number]

export const rootLoggerName = 'root'

/** Loggers by name, each with a level that may change. leveled-loggers.ts is the real one. */
export interface NamedLoggers {
  /** The logger of that name; it exists from now on. */
  logger(name: string): Logger
  /** In alphabetical order, the root among them. */
  readonly names: readonly string[]
  /** The level that counts for the logger; undefined when there is none of that name. */
  level(name: string): LoggerLevel | undefined
  /** Takes effect at once; undefined makes a logger follow the root again, which itself always has a level. */
  setLevel(name: string, level: LoggerLevel | undefined): void
}

export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
}
