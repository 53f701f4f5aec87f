/**
 * Load on a cluster with Apache Kafka's own clients and their default settings: kafka-verifiable-producer writes rising
 * numbers with acks=all and idempotence to every partition of a topic, kafka-verifiable-consumer reads them as a member of
 * a group and commits after each poll. What they print is kept: every acknowledgement with its time, every read record.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Acknowledged } from '../crash/load-client.ts'
import { repositoryRoot } from '../support/broker-process.ts'
import { watch } from '../support/watched-process.ts'

/** Far beyond any timeout of the clients, so it means that something hangs. */
const patienceMs = 300_000
/** Keys go round, so that every partition has a share of the records at any time. */
const keys = 48

interface Event {
  readonly name: string
  readonly timestamp: number
  readonly partition: number
  readonly offset: number
  readonly value: string
  readonly message?: string
  readonly success?: boolean
  readonly error?: string
  readonly offsets?: readonly { readonly partition: number; readonly offset: number }[]
}

/** A stock tool that prints JSON lines, each handed on as it comes. */
class EventSource {
  readonly #child: ChildProcess
  readonly #onEvent: (event: Event) => void
  readonly #waiting = new Map<
    () => boolean,
    { readonly resolve: () => void; readonly reject: (error: Error) => void }
  >()
  readonly #closed: Promise<unknown>
  #errors = ''

