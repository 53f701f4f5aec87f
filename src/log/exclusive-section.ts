/**
 * Makes asynchronous changes to one log's structure (truncate, delete segments, flush, close) happen one after another,
 * in the order in which they were asked for. A failed one does not keep the next from running.
 */
export class ExclusiveSection {
  #last: Promise<unknown> = Promise.resolve()

  run<Result>(change: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(change, change)
    this.#last = result.catch(() => undefined)
    return result
  }
}
