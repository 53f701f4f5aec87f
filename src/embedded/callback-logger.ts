/** Gives what a node says to the embedding program. */
import type { LogFields, Logger } from '../base/logger.ts'

export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export class CallbackLogger implements Logger {
  readonly #onLog: (entry: LogEntry) => void
  readonly #fields: LogFields

  constructor(onLog: (entry: LogEntry) => void, fields: LogFields = {}) {
    this.#onLog = onLog
    this.#fields = fields
  }

  debug(message: string, fields?: LogFields): void {
    this.#tell('debug', message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.#tell('info', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.#tell('warn', message, fields)
  }

  error(message: string, fields?: LogFields): void {
    this.#tell('error', message, fields)
  }

  child(fields: LogFields): Logger {
    return new CallbackLogger(this.#onLog, { ...this.#fields, ...fields })
  }

  #tell(level: LogEntry['level'], message: string, fields: LogFields = {}): void {
    this.#onLog({ level, message, fields: { ...this.#fields, ...fields } })
  }
}
