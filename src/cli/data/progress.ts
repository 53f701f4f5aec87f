/**
 * How far a long run is, as one line on standard error that is written over: only where a person sees it, on a
 * terminal, and not where records are printed on that terminal too.
 */
import type { Writable } from 'node:stream'

const intervalMs = 500

export class Progress {
  readonly #errors: Writable
  readonly #verb: string
  readonly #startedMs = Date.now()
  #timer: NodeJS.Timeout | undefined
  #recordsCount = 0
  #bytesCount = 0
  #isShown = false

  /** `verb` as in "1000 records read". */
  constructor(errors: Writable, verb: string, isWanted: boolean) {
    this.#errors = errors
    this.#verb = verb
    if (!isWanted || !isTerminal(errors)) return
    this.#timer = setInterval(() => this.#show(), intervalMs)
    this.#timer.unref()
  }

  add(bytesCount: number): void {
    this.#recordsCount++
    this.#bytesCount += bytesCount
  }

  /** Takes the line away. */
  end(): void {
    clearInterval(this.#timer)
    if (this.#isShown) this.#errors.write('\r\x1b[K')
  }

  #show(): void {
    this.#isShown = true
    this.#errors.write(
      `\r\x1b[K${progressText(this.#recordsCount, this.#bytesCount, Date.now() - this.#startedMs, this.#verb)}`,
    )
  }
}

export function progressText(recordsCount: number, bytesCount: number, elapsedMs: number, verb: string): string {
  const perSecond = Math.round((recordsCount * 1000) / Math.max(elapsedMs, 1))
  const megabytes = (bytesCount / 1024 / 1024).toFixed(1)
  return `${recordsCount} records ${verb}, ${megabytes} MB, ${perSecond} records/s`
}

export function isTerminal(stream: object): boolean {
  return (stream as { readonly isTTY?: boolean }).isTTY === true
}
