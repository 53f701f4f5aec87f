/**
 * The loop of all consuming commands: takes records from a source until there are enough, the end is reached, nothing
 * came for too long, somebody pressed ^C, or nobody reads the output any more. What was not used is given back to the
 * source, so that a group commits no more than what was printed.
 */
import { isRetriable } from '../../client/client-errors.ts'
import { sleep } from '../../client/deadline.ts'
import type { FetchedRecords } from '../../client/fetcher.ts'
import type { DecodedRecord } from '../../protocol/record/record.ts'
import type { RecordSource } from './record-source.ts'

export interface TakeOptions {
  readonly recordsMax?: number | undefined
  readonly stopsAtEnd?: boolean
  /** How long no record may come before it ends, in milliseconds. */
  readonly idleMsMax?: number | undefined
  readonly signal?: AbortSignal | undefined
  onRecord(record: DecodedRecord, fetched: FetchedRecords): void
  /** Told once when the cluster does not answer any more; it is asked until it does. */
  onLost?(error: Error): void
  /** After each round of records: writes them out. False when nobody reads. */
  afterRound(): Promise<boolean>
}

export type TakeEnd = 'enough' | 'end' | 'idle' | 'interrupted' | 'unread'

export interface Taken {
  readonly recordsCount: number
  readonly end: TakeEnd
}

const pollMs = 500
const retryMs = 1000

export async function takeRecords(source: RecordSource, options: TakeOptions): Promise<Taken> {
  const { recordsMax = Number.POSITIVE_INFINITY, idleMsMax = Number.POSITIVE_INFINITY, signal } = options
  let recordsCount = 0
  let lastMs = Date.now()
  let isFound = false
  let isLost = false
  const onRecords = (fetched: FetchedRecords): boolean => {
    const { topic, partition, records } = fetched
    for (const record of records) {
      if (recordsCount >= recordsMax || signal?.aborted) {
        source.seek(topic, partition, record.offset)
        return false
      }
      recordsCount++
      options.onRecord(record, fetched)
    }
    lastMs = Date.now()
    return recordsCount < recordsMax
  }
  const aborted = new Promise<undefined>((resolve) =>
    signal?.addEventListener('abort', () => resolve(undefined), { once: true }),
  )
  while (recordsCount < recordsMax) {
    if (signal?.aborted) return { recordsCount, end: 'interrupted' }
    const waitMs = Math.max(0, Math.min(pollMs, idleMsMax - (Date.now() - lastMs)))
    const polled = source.poll(onRecords, waitMs).then(() => undefined, toError)
    const failure = await Promise.race([polled, aborted])
    if (failure === undefined) isFound = true
    else if (!isFound || !isRetriable(failure)) throw failure
    else {
      if (!isLost) options.onLost?.(failure)
      await Promise.race([sleep(retryMs), aborted])
    }
    isLost = failure !== undefined
    if (!(await options.afterRound())) return { recordsCount, end: 'unread' }
    if (recordsCount >= recordsMax) break
    if (options.stopsAtEnd && source.isAtEnd) return { recordsCount, end: 'end' }
    if (Date.now() - lastMs > idleMsMax) return { recordsCount, end: 'idle' }
  }
  return { recordsCount, end: 'enough' }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
