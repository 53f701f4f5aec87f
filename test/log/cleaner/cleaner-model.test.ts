/**
 * Random updates, tombstones, transactions, truncations, reads, restarts and crashes with cleanings under way: the view by
 * key is the model's at every reading. A failing seed replays: `CLEANER_SEED=17 npx vitest run test/log/cleaner/cleaner-model`.
 */
import { describe, expect, test } from 'vitest'
import type { NewBatch } from '../../../src/protocol/record/batch-builder.ts'
import * as batch from '../../../src/protocol/record/batch-header.ts'
import type { CompressionType } from '../../../src/protocol/record/compression.ts'
import { buildTransactionMarker } from '../../../src/protocol/record/control-record.ts'
import { decodeRecords } from '../../../src/protocol/record/record.ts'
import { batchOf, CleanerHarness, codecs } from './cleaner-harness.ts'
import { KeyedModel, type KeyedRecord } from './keyed-model.ts'

const seedsCount = Number(process.env.CLEANER_SEEDS ?? 60)
const stepsPerSeed = 150
const plainProducers = [1n, 2n, 3n]
const transactionalProducers = [11n, 12n, 13n]

class Run {
  readonly harness: CleanerHarness
  readonly model = new KeyedModel()
  #cleaning: Promise<number> | undefined
  cleaningsCount = 0
  isTorn = false

  constructor(seed: number) {
    this.harness = new CleanerHarness(
      {
        segmentBytes: 350 + (seed % 5) * 250,
        indexIntervalBytes: seed % 3 === 0 ? 0 : 150,
        flushMessages: seed % 4 === 0 ? 3 : Number.MAX_SAFE_INTEGER,
        deleteRetentionMs: [0, 300, 5000][seed % 3]!,
        minCompactionLagMs: seed % 5 === 0 ? 200 : 0,
      },
      seed,
    )
    const dedupeBufferBytes = seed % 4 === 1 ? 24 * 6 : 24 * 1000
    this.harness.settings = { ...this.harness.settings, dedupeBufferBytes }
  }

  async start(): Promise<void> {
    await this.harness.makeRoot()
    await this.harness.begin()
  }

  async step(): Promise<void> {
    const choice = this.#random.integer(100)
    if (choice < 30) this.#appendPlain()
    else if (choice < 38) this.#appendIdempotent()
    else if (choice < 54) this.#appendTransactional()
    else if (choice < 64) await this.harness.settle()
    else if (choice < 70) this.harness.log.roll()
    else if (choice < 74) await this.#truncate()
    else if (choice < 78) this.harness.clock.advance(this.#random.integer(400))
    else if (choice < 86) this.#startCleaning()
    else if (choice < 88) await this.#finishCleaning()
    else if (choice < 95) await this.#checkRead()
    else if (choice < 97) await this.#restart()
    else await this.#crash(choice === 97 ? 'process' : 'power')
  }

  /** All transactions end, all is cleaned: the view is right, and each key is there once. */
  async finish(): Promise<void> {
    for (const producerId of this.model.openTransactions()) this.#appendMarker(producerId, true)
    for (let round = 0; round < 3; round++) {
      this.#append(['last=1'])
      this.harness.log.roll()
      await this.harness.settle()
      this.harness.clock.advance(10_000)
      await this.#finishCleaning()
      this.cleaningsCount += await this.harness.clean()
    }
    await this.#checkView(0)
    const stored = (await this.harness.records()).map((text) => text.split(/[ =]/)[1])
    expect(stored.sort(), 'each key once').toEqual([...new Set(stored)].sort())
    const live = [...this.model.latest(this.model.endOffset).values()].filter(({ value }) => value !== undefined)
    expect(stored.length, 'no tombstone is left').toBe(live.length)
  }

  get #random() {
    return this.harness.random
  }

  #appendPlain(): void {
    const compressionType = (this.#random.integer(3) === 0 ? 1 : 0) as CompressionType
    this.#append(this.#records(), { compressionType })
  }

