/**
 * Updates of a fixed set of keys, written as fast as the client can, to a compacted topic that is cleaned and read
 * meanwhile, while the broker is killed with SIGKILL now and then. Checked: every record read is one that was written, in
 * order; the final view by key is the writer's; the disk stays within bounds, measured all the time.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createTopic } from '../../../src/client/admin-topics.ts'
import { Fetcher } from '../../../src/client/fetcher.ts'
import { KafkaClient } from '../../../src/client/kafka-client.ts'
import { listOffsets, offsetSpecs } from '../../../src/client/list-offsets.ts'
import { Producer } from '../../../src/client/producer.ts'
import { SeededRandom } from '../crash/seeded-random.ts'
import { BrokerProcess, program } from '../support/broker-process.ts'

export interface CompactionOptions {
  readonly updates: number
  readonly keys: number
  readonly kills: number
  readonly seed: number
  /** Default 16 MiB. */
  readonly segmentBytes?: number
  /** Records per second at most; default: what the client can do. */
  readonly rate?: number
  /** False leaves the topic uncompacted, to compare latencies. */
  readonly isCompacted?: boolean
}

export interface CompactionReport {
  readonly seconds: number
  readonly kills: number
  readonly fullReads: number
  readonly logBytesWritten: number
  /** Bytes of the closed segments once all was cleaned, and of the records in the active one that nothing replaced. */
  readonly liveBytes: number
  readonly diskBytesMax: number
  readonly cleanings: number
  /** Of another partition, while all this went on, without the first seconds after a start. */
  readonly latencyMs: { readonly median: number; readonly p99: number; readonly p999: number }
  readonly latenciesCount: number
  readonly failures: readonly string[]
}

const topic = 'compacted'
const otherTopic = 'other'
const valueSize = 100
/** With key, lengths and deltas, about. */
const recordSize = valueSize + 20

export async function compactionRun(options: CompactionOptions): Promise<CompactionReport> {
  const broker = await BrokerProcess.start(['log.cleaner.backoff.ms=200', 'log.retention.check.interval.ms=1000'])
  const run = new CompactionRun(broker, options)
  try {
    return await run.run()
  } catch (error) {
    throw new Error(`${(error as Error).stack}; the broker said last:\n${broker.output.slice(-3000)}`)
  } finally {
    run.close()
    await broker.dispose()
  }
}

class CompactionRun {
  readonly #broker: BrokerProcess
  readonly #options: CompactionOptions
  readonly #random: SeededRandom
  readonly #client: KafkaClient
  readonly #readerClient: KafkaClient
  /** Number of the last update of each key; tombstones are updates too. */
  readonly #latest: Int32Array
  readonly #failures: string[] = []
  #probe: ChildProcess | undefined
  #diskTimer: NodeJS.Timeout | undefined
  #diskBytesMax = 0
  #written = 0
  #kills = 0
  #cleanings = 0
  #fullReads = 0
  #isWriting = true

  constructor(broker: BrokerProcess, options: CompactionOptions) {
    this.#broker = broker
    this.#options = options
    this.#random = new SeededRandom(options.seed)
    this.#latest = new Int32Array(options.keys).fill(-1)
    const bootstrap = [{ host: '127.0.0.1', port: broker.port }]
    this.#client = new KafkaClient({ bootstrap })
    this.#readerClient = new KafkaClient({ bootstrap })
  }

  async run(): Promise<CompactionReport> {
    const startedMs = performance.now()
    await this.#createTopics()
    this.#diskTimer = setInterval(() => this.#measureDisk(), 50)
    const latencies = this.#options.kills === 0 ? this.#startProbe() : Promise.resolve([])
    const reading = this.#readAgainAndAgain()
    await this.#write()
    this.#isWriting = false
    await reading
    this.#probe?.stdin?.end()
    const latenciesMs = await latencies
    const logBytesWritten = await this.#logSize()
    const isCompacted = this.#options.isCompacted ?? true
    if (isCompacted) await this.#settle()
    const liveBytes = await this.#checkFinalView()
    this.#countCleanings()
    return {
      seconds: Math.round((performance.now() - startedMs) / 1000),
      kills: this.#kills,
      fullReads: this.#fullReads,
      logBytesWritten,
      liveBytes,
      diskBytesMax: this.#diskBytesMax,
      cleanings: this.#cleanings,
      latencyMs: percentiles(latenciesMs),
      latenciesCount: latenciesMs.length,
      failures: this.#failures,
    }
  }