  constructor(className: string, words: readonly string[], onEvent: (event: Event) => void) {
    this.#onEvent = onEvent
    const script = join(repositoryRoot, 'test/interop/reference/kafka.sh')
    this.#child = spawn(script, ['tool', className, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#closed = once(this.#child, 'close')
    this.#child.on('close', () => this.#onEnd())
    watch(`${className} ${words.join(' ')}`, this.#child)
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#onLine(line))
    this.#child.stderr!.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-10_000)
    })
  }

  #onLine(line: string): void {
    if (!line.startsWith('{')) return
    this.#onEvent(JSON.parse(line))
    for (const [isDone, { resolve }] of this.#waiting) {
      if (isDone() && this.#waiting.delete(isDone)) resolve()
    }
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  #onEnd(): void {
    for (const { reject } of this.#waiting.values()) reject(this.#endedOfItself())
    this.#waiting.clear()
  }

  #endedOfItself(): Error {
    const { exitCode, signalCode } = this.#child
    return new Error(`the client ended of itself with ${exitCode ?? signalCode}: ${this.#errors}`)
  }

  /** Resolves when it is done; rejects when the client ends before. */
  until(what: string, isDone: () => boolean): Promise<void> {
    if (isDone()) return Promise.resolve()
    if (this.#hasEnded) return Promise.reject(this.#endedOfItself())
    let timer: NodeJS.Timeout | undefined
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.set(isDone, { resolve, reject })
      const late = () => reject(new Error(`${what}: not within ${patienceMs / 1000} s; ${this.#errors}`))
      timer = setTimeout(late, patienceMs)
    })
    return done.finally(() => clearTimeout(timer))
  }

  /** Ends it as a user does: it finishes what it began. */
  async stop(): Promise<void> {
    if (this.#hasEnded) throw this.#endedOfItself()
    this.#child.kill('SIGTERM')
    await this.#closed
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

export interface Acknowledgement extends Acknowledged {
  readonly timeMs: number
}

export interface Gap {
  /** Between two acknowledgements of any partition. */
  readonly overallMs: number
  /** The longest of those between two acknowledgements of one partition. */
  readonly partitionMs: number
  readonly partition: number
}

export class ProducerLoad {
  readonly topic: string
  readonly acknowledged: Acknowledgement[] = []
  /** What the producer gave up. */
  readonly failures: string[] = []
  readonly #partitions: number
  readonly #events: EventSource
  readonly #lastMs: number[]

  constructor(options: {
    readonly bootstrap: string
    readonly directory: string
    readonly topic: string
    readonly partitions: number
    readonly recordsPerSecond: number
  }) {
    this.topic = options.topic
    this.#partitions = options.partitions
    this.#lastMs = Array.from({ length: options.partitions }, () => 0)
    // The tool sets retries to 0 of itself; a producer's default is this.
    const settings = join(options.directory, `producer-${options.topic}.properties`)
    writeFileSync(settings, 'retries=2147483647\nenable.idempotence=true\n')
    const words = [
      ...['--bootstrap-server', options.bootstrap, '--topic', options.topic, '--acks', '-1'],
      ...['--throughput', String(options.recordsPerSecond), '--repeating-keys', String(keys)],
      ...['--command-config', settings],
    ]
    this.#events = new EventSource('org.apache.kafka.tools.VerifiableProducer', words, (event) => this.#onEvent(event))
  }

  #onEvent({ name, timestamp, partition, offset, value, message }: Event): void {
    if (name === 'producer_send_success') {
      const { topic } = this
      this.acknowledged.push({ topic, partition, offset, sequence: Number(value), timeMs: timestamp })
      this.#lastMs[partition] = timestamp
    } else if (name === 'producer_send_error') this.failures.push(`record ${value} was given up: ${message}`)
  }

  /** Resolves when every partition has had an acknowledgement after that time. */
  acknowledgedAfter(timeMs: number): Promise<void> {
    return this.#events
      .until('an acknowledgement of every partition', () => this.#lastMs.every((last) => last > timeMs))
      .catch((error: Error) => {
        const missing = [...this.#lastMs.keys()].filter((partition) => this.#lastMs[partition]! <= timeMs)
        throw new Error(`${error.message}; partitions ${missing} of ${this.topic} stand still`)
      })
  }

  /** What is longest between two times, which count as acknowledgements themselves. */
  longestGap(fromMs: number, toMs: number, isCounted: (partition: number) => boolean = () => true): Gap {
    const within = this.acknowledged.filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs)
    const overallMs = longest(within, fromMs, toMs)
    let [partitionMs, partition] = [0, -1]
    for (let index = 0; index < this.#partitions; index++) {
      if (!isCounted(index)) continue
      const own = within.filter((acknowledgement) => acknowledgement.partition === index)
      const gapMs = longest(own, fromMs, toMs)
      if (gapMs > partitionMs) [partitionMs, partition] = [gapMs, index]
    }
    return { overallMs, partitionMs, partition }
  }

  /** Resolves when everything that was sent is acknowledged or given up. */
  stop(): Promise<void> {
    return this.#events.stop()
  }

  kill(): void {
    this.#events.kill()
  }
}

function longest(acknowledgements: readonly Acknowledgement[], fromMs: number, toMs: number): number {
  let [previous, gapMs] = [fromMs, 0]
  for (const { timeMs } of acknowledgements) {
    gapMs = Math.max(gapMs, timeMs - previous)
    previous = timeMs
  }
  return Math.max(gapMs, toMs - previous)
}

export class ConsumerLoad {
  /** By partition: offset and number of each record that it read, in the order in which it did. */
  readonly read = new Map<number, [offset: number, sequence: number][]>()
  readonly failures: string[] = []
  commits = 0
  /** The highest offset that was committed, by partition. */
  readonly committed = new Map<number, number>()
  longestPollGapMs = 0
  #lastReadMs = 0
  readonly #events: EventSource

  constructor(options: { readonly bootstrap: string; readonly topic: string; readonly group: string }) {
    const words = [
      ...['--bootstrap-server', options.bootstrap, '--topic', options.topic, '--group-id', options.group],
      ...['--reset-policy', 'earliest', '--verbose'],
    ]
    this.#events = new EventSource('org.apache.kafka.tools.VerifiableConsumer', words, (event) => this.#onEvent(event))
  }

  get count(): number {
    return [...this.read.values()].reduce((sum, { length }) => sum + length, 0)
  }

  #onEvent(event: Event): void {
    if (event.name === 'record_data') {
      const { partition, offset, value } = event
      const list = this.read.get(partition)
      if (list === undefined) this.read.set(partition, [[offset, Number(value)]])
      else list.push([offset, Number(value)])
    } else if (event.name === 'records_consumed') {
      if (this.#lastReadMs > 0)
        this.longestPollGapMs = Math.max(this.longestPollGapMs, event.timestamp - this.#lastReadMs)
      this.#lastReadMs = event.timestamp
    } else if (event.name === 'offsets_committed') this.#onCommit(event)
  }

  #onCommit({ success, error, offsets }: Event): void {
    if (!success) {
      this.failures.push(`a commit failed: ${error}`)
      return
    }
    this.commits++
    for (const { partition, offset } of offsets ?? [])
      this.committed.set(partition, Math.max(offset, this.committed.get(partition) ?? 0))
  }

  /** Resolves when `count` more records were read. */
  more(count: number): Promise<void> {
    const sum = this.count + count
    return this.#events.until(`${count} more records read`, () => this.count >= sum)
  }

  /** Resolves when all that was acknowledged is read. */
  caughtUp(acknowledged: readonly Acknowledgement[]): Promise<void> {
    const ends = new Map<number, number>()
    for (const { partition, offset } of acknowledged) ends.set(partition, Math.max(offset, ends.get(partition) ?? -1))
    const isRead = () => [...ends].every(([partition, end]) => (this.read.get(partition)?.at(-1)?.[0] ?? -1) >= end)
    return this.#events.until('reading to the end', isRead)
  }

  stop(): Promise<void> {
    return this.#events.stop()
  }

  kill(): void {
    this.#events.kill()
  }
}
