/**
 * The loop of the producing commands: appends records as they come, waits for memory, stops at the first that was not
 * written, and resolves when all that was appended is settled, also when the input turns out to be wrong.
 */
import type { ProducedRecord } from '../../client/pending-batch.ts'
import type { Producer } from '../../client/producer.ts'

export interface SendOptions {
  readonly recordsMax?: number | undefined
  /** One record at a time. */
  readonly isSync?: boolean
  readonly signal?: AbortSignal | undefined
  /** Bytes of key and value of a record that was written. */
  onSent?(size: number): void
  onAppended?(record: ProducedRecord): void
  /** After each round of records. */
  afterRound?(): Promise<void>
}

export interface Sent {
  readonly failure: Error | undefined
  readonly failuresCount: number
}

export async function sendRecords(
  producer: Producer,
  topic: string,
  rounds: AsyncIterable<readonly ProducedRecord[]>,
  options: SendOptions,
): Promise<Sent> {
  const { recordsMax = Number.POSITIVE_INFINITY, isSync, signal } = options
  let failure: Error | undefined
  let failuresCount = 0
  let appendedCount = 0
  const isOver = (): boolean => appendedCount >= recordsMax || failure !== undefined || signal?.aborted === true
  const append = (record: ProducedRecord): void => {
    const size = (record.key?.length ?? 0) + (record.value?.length ?? 0)
    appendedCount++
    producer.append(topic, record, (error) => {
      if (error === undefined) {
        options.onSent?.(size)
        return
      }
      failure ??= error
      failuresCount++
    })
    options.onAppended?.(record)
  }
  try {
    for await (const records of untilAborted(rounds, signal)) {
      for (const record of records) {
        if (isOver()) break
        append(record)
        if (isSync) await producer.flush()
        else if (!producer.hasRoom) await producer.room()
      }
      await options.afterRound?.()
      if (isOver()) break
    }
  } finally {
    await producer.flush()
  }
  return { failure, failuresCount }
}

/** Ends also while the input has nothing to say. */
async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]()
  const aborted = new Promise<{ readonly done: true; readonly value: undefined }>((resolve) =>
    signal?.addEventListener('abort', () => resolve({ done: true, value: undefined }), { once: true }),
  )
  for (;;) {
    const next = await Promise.race([iterator.next(), aborted])
    if (next.done) return
    yield next.value
  }
}
