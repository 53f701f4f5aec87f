/**
 * Kills the broker with SIGKILL at random moments while librdkafka writes and a group reads, starts it again, and in the
 * end compares the logs with what was acknowledged. The moments come from a seed; the load's own timing does not.
 *
 * Promises checked: an acknowledged record is in the log at the offset that was told, once, in the order of its
 * producer; an idempotent producer's records are all there without a gap or a double; a group resumes where its last
 * commit was acknowledged (or at a commit that was tried and got no answer); a topic whose creation or deletion was
 * acknowledged is there or gone.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { BrokerProcess } from '../support/broker-process.ts'
import { type Acknowledged, LoadClient, readTopic } from './load-client.ts'
import { SeededRandom } from './seeded-random.ts'

export interface CrashReport {
  readonly seed: number
  readonly rounds: number
  readonly kills: number
  readonly cleanStops: number
  readonly acknowledged: number
  readonly groupReads: number
  readonly resumes: number
  /** One line for each broken promise. */
  readonly failures: readonly string[]
}

const topics = { idempotent: 'crash-idempotent', plain: 'crash-plain', partitions: 4, group: 'crash-group' }
const compressions = ['lz4', 'zstd', 'snappy', 'gzip', 'none'] as const

export async function crashRun(options: {
  readonly seed: number
  readonly rounds: number
  readonly onRound?: (text: string) => void
}): Promise<CrashReport> {
  const broker = await BrokerProcess.start(['offsets.topic.num.partitions=3'])
  const run = new CrashRun(broker, options.seed)
  try {
    await run.prepare()
    for (let round = 1; round <= options.rounds; round++) {
      await run.round(round)
      options.onRound?.(`seed ${options.seed}: ${run.summary()}`)
    }
    return await run.finish(options.rounds)
  } catch (error) {
    const { message } = error as Error
    throw new Error(`seed ${options.seed}: ${message}; the broker said last:\n${broker.output.slice(-5000)}`)
  } finally {
    run.close()
    await broker.dispose()
  }
}

class CrashRun {
  readonly #broker: BrokerProcess
  readonly #seed: number
  readonly #random: SeededRandom
  readonly #failures: string[] = []
  readonly #existing = new Set<string>()
  readonly #deleted = new Set<string>()
  #load: LoadClient | undefined
  #kills = 0
  #cleanStops = 0

  constructor(broker: BrokerProcess, seed: number) {
    this.#broker = broker
    this.#seed = seed
    this.#random = new SeededRandom(seed)
  }

  summary(): string {
    return `${this.#load!.moment}, ${this.#kills} kills, ${this.#load!.acknowledged.length} acknowledged`
  }

