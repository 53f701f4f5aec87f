/** `ottla perf produce` and `ottla perf consume`: how much goes through and how long it takes. */
import { Producer } from '../../client/producer.ts'
import { printLine, type ToolStreams } from '../tools/tool.ts'
import { createClient } from '../tools/tool-client.ts'
import { fetcherOptions, producerOptions } from './client-settings.ts'
import { settingsOf } from './consume.ts'
import { catchInterruption } from './interruption.ts'
import {
  LatencyStatistics,
  type Measured,
  measuredAsJson,
  megabytesPerSecond,
  percentileNames,
  recordsPerSecond,
} from './latency-statistics.ts'
import { measureConsuming } from './perf-consume.ts'
import { measureProducing, randomPayloads, totalText, windowText } from './perf-produce.ts'
import { TopicSource } from './record-source.ts'

interface PerfOptions {
  readonly bootstrap: string
  readonly topic: string
  readonly isJson: boolean
  readonly isQuiet: boolean
  readonly settings: readonly string[]
  readonly settingsFile: string | undefined
}

export interface PerfProduceCommand extends PerfOptions {
  readonly recordsCount: number
  /** Bytes of each value. */
  readonly size: number
  readonly rate: number | undefined
  readonly compression: string | undefined
}

export interface PerfConsumeCommand extends PerfOptions {
  /** As many as there are without it. */
  readonly recordsCount: number | undefined
  /** Waits for new records and tells how old they are when they arrive. */
  readonly fromEnd: boolean
  readonly idleMsMax: number
}

/** Resolves with the exit code: 1 when a record was not written. */
export async function perfProduce(options: PerfProduceCommand, { output, errors }: ToolStreams): Promise<number> {
  const { topic, compression, isJson, isQuiet } = options
  const words = compression === undefined ? options.settings : [...options.settings, `compression.type=${compression}`]
  const settings = settingsOf(options.settingsFile, words)
  const client = createClient(options.bootstrap, settings)
  const interruption = catchInterruption()
  try {
    const producer = await Producer.open(client, producerOptions(settings))
    await producer.prepare(topic)
    const { total, failure, failuresCount } = await measureProducing(producer, {
      topic,
      recordsCount: options.recordsCount,
      valueOf: randomPayloads(options.size),
      recordsPerSecondMax: options.rate,
      signal: interruption.signal,
      onWindow: (window) => {
        if (!isQuiet) printLine(isJson ? errors : output, windowText(window))
      },
    })
    printLine(output, isJson ? JSON.stringify(measuredAsJson(total, true)) : totalText(total))
    if (failure === undefined) return 0
    printLine(errors, `ottla: ${failuresCount} records were not written: ${failure.message}`)
    return 1
  } finally {
    interruption.dispose()
    client.close()
  }
}

/** Resolves with the exit code: 1 when fewer records came than were asked for. */
export async function perfConsume(options: PerfConsumeCommand, { output, errors }: ToolStreams): Promise<number> {
  const { topic, recordsCount, fromEnd, isJson, isQuiet, idleMsMax } = options
  const settings = settingsOf(options.settingsFile, options.settings)
  const client = createClient(options.bootstrap, settings)
  const interruption = catchInterruption()
  try {
    const source = new TopicSource(client, {
      ...fetcherOptions(settings),
      topics: { names: [topic] },
      start: fromEnd ? 'end' : 'beginning',
      stop: recordsCount === undefined && !fromEnd ? 'end' : undefined,
    })
    const ages = new LatencyStatistics(recordsCount ?? 500_000, performance.now())
    const consumed = await measureConsuming(source, {
      recordsMax: recordsCount ?? Number.POSITIVE_INFINITY,
      idleMsMax,
      stopsAtEnd: recordsCount === undefined && !fromEnd,
      signal: interruption.signal,
      onAge: (ageMs, bytesCount) => ages.add(ageMs, bytesCount),
      onInterval: ({ startedMs, endedMs, ...interval }) => {
        if (isQuiet) return
        const measured = { ...ages.measured(0), ...interval, elapsedMs: endedMs - startedMs }
        printLine(isJson ? errors : output, consumedText(measured, false))
      },
    })
    const elapsedMs = Math.max(1, consumed.endedMs - consumed.startedMs)
    const measured = { ...ages.measured(0), elapsedMs }
    printLine(output, isJson ? JSON.stringify(measuredAsJson(measured, fromEnd)) : consumedText(measured, fromEnd))
    if (recordsCount === undefined || consumed.recordsCount >= recordsCount || interruption.signal.aborted) return 0
    printLine(errors, `ottla: no more records came within ${idleMsMax} ms`)
    return 1
  } finally {
    interruption.dispose()
    client.close()
  }
}

function consumedText(measured: Measured, hasAges: boolean): string {
  const { recordsCount, latencyMs } = measured
  const rates = `${recordsPerSecond(measured).toFixed(1)} records/sec (${megabytesPerSecond(measured).toFixed(2)} MB/sec)`
  if (!hasAges) return `${recordsCount} records read, ${rates}.`
  const percentiles = latencyMs.percentiles.map((value, index) => `${Math.round(value)} ms ${percentileNames[index]}`)
  return `${recordsCount} records read, ${rates}, ${latencyMs.avg.toFixed(2)} ms avg age, ${latencyMs.max.toFixed(2)} ms max age, ${percentiles.join(', ')}.`
}
