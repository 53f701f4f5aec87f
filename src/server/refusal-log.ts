/**
 * One log line for each client that is turned away, saying who, what and why; but no client may fill the disk with
 * them: beyond a number of lines per second they are counted, and the count is the next line.
 */

import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { ProtocolError } from '../protocol/errors.ts'
import type { Connection } from './connection.ts'
import { Refusal } from './refusal.ts'

const linesPerSecondMax = 20
/** How a peer that goes away looks; nobody's fault. */
const ordinaryCodes = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED', 'EHOSTUNREACH'])

export class RefusalLog {
  readonly #logger: Logger
  readonly #clock: Clock
  #secondStartMs = Number.NEGATIVE_INFINITY
  #lineCount = 0
  #leftOutCount = 0

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger
    this.#clock = clock
  }

  report(line: string): void {
    if (!this.#hasRoom()) return
    this.#logger.warn(line)
  }

  /** Says why a connection closes; returns whether that is the client's fault. */
  reportClosing(connection: Connection, reason: unknown): boolean {
    const code = (reason as { readonly code?: unknown } | undefined)?.code
    if (typeof code === 'string' && ordinaryCodes.has(code)) {
      this.#logger.debug('connection lost', { client: `${connection.clientHost}:${connection.clientPort}`, code })
      return false
    }
    if (!(reason instanceof ProtocolError || reason instanceof Refusal)) {
      const stack = reason instanceof Error ? reason.stack : String(reason)
      this.#logger.error(`closing the connection of ${describeClient(connection)} after an unexpected error`, { stack })
      return false
    }
    this.report(`closing the connection of ${describeClient(connection)}: ${reason.message}`)
    return true
  }

  #hasRoom(): boolean {
    const nowMs = this.#clock.monotonic()
    if (nowMs - this.#secondStartMs >= 1000) {
      if (this.#leftOutCount > 0)
        this.#logger.warn(`${this.#leftOutCount} more clients were turned away, too many to list`)
      this.#secondStartMs = nowMs
      this.#lineCount = 0
      this.#leftOutCount = 0
    }
    if (this.#lineCount < linesPerSecondMax) {
      this.#lineCount++
      return true
    }
    this.#leftOutCount++
    return false
  }
}

function describeClient(connection: Connection): string {
  const parts = [`${connection.clientHost}:${connection.clientPort} on ${connection.listenerName}`]
  if (connection.clientId !== null) parts.push(`client id ${JSON.stringify(shortened(connection.clientId))}`)
  if (connection.clientSoftwareName !== '')
    parts.push(shortened(`${connection.clientSoftwareName} ${connection.clientSoftwareVersion}`))
  return parts.join(', ')
}

function shortened(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 100)}...`
}