  async prepare(): Promise<void> {
    const { idempotent, plain, partitions } = topics
    await this.#administer(async (admin) => {
      // Small segments: they roll, and more than one lies beyond the recovery point.
      const configEntries = [{ name: 'segment.bytes', value: String(1024 * 1024) }]
      const described = [idempotent, plain].map((topic) => ({ topic, numPartitions: partitions, configEntries }))
      await admin.createTopics({ topics: described })
    })
    const compression = compressions[this.#seed % compressions.length]!
    this.#load = new LoadClient(this.#broker.bootstrap, { ...topics, compression })
    await this.#load.acknowledgements(1)
  }

  /** Load, an acknowledged change of topics, the end of the process in one of several ways, and a new start. */
  async round(round: number): Promise<void> {
    const load = this.#load!
    load.moment = `round ${round}`
    await load.acknowledgements(this.#random.below(2500))
    if (round % 2 === 0) await this.#changeTopics(round)
    if (round % 3 === 0) await load.resumedGroup()
    if (round % 7 === 0) await this.#stopCleanly()
    else await this.#kill()
    // Sometimes the new process dies while it starts.
    while (this.#random.below(4) === 0) {
      await this.#broker.startAndKillAfter(this.#random.below(350))
      this.#kills++
    }
    await this.#broker.restart()
  }

  async finish(rounds: number): Promise<CrashReport> {
    const load = this.#load!
    load.moment = 'after the last round'
    await load.acknowledgements(500)
    await load.finish()
    await this.#checkTopics()
    for (const topic of [topics.idempotent, topics.plain]) await this.#checkLog(topic)
    const failures = [...this.#failures, ...load.givenUp, ...load.wrongResumes, ...load.readAgain]
    return {
      seed: this.#seed,
      rounds,
      kills: this.#kills,
      cleanStops: this.#cleanStops,
      acknowledged: load.acknowledged.length,
      groupReads: load.groupReadCount,
      resumes: load.resumeCount,
      failures: failures.map((failure) => `seed ${this.#seed}: ${failure}`),
    }
  }

  close(): void {
    this.#load?.kill()
  }

  async #kill(): Promise<void> {
    await this.#broker.kill()
    this.#kills++
  }

  async #stopCleanly(): Promise<void> {
    const code = await this.#broker.stop()
    this.#cleanStops++
    if (code !== 0) this.#failures.push(`${this.#load!.moment}: SIGTERM ended with ${code}`)
    if (!existsSync(join(this.#broker.directory, '.kafka_cleanshutdown')))
      this.#failures.push(`${this.#load!.moment}: SIGTERM left no mark of a clean shutdown`)
  }

  async #administer(use: (admin: Admin) => Promise<void>): Promise<void> {
    const admin = new Kafka({
      brokers: [this.#broker.bootstrap],
      logLevel: logLevel.NOTHING,
      connectionTimeout: 30_000,
    }).admin()
    await admin.connect()
    try {
      await use(admin)
    } finally {
      await admin.disconnect()
    }
  }

  async #changeTopics(round: number): Promise<void> {
    await this.#administer(async (admin) => {
      const topic = `round-${round}`
      await admin.createTopics({ topics: [{ topic, configEntries: [{ name: 'retention.ms', value: '12345' }] }] })
      this.#existing.add(topic)
      const oldest = this.#existing.size > 3 ? [...this.#existing][0]! : undefined
      if (oldest === undefined) return
      await admin.deleteTopics({ topics: [oldest] })
      this.#existing.delete(oldest)
      this.#deleted.add(oldest)
    })
  }

  async #checkTopics(): Promise<void> {
    await this.#administer(async (admin) => {
      const found = new Set(await admin.listTopics())
      for (const topic of this.#existing)
        if (!found.has(topic)) this.#failures.push(`topic ${topic} was created and is gone`)
      for (const topic of this.#deleted)
        if (found.has(topic)) this.#failures.push(`topic ${topic} was deleted and is back`)
    })
  }

  async #checkLog(topic: string): Promise<void> {
    const acknowledged = this.#load!.acknowledged.filter((record) => record.topic === topic)
    const logs = await readTopic(this.#broker.bootstrap, topic, topics.partitions)
    for (let partition = 0; partition < topics.partitions; partition++) {
      const records = logs.get(partition) ?? []
      const own = acknowledged.filter((record) => record.partition === partition)
      const failures = [
        ...missing(records, own),
        ...disorder(records, topic === topics.idempotent ? topics.partitions : undefined),
      ]
      for (const failure of failures) this.#failures.push(`${topic}-${partition}: ${failure}`)
    }
  }
}

type Records = readonly (readonly [offset: number, sequence: number])[]

/** Acknowledged records that are not where the answer said. */
export function missing(records: Records, acknowledged: readonly Acknowledged[]): string[] {
  const sequences = new Map(records)
  const failures: string[] = []
  for (const { offset, sequence } of acknowledged) {
    const found = sequences.get(offset)
    if (found !== sequence) failures.push(`record ${sequence} was acknowledged at ${offset}, where ${found} is`)
  }
  return failures
}

/**
 * Offsets must follow one another. With a `step` every sequence number is there once, each `step` after the one before;
 * without, a number may come again (a repeated send) but none comes for the first time after a higher one.
 */
export function disorder(records: Records, step: number | undefined): string[] {
  const failures: string[] = []
  let highest = -1
  for (const [index, [offset, sequence]] of records.entries()) {
    const previous = records[index - 1]
    if (previous !== undefined && offset !== previous[0] + 1) failures.push(`offset ${offset} follows ${previous[0]}`)
    if (step !== undefined && previous !== undefined && sequence !== previous[1] + step)
      failures.push(`record ${sequence} at ${offset} follows record ${previous[1]}`)
    highest = Math.max(highest, sequence)
  }
  if (step !== undefined) return failures
  const seen = new Set<number>()
  highest = -1
  for (const [offset, sequence] of records) {
    if (!seen.has(sequence) && sequence < highest)
      failures.push(`record ${sequence} at ${offset} comes after ${highest}`)
    seen.add(sequence)
    highest = Math.max(highest, sequence)
  }
  return failures
}