  #appendIdempotent(): void {
    this.#appendBy(plainProducers[this.#random.integer(3)]!, false)
  }

  #appendTransactional(): void {
    const producerId = transactionalProducers[this.#random.integer(3)]!
    const isOpen = this.model.openTransactions().has(producerId)
    if (isOpen && this.#random.integer(2) === 0) this.#appendMarker(producerId, this.#random.integer(2) === 0)
    else this.#appendBy(producerId, true)
  }

  #appendBy(producerId: bigint, isTransactional: boolean): void {
    const baseSequence = this.model.lastSequence(producerId) + 1
    this.#append(this.#records(), { producerId, producerEpoch: 0, baseSequence, isTransactional })
  }

  #appendMarker(producerId: bigint, isCommit: boolean): void {
    const timestamp = this.harness.clock.now()
    const bytes = buildTransactionMarker({ producerId, producerEpoch: 0, isCommit, coordinatorEpoch: 0, timestamp })
    const baseOffset = this.harness.append1(bytes, 'coordinator')
    this.model.add({
      baseOffset,
      lastOffset: baseOffset,
      records: [],
      producerId,
      lastSequence: -1,
      isTransactional: true,
      marker: isCommit ? 'commit' : 'abort',
    })
  }

  #append(texts: readonly string[], fields: Partial<NewBatch> = {}): void {
    const bytes = batchOf(texts, { timestamp: this.harness.clock.now(), ...fields })
    const baseOffset = this.harness.append1(bytes)
    expect(baseOffset).toBe(this.model.endOffset)
    this.model.add({
      baseOffset,
      lastOffset: baseOffset + texts.length - 1,
      records: texts.map((text, index) => {
        const [key, value] = text.split('=')
        return { offset: baseOffset + index, key: key!, value }
      }),
      producerId: fields.producerId ?? -1n,
      lastSequence: (fields.baseSequence ?? 0) + texts.length - 1,
      isTransactional: fields.isTransactional ?? false,
      marker: undefined,
    })
  }

  #records(): string[] {
    return Array.from({ length: 1 + this.#random.integer(4) }, () => {
      const key = `k${this.#random.integer(this.#random.integer(2) === 0 ? 5 : 30)}`
      return this.#random.integer(5) === 0
        ? key
        : `${key}=${'v'.repeat(this.#random.integer(30))}${this.model.endOffset}`
    })
  }

  #startCleaning(): void {
    this.#cleaning ??= this.harness.cleaner.cleanAll().finally(() => {
      this.#cleaning = undefined
    })
  }

  async #finishCleaning(): Promise<void> {
    if (this.#cleaning !== undefined) this.cleaningsCount += await this.harness.drive(this.#cleaning)
  }

  /** Never below the high watermark, as in Kafka: what was committed stays. */
  async #truncate(): Promise<void> {
    await this.harness.settle()
    const floor = this.harness.log.highWatermark
    for (let count = this.#random.integer(4); count > 0; count--) {
      this.#appendPlain()
      if (this.#random.integer(2) === 0) this.harness.log.roll()
    }
    await this.harness.drive(this.harness.log.whenWritten())
    const offset = floor + this.#random.integer(this.model.endOffset - floor + 1)
    await this.harness.drive(this.harness.log.truncateTo(offset))
    this.model.truncateTo(this.harness.log.nextOffset)
    await this.harness.settle()
  }

  async #restart(): Promise<void> {
    await this.harness.settle()
    await this.harness.restartCleanly()
    expect(this.harness.log.logEndOffset).toBe(this.model.endOffset)
    this.#checkProducers()
    await this.#checkView(0)
  }

  async #crash(kind: 'process' | 'power'): Promise<void> {
    const { harness } = this
    if (this.#random.integer(4) > 0) {
      this.#startCleaning()
      harness.disk.dieAfter(this.#random.integer(60))
      await harness.drive(this.#cleaning!)
    }
    const { flushedOffset, logEndOffset } = harness.log
    await harness.restartAfterCrash(kind)
    this.#cleaning = undefined
    const floor = kind === 'process' ? logEndOffset : flushedOffset
    expect(harness.log.logEndOffset, 'what was promised survives').toBeGreaterThanOrEqual(floor)
    this.isTorn = await this.#hasGap(floor)
    if (this.isTorn) return
    this.model.truncateTo(harness.log.logEndOffset)
    await harness.settle()
    this.#checkProducers()
    await this.#checkView(0)
  }

  /**
   * A compacted log may have gaps, so that recovery cannot tell what compaction took from what a loss of power took: of
   * what was not flushed, batches may be there that came after lost ones.
   */
  async #hasGap(floor: number): Promise<boolean> {
    const left = new Set(await this.harness.baseOffsets())
    const lost = this.model.batches.find(({ baseOffset, lastOffset }) => lastOffset >= floor && !left.has(baseOffset))
    return lost !== undefined && this.harness.log.logEndOffset > lost.baseOffset
  }

  #checkProducers(): void {
    const known = new Map([...this.harness.log.activeProducers()].map((each) => [each.producerId, each]))
    for (const producerId of [...plainProducers, ...transactionalProducers]) {
      const lastSequence = this.model.lastSequence(producerId)
      if (lastSequence >= 0) expect(known.get(producerId)?.lastSequence, `producer ${producerId}`).toBe(lastSequence)
    }
    const open = [...known.values()].filter((each) => each.transactionFirstOffset >= 0)
    expect(new Set(open.map(({ producerId }) => producerId))).toEqual(this.model.openTransactions())
  }

  async #checkRead(): Promise<void> {
    await this.harness.settle()
    await this.#checkView(this.#random.integer(this.harness.log.lastStableOffset + 1))
  }

  /** A read_committed consumer that starts at `fromOffset` while things go on. */
  async #checkView(fromOffset: number): Promise<void> {
    const endOffset = this.harness.log.lastStableOffset
    const isCleaned = this.#cleaning !== undefined
    const found = new Map<number, KeyedRecord>()
    for (let offset = fromOffset; offset < endOffset; ) offset = await this.#readSome(offset, endOffset, found)
    for (const { offset, key, value } of found.values()) {
      expect(this.model.record(offset), `the record at ${offset}`).toEqual({ offset, key, value })
    }
    for (const record of this.model.latest(endOffset).values()) {
      const isSeen = record.offset >= fromOffset && record.value !== undefined
      if (isSeen) expect(found.get(record.offset), `the last record of ${record.key}`).toEqual(record)
    }
    const view = new Map<string, string | undefined>()
    for (const { key, value } of found.values()) view.set(key, value)
    const latest = this.model.latest(endOffset)
    for (const [key, value] of view) {
      // A tombstone may go while a reader is on its way to it: that is what delete.retention.ms is for.
      const mayBeGone = isCleaned && latest.get(key)?.value === undefined
      if (!mayBeGone) expect(value, `the value of ${key}`).toBe(latest.get(key)?.value)
    }
  }

  /** Returns where to go on. */
  async #readSome(offset: number, endOffset: number, found: Map<number, KeyedRecord>): Promise<number> {
    const { log } = this.harness
    const bytes = await this.harness.drive(log.readBatches(offset, endOffset, this.#random.integer(1200)))
    if (bytes.length === 0) return endOffset
    let nextOffset = offset
    for (let at = 0; at < bytes.length; at += batch.batchSizeInBytes(bytes, at))
      nextOffset = batch.nextOffset(bytes, at)
    const aborted = await this.harness.drive(log.abortedTransactions(offset, nextOffset))
    for (let at = 0; at < bytes.length; at += batch.batchSizeInBytes(bytes, at)) {
      const producerId = batch.producerId(bytes, at)
      const baseOffset = batch.baseOffset(bytes, at)
      const isAborted = aborted.some(
        (each) => each.producerId === producerId && each.firstOffset <= baseOffset && each.lastOffset > baseOffset,
      )
      if (batch.isControl(bytes, at) || (batch.isTransactional(bytes, at) && isAborted)) continue
      for (const record of decodeRecords(bytes, at, codecs)) {
        if (record.offset < offset) continue
        const value = record.value === null ? undefined : `${record.value}`
        found.set(record.offset, { offset: record.offset, key: `${record.key}`, value })
      }
    }
    return nextOffset
  }
}

const only = process.env.CLEANER_SEED

describe('a compacted log says of each key what its model says', () => {
  const seeds = only === undefined ? Array.from({ length: seedsCount }, (_, index) => index) : [Number(only)]
  test.each(seeds)('seed %i', async (seed) => {
    const run = new Run(seed)
    await run.start()
    for (let step = 0; step < stepsPerSeed && !run.isTorn; step++) await run.step()
    if (run.isTorn) return
    await run.finish()
    expect(run.cleaningsCount).toBeGreaterThan(0)
    expect(run.harness.messages.filter((message) => message.includes('cannot be cleaned'))).toEqual([])
  })
})
