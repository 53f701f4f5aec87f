/**
 * What the operator reads. By default one readable line each on standard output, written without any package:
 *
 *   2026-02-03 04:05:06.789 WARN  closing the connection of 10.0.0.7:5123: a frame of 0 bytes
 *
 * With `json` each line is pino's, which is loaded only then: it costs 40 ms at start. Text from clients cannot break a
 * line; a `stack` among the fields is shown below it.
 */
import { LeveledLoggers } from '../base/leveled-loggers.ts'
import { type LogFields, type Logger, type LoggerLevel, rootLoggerName } from '../base/logger.ts'

export type LogFormat = 'plain' | 'json'
export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

const levelNames: Readonly<Record<LogLevel, LoggerLevel>> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
}

export interface LoggerOptions {
  readonly format: LogFormat
  readonly level: LogLevel
  /** Takes one line with its end; standard output when missing. */
  readonly write?: (line: string) => void
  /** Milliseconds since 1970; the system's clock when missing. */
  readonly now?: () => number
}

/** The root logger; it has others that write to the same place. */
export async function createLogger(options: LoggerOptions): Promise<Logger> {
  const everything: LoggerOptions = { ...options, level: 'debug' }
  const sink = options.format === 'plain' ? createPlainLogger(everything) : await createJsonLogger(everything)
  return new LeveledLoggers(levelNames[options.level], sink).logger(rootLoggerName)
}

function writeToStandardOutput(line: string): void {
  process.stdout.write(line)
}

const controlCharacters = /[\p{Cc}\u2028\u2029]/gu

/** One line, whatever is in it. */
function printable(text: string): string {
  return text.replace(controlCharacters, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function fieldText(value: unknown): string {
  if (value instanceof Error) return printable(JSON.stringify(value.message))
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  return printable(/^[^\s"=]+$/.test(text) || typeof value !== 'string' ? text : JSON.stringify(text))
}

function timestamp(milliseconds: number): string {
  const date = new Date(milliseconds)
  const local = new Date(milliseconds - date.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 23).replace('T', ' ')
}

class PlainLogger implements Logger {
  readonly #options: LoggerOptions
  readonly #levelIndex: number
  readonly #fields: LogFields

  constructor(options: LoggerOptions, fields: LogFields) {
    this.#options = options
    this.#levelIndex = logLevels.indexOf(options.level)
    this.#fields = fields
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#levelIndex <= 0) this.#write('DEBUG', message, fields)
  }
  info(message: string, fields?: LogFields): void {
    if (this.#levelIndex <= 1) this.#write('INFO ', message, fields)
  }
  warn(message: string, fields?: LogFields): void {
    if (this.#levelIndex <= 2) this.#write('WARN ', message, fields)
  }
  error(message: string, fields?: LogFields): void {
    this.#write('ERROR', message, fields)
  }

  child(fields: LogFields): Logger {
    return new PlainLogger(this.#options, { ...this.#fields, ...fields })
  }

  #write(level: string, message: string, fields: LogFields | undefined): void {
    const now = this.#options.now ?? Date.now
    let line = `${timestamp(now())} ${level} ${printable(message)}`
    let below = ''
    for (const [name, value] of Object.entries({ ...this.#fields, ...fields })) {
      if (value === undefined || value === null) continue
      const stack = value instanceof Error ? value.stack : name === 'stack' ? String(value) : undefined
      if (stack !== undefined) below += `    ${stack.split('\n').map(printable).join('\n    ')}\n`
      else line += ` ${name}=${fieldText(value)}`
    }
    const write = this.#options.write ?? writeToStandardOutput
    write(`${line}\n${below}`)
  }
}

export function createPlainLogger(options: LoggerOptions): Logger {
  return new PlainLogger(options, {})
}

async function createJsonLogger(options: LoggerOptions): Promise<Logger> {
  const { pino } = await import('pino')
  const write = options.write ?? writeToStandardOutput
  const settings = {
    level: options.level,
    base: null,
    timestamp: () => `,"time":"${new Date((options.now ?? Date.now)()).toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return adapt(pino(settings, { write }))
}

interface PinoLogger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  child(fields: LogFields): PinoLogger
}

/** Ours names the message first, pino's the fields. */
function adapt(pino: PinoLogger): Logger {
  const none: LogFields = {}
  return {
    debug: (message, fields = none) => pino.debug(fields, message),
    info: (message, fields = none) => pino.info(fields, message),
    warn: (message, fields = none) => pino.warn(fields, message),
    error: (message, fields = none) => pino.error(fields, message),
    child: (fields) => adapt(pino.child(fields)),
  }
}
