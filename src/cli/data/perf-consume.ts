/** Measures consuming: `ottla perf consume` and kafka-consumer-perf-test. */
import type { RecordSource } from './record-source.ts'

export interface PerfConsumeOptions {
  /** Ends after at least so many. */
  readonly recordsMax: number
  /** Ends when nothing came for so long. */
  readonly idleMsMax: number
  readonly stopsAtEnd?: boolean
  readonly reportingIntervalMs?: number
  readonly signal?: AbortSignal | undefined
  /** A record's age when it is handed out: milliseconds since its timestamp. */
  onAge?(ageMs: number, bytesCount: number): void
  onInterval?(interval: ConsumedInterval): void
}

export interface Consumed {
  readonly recordsCount: number
  readonly bytesCount: number
  /** Date.now before the first and after the last poll. */
  readonly startedMs: number
  readonly endedMs: number
  /** Nothing came any more. */
  readonly isCutShort: boolean
}

/** What came since the last report. */
export interface ConsumedInterval {
  readonly startedMs: number
  readonly endedMs: number
  readonly recordsCount: number
  readonly bytesCount: number
  readonly recordsTotal: number
  readonly bytesTotal: number
}

const pollMs = 100

export async function measureConsuming(source: RecordSource, options: PerfConsumeOptions): Promise<Consumed> {
  const { recordsMax, idleMsMax, reportingIntervalMs = 5000, signal } = options
  const startedMs = Date.now()
  let nowMs = startedMs
  let lastRecordMs = startedMs
  let recordsTotal = 0
  let bytesTotal = 0
  let reported = { startedMs, recordsTotal, bytesTotal }
  const isIdle = (): boolean => nowMs - lastRecordMs > idleMsMax
  while (recordsTotal < recordsMax && !isIdle() && !signal?.aborted) {
    await source.poll(({ records }) => {
      const handedOutMs = Date.now()
      for (const { key, value, timestamp } of records) {
        const bytesCount = (key?.length ?? 0) + (value?.length ?? 0)
        recordsTotal++
        bytesTotal += bytesCount
        options.onAge?.(handedOutMs - Number(timestamp), bytesCount)
      }
      lastRecordMs = handedOutMs
      return recordsTotal < recordsMax
    }, pollMs)
    nowMs = Date.now()
    if (nowMs - reported.startedMs >= reportingIntervalMs && recordsTotal > reported.recordsTotal) {
      options.onInterval?.({
        startedMs: reported.startedMs,
        endedMs: nowMs,
        recordsCount: recordsTotal - reported.recordsTotal,
        bytesCount: bytesTotal - reported.bytesTotal,
        recordsTotal,
        bytesTotal,
      })
      reported = { startedMs: nowMs, recordsTotal, bytesTotal }
    }
    if (options.stopsAtEnd && source.isAtEnd) break
  }
  return { recordsCount: recordsTotal, bytesCount: bytesTotal, startedMs, endedMs: Date.now(), isCutShort: isIdle() }
}
