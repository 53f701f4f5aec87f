/**
 * Measures producing: `ottla perf produce` and kafka-producer-perf-test. Records are sent as fast as the producer takes
 * them, or at a rate; a record's latency is from append to acknowledgement.
 */
import { setTimeout as sleep, setImmediate as yieldToSockets } from 'node:timers/promises'
import type { Producer } from '../../client/producer.ts'
import { LatencyStatistics, type Measured, megabytesPerSecond, recordsPerSecond } from './latency-statistics.ts'

export interface PerfProduceOptions {
  readonly topic: string
  readonly recordsCount: number
  /** The value of record `index`. */
  valueOf(index: number): Buffer
  /** Records a second at most; no limit without it. */
  readonly recordsPerSecondMax?: number | undefined
  /** The first records, which the steady state leaves out. */
  readonly warmupCount?: number
  readonly reportingIntervalMs?: number
  readonly signal?: AbortSignal | undefined
  /** `isSteady`: the warm-up is over. */
  onWindow?(window: Measured, isSteady: boolean): void
}

export interface PerfProduced {
  readonly total: Measured
  /** Without the records of the warm-up. */
  readonly steady: Measured | undefined
  readonly failure: Error | undefined
  readonly failuresCount: number
}

/** Appends between two looks at what the sockets brought. */
const bytesBetweenLooks = 64 * 1024
const recordOverhead = 40

/** Rejects when a record cannot even be appended; `failure` tells of those that were not acknowledged. */
export async function measureProducing(producer: Producer, options: PerfProduceOptions): Promise<PerfProduced> {
  const { topic, recordsCount, recordsPerSecondMax, warmupCount = 0, reportingIntervalMs = 5000, signal } = options
  const startedMs = performance.now()
  const total = new LatencyStatistics(recordsCount, startedMs)
  let steady: LatencyStatistics | undefined
  let window = new LatencyStatistics(recordsCount, startedMs)
  let failure: Error | undefined
  let failuresCount = 0
  const onAcknowledged = (size: number, sentMs: number, isWarm: boolean, error: Error | undefined): void => {
    if (error !== undefined) {
      failure ??= error
      failuresCount++
      return
    }
    const nowMs = performance.now()
    const latencyMs = nowMs - sentMs
    total.add(latencyMs, size)
    if (isWarm) steady?.add(latencyMs, size)
    window.add(latencyMs, size)
    if (nowMs - window.startedMs < reportingIntervalMs) return
    options.onWindow?.(window.measured(nowMs), steady !== undefined)
    window = new LatencyStatistics(recordsCount, nowMs)
  }
  let unseenBytes = 0
  for (let index = 0; index < recordsCount && !signal?.aborted; index++) {
    const isWarm = warmupCount > 0 && index >= warmupCount
    if (isWarm) steady ??= new LatencyStatistics(recordsCount - warmupCount, performance.now())
    const value = options.valueOf(index)
    const sentMs = performance.now()
    producer.append(topic, { value }, (error) => onAcknowledged(value.length, sentMs, isWarm, error))
    unseenBytes += value.length + recordOverhead
    if (!producer.hasRoom) await producer.room()
    if (recordsPerSecondMax !== undefined) await keepRate(startedMs, index + 1, recordsPerSecondMax)
    if (unseenBytes < bytesBetweenLooks) continue
    unseenBytes = 0
    await yieldToSockets()
  }
  await producer.flush()
  const nowMs = performance.now()
  return { total: total.measured(nowMs), steady: steady?.measured(nowMs), failure, failuresCount }
}

async function keepRate(startedMs: number, sentCount: number, recordsPerSecondMax: number): Promise<void> {
  const aheadMs = startedMs + (sentCount * 1000) / recordsPerSecondMax - performance.now()
  if (aheadMs >= 1) await sleep(aheadMs)
}

/** As kafka-producer-perf-test prints it every few seconds. */
export function windowText(window: Measured): string {
  const { recordsCount, latencyMs } = window
  const rates = `${recordsPerSecond(window).toFixed(1)} records/sec (${megabytesPerSecond(window).toFixed(2)} MB/sec)`
  return `${recordsCount} records sent, ${rates}, ${latencyMs.avg.toFixed(1)} ms avg latency, ${latencyMs.max.toFixed(1)} ms max latency.`
}

/** As kafka-producer-perf-test prints it at the end. */
export function totalText(total: Measured, what = 'records'): string {
  const { recordsCount, latencyMs } = total
  const rates = `${recordsPerSecond(total).toFixed(6)} records/sec (${megabytesPerSecond(total).toFixed(2)} MB/sec)`
  const [p50, p95, p99, p999] = latencyMs.percentiles.map(Math.round)
  const percentiles = `${p50} ms 50th, ${p95} ms 95th, ${p99} ms 99th, ${p999} ms 99.9th`
  const latencies = `${latencyMs.avg.toFixed(2)} ms avg latency, ${latencyMs.max.toFixed(2)} ms max latency`
  return `${recordsCount} ${what} sent, ${rates}, ${latencies}, ${percentiles}.`
}

/** Letters A to Z, from a generator whose seed is always the same; each record its own. */
export function randomPayloads(size: number): (index: number) => Buffer {
  // Records are cut from a pool at changing places: filling each would be most of the work.
  const pool = Buffer.allocUnsafe(size + 4099)
  let state = 0x2545f491
  for (let index = 0; index < pool.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    pool[index] = 65 + ((state >>> 16) % 26)
  }
  return (index) => {
    const start = (index * 31) % 4099
    return pool.subarray(start, start + size)
  }
}