  close(): void {
    clearInterval(this.#diskTimer)
    this.#probe?.kill('SIGKILL')
    this.#client.close()
    this.#readerClient.close()
  }

  async #createTopics(): Promise<void> {
    const { segmentBytes = 16 * 1024 * 1024, isCompacted = true } = this.#options
    const configs = new Map([
      ['segment.bytes', String(segmentBytes)],
      ['min.cleanable.dirty.ratio', '0.1'],
      ['delete.retention.ms', '0'],
      ['cleanup.policy', isCompacted ? 'compact' : 'delete'],
    ])
    await createTopic(this.#client, { name: topic, numPartitions: 1, replicationFactor: 1, configs })
    await createTopic(this.#client, { name: otherTopic, numPartitions: 1, replicationFactor: 1 })
  }

  async #write(): Promise<void> {
    const { updates, keys, kills, rate = Number.POSITIVE_INFINITY } = this.#options
    const producer = await Producer.open(this.#client, { batchSize: 65_536, bufferMemory: 8 * 1024 * 1024 })
    await producer.prepare(topic)
    const startedMs = performance.now()
    const killEvery = Math.floor(updates / (kills + 1))
    let killing: Promise<void> = Promise.resolve()
    for (let number = 0; number < updates; number++) {
      const key = this.#random.below(keys)
      this.#latest[key] = number
      producer.append(
        topic,
        { key: keyOf(key), value: isTombstone(number) ? null : paddedValue(number) },
        this.#receipt,
      )
      if (!producer.hasRoom) await producer.room()
      if (number > 0 && number % killEvery === 0 && this.#kills < kills) killing = this.#killSoon()
      const aheadMs = number % 1000 === 0 ? (number / rate) * 1000 - (performance.now() - startedMs) : 0
      if (aheadMs > 1) await new Promise((wake) => setTimeout(wake, aheadMs))
    }
    await producer.flush()
    await killing
  }

  readonly #receipt = (error: Error | undefined): void => {
    if (error === undefined) this.#written++
    else if (this.#failures.length < 20) this.#failures.push(`a record was given up: ${error.message}`)
  }

  async #killSoon(): Promise<void> {
    this.#kills++
    await new Promise((wake) => setTimeout(wake, this.#random.below(300)))
    this.#countCleanings()
    await this.#broker.kill()
    await this.#broker.restart()
  }

  #countCleanings(): void {
    this.#cleanings += this.#broker.output.split('a log was cleaned').length - 1
  }

  async #readAgainAndAgain(): Promise<void> {
    await this.#readerClient.topic(topic)
    while (this.#isWriting) {
      await this.#readAll(() => {})
      this.#fullReads++
    }
  }

  /** From the first record to what was the end when it began. */
  async #readAll(onRecord: (key: number, number: number | undefined, offset: number) => void): Promise<void> {
    const fetcher = new Fetcher(this.#readerClient, { resetsTo: 'earliest' })
    fetcher.assign(topic, 0, 0)
    const endOffset = await this.#logEnd()
    let nextOffset = 0
    while (nextOffset < endOffset) {
      const before = nextOffset
      await fetcher.poll(({ records }) => {
        for (const { offset, key, value } of records) {
          if (offset < nextOffset) this.#failures.push(`offset ${offset} was read after ${nextOffset - 1}`)
          nextOffset = offset + 1
          const number = value === null ? undefined : value.readInt32BE(0)
          const isKnown = number === undefined || (value!.length === valueSize && !isTombstone(number))
          if (!isKnown) this.#failures.push(`what is at offset ${offset} was never written`)
          onRecord(key!.readInt32BE(0), number, offset)
        }
        return true
      })
      // The records at the end may be gone, and their offsets with them.
      const position = fetcher.assigned[0]!.position
      if (nextOffset === before && position >= endOffset) return
    }
  }

  /** Returns the bytes of live data. */
  async #checkFinalView(): Promise<number> {
    const { closedBytes, activeBaseOffset } = this.#segments()
    const view = new Map<number, number | undefined>()
    const isInActive = new Set<number>()
    await this.#readAll((key, number, offset) => {
      view.set(key, number)
      if (offset >= activeBaseOffset) isInActive.add(key)
    })
    for (const [key, latest] of this.#latest.entries()) {
      const expected = latest < 0 || isTombstone(latest) ? undefined : latest
      if (view.get(key) !== expected && this.#failures.length < 20)
        this.#failures.push(`key ${key} is ${view.get(key)}, not ${expected}`)
    }
    if (this.#written !== this.#options.updates)
      this.#failures.push(`${this.#written} of ${this.#options.updates} records were acknowledged`)
    return closedBytes + isInActive.size * recordSize
  }

  async #logEnd(): Promise<number> {
    const [found] = await listOffsets(this.#readerClient, [{ topic, partition: 0 }], offsetSpecs.latest)
    return found!.offset
  }

  /** Bytes that were ever written, about: the offset of the end times the size of a record. */
  async #logSize(): Promise<number> {
    return (await this.#logEnd()) * recordSize
  }

  /** Until nothing has changed for two seconds. */
  async #settle(): Promise<void> {
    let last = ''
    for (let unchanged = 0; unchanged < 10; ) {
      await new Promise((wake) => setTimeout(wake, 200))
      const now = JSON.stringify(this.#sizes())
      unchanged = now === last ? unchanged + 1 : 0
      last = now
    }
  }

  /** Of all files of the partition. */
  #sizes(): Record<string, number> {
    const directory = join(this.#broker.directory, `${topic}-0`)
    const sizes: Record<string, number> = {}
    for (const name of readdirSync(directory)) {
      sizes[name] = statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0
    }
    return sizes
  }

  #measureDisk(): void {
    let sum = 0
    for (const size of Object.values(this.#sizes())) sum += size
    this.#diskBytesMax = Math.max(this.#diskBytesMax, sum)
  }

  #segments(): { closedBytes: number; activeBaseOffset: number } {
    const segments = Object.entries(this.#sizes()).filter(([name]) => name.endsWith('.log'))
    segments.sort(([left], [right]) => (left < right ? -1 : 1))
    const [active] = segments.pop()!
    const closedBytes = segments.reduce((sum, [, size]) => sum + size, 0)
    return { closedBytes, activeBaseOffset: Number.parseInt(active, 10) }
  }

  async #startProbe(): Promise<number[]> {
    const words = [join(import.meta.dirname, 'latency-probe.mjs'), resolve(program, '../../dist')]
    const child = spawn(process.execPath, [...words, String(this.#broker.port), otherTopic], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#probe = child
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    await once(child, 'close')
    return JSON.parse(output) as number[]
  }
}

function keyOf(key: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeInt32BE(key)
  return bytes
}

const isTombstone = (number: number): boolean => number % 50 === 7

function paddedValue(number: number): Buffer {
  const bytes = Buffer.alloc(valueSize)
  bytes.writeInt32BE(number)
  return bytes
}

function percentiles(latenciesMs: readonly number[]): CompactionReport['latencyMs'] {
  // What the first requests cost is the start's.
  const sorted = latenciesMs.slice(50).sort((left, right) => left - right)
  const at = (share: number): number => Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 100) / 100
  return { median: at(0.5), p99: at(0.99), p999: at(0.999) }
}
