/**
 * Counts, sizes and latencies of a measured run, whole and by the window that is reported now and then. Percentiles are
 * of a sample of at most half a million latencies, evenly spread over the run.
 */

export const percentileNames = ['p50', 'p95', 'p99', 'p99.9'] as const
const percentileRanks = [0.5, 0.95, 0.99, 0.999]
const sampleSizeMax = 500_000

export interface Latencies {
  readonly avg: number
  readonly max: number
  /** In the order of percentileNames. */
  readonly percentiles: readonly number[]
}

export interface Measured {
  readonly recordsCount: number
  readonly bytesCount: number
  readonly elapsedMs: number
  readonly latencyMs: Latencies
}

export class LatencyStatistics {
  readonly #sample: Float64Array
  readonly #sampledEvery: number
  readonly startedMs: number
  #recordsCount = 0
  #bytesCount = 0
  #latencyMsTotal = 0
  #latencyMsMax = 0
  #sampleSize = 0

  constructor(recordsExpected: number, startedMs: number) {
    this.#sampledEvery = Math.max(1, Math.ceil(recordsExpected / sampleSizeMax))
    this.#sample = new Float64Array(Math.min(Math.ceil(recordsExpected / this.#sampledEvery), sampleSizeMax))
    this.startedMs = startedMs
  }

  get recordsCount(): number {
    return this.#recordsCount
  }

  get bytesCount(): number {
    return this.#bytesCount
  }

  add(latencyMs: number, bytesCount: number): void {
    if (this.#recordsCount % this.#sampledEvery === 0 && this.#sampleSize < this.#sample.length)
      this.#sample[this.#sampleSize++] = latencyMs
    this.#recordsCount++
    this.#bytesCount += bytesCount
    this.#latencyMsTotal += latencyMs
    if (latencyMs > this.#latencyMsMax) this.#latencyMsMax = latencyMs
  }

  measured(nowMs: number): Measured {
    const sorted = this.#sample.slice(0, this.#sampleSize).sort()
    return {
      recordsCount: this.#recordsCount,
      bytesCount: this.#bytesCount,
      elapsedMs: nowMs - this.startedMs,
      latencyMs: {
        avg: this.#latencyMsTotal / this.#recordsCount,
        max: this.#latencyMsMax,
        percentiles: percentileRanks.map((rank) => sorted[Math.floor(rank * sorted.length)] ?? 0),
      },
    }
  }
}

export function recordsPerSecond({ recordsCount, elapsedMs }: Measured): number {
  return (1000 * recordsCount) / elapsedMs
}

/** A megabyte is 2^20 bytes, as in Kafka's tools. */
export function megabytesPerSecond({ bytesCount, elapsedMs }: Measured): number {
  return (1000 * bytesCount) / elapsedMs / (1024 * 1024)
}

/** What a script reads; latencies to a thousandth of a millisecond. */
export function measuredAsJson(measured: Measured, hasLatencies: boolean): Record<string, unknown> {
  const { recordsCount, bytesCount, elapsedMs, latencyMs } = measured
  const round = (value: number): number => (Number.isFinite(value) ? Math.round(value * 1000) / 1000 : 0)
  const percentiles = percentileNames.map((name, index) => [name, round(latencyMs.percentiles[index]!)])
  const latencies = { avg: round(latencyMs.avg), max: round(latencyMs.max), ...Object.fromEntries(percentiles) }
  return {
    records: recordsCount,
    bytes: bytesCount,
    elapsedMs: round(elapsedMs),
    recordsPerSecond: round(recordsPerSecond(measured)),
    megabytesPerSecond: round(megabytesPerSecond(measured)),
    ...(hasLatencies ? { latencyMs: latencies } : {}),
  }
}
