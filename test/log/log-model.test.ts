/**
 * Random operations on a log and on its model, with crashes in between: what was flushed survives the loss of power, what
 * was written survives the end of the process, what survives is a prefix, and every view of the log (reads, producers,
 * transactions, timestamps) is that of the model. A failing seed replays: `LOG_SEED=17 npx vitest run test/log/log-model`.
 */
import { describe, expect, test } from 'vitest'
import type { PartitionLog } from '../../src/log/partition-log.ts'
import { ProducerState } from '../../src/log/producer-state.ts'
import { buildBatch } from '../../src/protocol/record/batch-builder.ts'
import * as batch from '../../src/protocol/record/batch-header.ts'
import { buildTransactionMarker } from '../../src/protocol/record/control-record.ts'
import { LogHarness } from './log-harness.ts'
import { errorOf, LogModel, type ModelAborted, type ModelBatch } from './log-model.ts'

const seedsCount = Number(process.env.LOG_SEEDS ?? 150)
const operationsPerSeed = 120
let recallsCount = 0

class Run {
  readonly harness: LogHarness
  readonly model = new LogModel()
  log!: PartitionLog
  /** Offsets below survive the end of the process, and the loss of power. */
  writtenOffset = 0
  flushedOffset = 0
  /** As the log manager's checkpoints would have them. */
  recoveryPointCheckpoint = 0
  logStartCheckpoint = 0
  #epoch = 0
  readonly trace: string[] = []

  constructor(seed: number) {
    this.harness = new LogHarness(
      {
        segmentBytes: 600 + (seed % 7) * 300,
        indexIntervalBytes: seed % 3 === 0 ? 0 : 150,
        flushMessages: seed % 5 === 0 ? 3 : Number.MAX_SAFE_INTEGER,
        retentionMs: -1,
        retentionBytes: seed % 4 === 0 ? 2500 : -1,
        fileDeleteDelayMs: 100,
      },
      seed,
    )
  }

  get random() {
    return this.harness.random
  }

  async start(): Promise<void> {
    await this.harness.makeRoot()
    await this.open(false)
  }

  async open(hadCleanShutdown: boolean): Promise<void> {
    this.log = await this.harness.open({
      recoveryPoint: this.recoveryPointCheckpoint,
      logStartOffset: this.logStartCheckpoint,
      highWatermark: this.model.endOffset,
      hadCleanShutdown,
      onTruncated: async () => {
        this.recoveryPointCheckpoint = Math.min(this.recoveryPointCheckpoint, this.log.recoveryPoint)
        this.logStartCheckpoint = Math.min(this.logStartCheckpoint, this.log.logStartOffset)
      },
    })
  }

  async step(): Promise<void> {
    const choice = this.random.integer(100)
    const { logStartOffset, logEndOffset, nextOffset, flushedOffset, recoveryPoint } = this.log
    this.trace.push(
      `${choice}: ${logStartOffset} flushed ${recoveryPoint}/${flushedOffset} written ${logEndOffset} next ${nextOffset} (checkpoint ${this.recoveryPointCheckpoint})`,
    )
    if (choice < 30) this.appendPlain()
    else if (choice < 46) await this.appendIdempotent()
    else if (choice < 54) this.appendTransactional()
    else if (choice < 60) this.appendRefused()
    else if (choice < 68) await this.settle()
    else if (choice < 72) await this.flush()
    else if (choice < 74) this.log.roll()
    else if (choice < 78) await this.checkRead(this.random.integer(this.model.endOffset + 2))
    else if (choice < 80) await this.checkTimestamp()
    else if (choice < 82) await this.checkAborted()
    else if (choice < 84) await this.retain()
    else if (choice < 86) await this.truncate()
    else if (choice < 88) this.#epoch++
    else if (choice < 90) this.harness.clock.advance(this.random.integer(500))
    else if (choice < 92) await this.restartCleanly()
    else if (choice < 96) await this.crash('process')
    else await this.crash('power')
  }

  appendPlain(): void {
    const records = this.#records(1 + this.random.integer(4))
    this.#append(buildBatch({ timestamp: this.#timestamp(), records }))
  }

  async appendIdempotent(): Promise<void> {
    const producerId = BigInt(this.random.integer(4))
    const last = this.#lastOf(producerId)
    if (last?.isTransactional) return
    const repeats = last !== undefined && this.#isVisible(last) && this.random.integer(3) === 0
    if (repeats) await this.#appendRepeated(this.#oneOfLastFive(last))
    else this.#append(this.#next(producerId, last, false))
  }

  appendTransactional(): void {
    const producerId = BigInt(10 + this.random.integer(3))
    const last = this.#lastOf(producerId)
    const isOpen = this.model.openTransactions(this.log.logStartOffset).has(producerId)
    if (!isOpen || this.random.integer(2) === 0) {
      this.#append(this.#next(producerId, last, true))
      return
    }
    const isCommit = this.random.integer(2) === 0
    const marker = buildTransactionMarker({
      producerId,
      producerEpoch: batch.producerEpoch(last!.bytes, 0),
      isCommit,
      coordinatorEpoch: 0,
      timestamp: this.harness.clock.now(),
    })
    this.#append(marker, isCommit ? 'commit' : 'abort')
  }

  /** What must be refused, and changes nothing. */
  appendRefused(): void {
    const last = this.#lastOf(BigInt(this.random.integer(4)))
    if (last === undefined || !this.#isVisible(last)) return
    const gap = Buffer.from(this.#next(last.producerId, last, false))
    const sequence = batch.baseSequence(gap, 0)
    gap.writeInt32BE(sequence + 1, batch.baseSequencePosition)
    expect(errorOf(() => this.#appendTo(gap))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    const epoch = batch.producerEpoch(last.bytes, 0)
    if (epoch === 0) return
    const stale = Buffer.from(gap)
    stale.writeInt16BE(epoch - 1, batch.producerEpochPosition)
    expect(errorOf(() => this.#appendTo(stale))).toBe('INVALID_PRODUCER_EPOCH')
  }

  async settle(): Promise<void> {
    await this.harness.drive(this.log.whenWritten())
    expect(this.log.logEndOffset).toBe(this.model.endOffset)
    this.#note()
    this.log.updateHighWatermark(this.log.logEndOffset)
    // Of a transaction that began below the log start, a log that was opened anew may know only the later part.
    const possible = [0, this.log.logStartOffset].map((fromOffset) => {
      const open = Math.min(...this.model.openTransactions(fromOffset).values())
      return Math.max(Math.min(open, this.log.highWatermark), this.log.logStartOffset)
    })
    expect(possible).toContain(this.log.lastStableOffset)
  }

  async flush(): Promise<void> {
    await this.harness.drive(this.log.flush())
    this.#note()
    if (this.random.integer(2) === 0) this.recoveryPointCheckpoint = this.log.recoveryPoint
  }

  async retain(): Promise<void> {
    await this.settle()
    const offset = this.log.logStartOffset + this.random.integer(this.model.endOffset - this.log.logStartOffset + 1)
    if (this.random.integer(2) === 0) this.log.advanceLogStartOffset(offset)
    await this.harness.drive(this.log.deleteOldSegments(this.harness.clock.now()))
    this.model.logStartOffset = this.log.logStartOffset
    this.logStartCheckpoint = this.log.logStartOffset
  }

  async truncate(): Promise<void> {
    await this.settle()
    const candidates = this.#visible().slice(-8)
    const offset = candidates[this.random.integer(candidates.length + 1)]?.baseOffset ?? this.model.endOffset
    if (this.random.integer(20) === 0) await this.#startOver(this.model.endOffset + this.random.integer(10))
    else await this.harness.drive(this.log.truncateTo(offset))
    this.model.truncateTo(this.log.nextOffset)
    this.writtenOffset = Math.min(this.writtenOffset, offset)
    this.flushedOffset = Math.min(this.flushedOffset, offset)
    this.#checkProducers()
  }

  async restartCleanly(): Promise<void> {
    await this.harness.drive(this.log.close())
    expect([...this.harness.disk.openPaths.values()]).toEqual([])
    this.#note()
    this.recoveryPointCheckpoint = this.log.recoveryPoint
    await this.open(true)
    expect(this.log.nextOffset).toBe(this.model.endOffset)
    await this.#checkAll()
  }

  async crash(kind: 'process' | 'power'): Promise<void> {
    await this.#dieSomewhere()
    this.harness.crash(kind)
    const floor = this.model.batchesEndBelow(kind === 'process' ? this.writtenOffset : this.flushedOffset)
    await this.open(false)
    const endOffset = this.log.logEndOffset
    expect(endOffset, 'what was promised survives').toBeGreaterThanOrEqual(floor)
    expect(endOffset, 'nothing is made up').toBeLessThanOrEqual(this.model.endOffset)
    this.model.truncateTo(endOffset)
    this.model.endOffset = endOffset
    this.recoveryPointCheckpoint = Math.min(this.recoveryPointCheckpoint, endOffset)
    this.writtenOffset = endOffset
    this.flushedOffset = Math.min(this.flushedOffset, endOffset)
    this.log.updateHighWatermark(endOffset)
    await this.#checkAll()
  }

  async checkRead(offset: number): Promise<void> {
    await this.settle()
    const { logEndOffset } = this.log
    const upToOffset = this.random.integer(2) === 0 ? logEndOffset : this.random.integer(logEndOffset + 1)
    const options = { upToOffset, minOneBatch: this.random.integer(2) === 0 }
    const sizeMax = this.random.integer(1500)
    if (offset < this.log.logStartOffset || offset > this.log.logEndOffset) {
      expect(errorOf(() => this.log.read(offset, sizeMax, options))).toBe('OFFSET_OUT_OF_RANGE')
      return
    }
    const result = await this.harness.drive(this.log.read(offset, sizeMax, options))
    const bytes = await this.harness.drive(result.readAll())
    expect(bytes.length).toBe(result.sizeInBytes)
    const first = this.model.batchAt(offset)
    const isHidden = first === undefined || first.lastOffset >= upToOffset || offset >= upToOffset
    if (isHidden || (first.bytes.length > sizeMax && !options.minOneBatch)) {
      expect(bytes.length).toBe(0)
      return
    }
    expect(bytes.length).toBeGreaterThanOrEqual(first.bytes.length)
    if (bytes.length > first.bytes.length) expect(bytes.length).toBeLessThanOrEqual(sizeMax)
    const from = this.model.batches.indexOf(first)
    let expected = Buffer.alloc(0)
    for (let index = from; expected.length < bytes.length; index++) {
      const { bytes: stored, lastOffset } = this.model.batches[index]!
      expect(lastOffset, 'nothing at or above the end').toBeLessThan(upToOffset)
      expected = Buffer.concat([expected, stored])
    }
    expect(bytes.equals(expected), `a read from ${offset}`).toBe(true)
  }

  async checkTimestamp(): Promise<void> {
    await this.settle()
    const timestamp = this.harness.clock.now() - this.random.integer(3000)
    const found = await this.harness.drive(this.log.findOffsetByTimestamp(timestamp))
    expect(found?.offset).toBe(this.model.offsetByTimestamp(timestamp))
    const latest = await this.harness.drive(this.log.findMaxTimestamp())
    const max = Math.max(...this.#visible().map(({ maxTimestamp }) => maxTimestamp))
    if (this.#visible().length > 0) expect(Number(latest?.timestamp)).toBe(max)
  }

  async checkAborted(): Promise<void> {
    await this.settle()
    const from = this.log.logStartOffset + this.random.integer(this.model.endOffset - this.log.logStartOffset + 1)
    const to = from + this.random.integer(this.model.endOffset - from + 1)
    const upTo = Math.min(to, this.log.lastStableOffset)
    const found = await this.harness.drive(this.log.abortedTransactions(from, upTo))
    const expected = this.model
      .abortedTransactions()
      .filter(({ firstOffset, lastOffset }) => lastOffset >= from && firstOffset < upTo)
    const { logStartOffset } = this.log
    const known = ({ firstOffset }: ModelAborted) => firstOffset >= logStartOffset
    const named = found.map(({ producerId, firstOffset, lastOffset }) => ({ producerId, firstOffset, lastOffset }))
    expect(named).toEqual(expect.arrayContaining(expected.filter(known)))
    expect(expected.map(({ lastOffset }) => lastOffset)).toEqual(
      expect.arrayContaining(named.map(({ lastOffset }) => lastOffset)),
    )
  }

  /** Sometimes the machine dies in the middle of a write, a roll, a flush or a retention run. */
  async #dieSomewhere(): Promise<void> {
    if (this.random.integer(3) === 0) return
    for (let count = this.random.integer(6); count > 0; count--) this.appendPlain()
    this.harness.disk.dieAfter(this.random.integer(20))
    const choice = this.random.integer(3)
    const task = choice === 0 ? this.log.whenWritten() : choice === 1 ? this.log.flush() : this.#retainAndFlush()
    const result = await this.harness.drive(
      Promise.resolve(task).then(
        () => 'done',
        () => 'died',
      ),
    )
    if (result === 'done' && !this.harness.disk.isDead) this.#note()
    this.writtenOffset = Math.max(this.writtenOffset, this.log.logEndOffset)
    this.flushedOffset = Math.max(this.flushedOffset, this.log.flushedOffset)
    this.model.logStartOffset = this.log.logStartOffset
  }

  async #retainAndFlush(): Promise<void> {
    await this.log.whenWritten()
    this.log.updateHighWatermark(this.log.logEndOffset)
    await this.log.deleteOldSegments(this.harness.clock.now())
    await this.log.flush()
  }

  async #startOver(offset: number): Promise<void> {
    await this.harness.drive(this.log.truncateFullyAndStartAt(offset))
    this.model.batches = []
    this.model.endOffset = offset
    this.model.logStartOffset = offset
    this.logStartCheckpoint = offset
    this.recoveryPointCheckpoint = Math.min(this.recoveryPointCheckpoint, offset)
    await this.flush()
  }

  async #checkAll(): Promise<void> {
    expect(this.log.logStartOffset).toBeGreaterThanOrEqual(this.logStartCheckpoint)
    this.model.logStartOffset = this.log.logStartOffset
    this.#checkProducers()
    await this.settle()
    let offset = this.log.logStartOffset
    while (offset < this.log.logEndOffset) {
      const bytes = await this.harness.drive(this.log.readBatches(offset, this.log.logEndOffset, 1))
      if (bytes.length === 0) break
      const expected = this.model.batchAt(offset)
      expect(expected !== undefined && bytes.equals(expected.bytes), `the batch at ${offset}`).toBe(true)
      offset = batch.nextOffset(bytes, 0)
    }
    expect(this.model.batchAt(offset), 'nothing is left out').toBe(undefined)
    this.#checkEpochs()
  }

  /** Producers whose batches are all there still are as a replay from nothing makes them. */
  #checkProducers(): void {
    const scratch = new ProducerState()
    for (const { bytes } of this.model.batches) scratch.replay(bytes, 0)
    const known = new Map([...this.log.activeProducers()].map((entry) => [entry.producerId, entry]))
    for (const expected of scratch.producers) {
      const batches = this.model.batches.filter(({ producerId }) => producerId === expected.producerId)
      if (batches.some(({ baseOffset }) => baseOffset < this.log.logStartOffset)) continue
      const actual = known.get(expected.producerId)
      expect(actual, `producer ${expected.producerId}`).toMatchObject({
        producerEpoch: expected.producerEpoch,
        lastSequence: expected.lastSequence,
        lastOffset: expected.lastOffset,
        lastTimestamp: expected.lastTimestamp,
        coordinatorEpoch: expected.coordinatorEpoch,
        transactionFirstOffset: expected.transactionFirstOffset,
      })
    }
  }

  #checkEpochs(): void {
    const first = this.#visible()[0]
    for (const { bytes, baseOffset } of this.#visible()) {
      const epoch = batch.leaderEpoch(bytes, 0)
      expect(this.log.epochForOffset(Math.max(baseOffset, this.log.logStartOffset)), `epoch at ${baseOffset}`).toBe(
        epoch,
      )
    }
    if (first === undefined) return
    for (const { startOffset } of this.log.epochs) expect(startOffset).toBeLessThanOrEqual(this.log.nextOffset)
  }

  #visible(): ModelBatch[] {
    return this.model.batches.filter(({ lastOffset }) => lastOffset >= this.log.logStartOffset)
  }

  #note(): void {
    this.writtenOffset = this.log.logEndOffset
    this.flushedOffset = this.log.flushedOffset
    expect(this.log.recoveryPoint).toBeLessThanOrEqual(this.log.flushedOffset)
    expect(this.log.flushedOffset).toBeLessThanOrEqual(this.log.logEndOffset)
  }

  #append(bytes: Buffer, marker?: 'commit' | 'abort'): void {
    const expected = this.model.endOffset
    const result = this.#appendTo(bytes, marker !== undefined)
    expect(result).toMatchObject({ baseOffset: expected, isDuplicate: false })
    this.model.add(bytes, marker)
  }

  #appendTo(bytes: Buffer, isMarker = false) {
    return this.log.append(bytes, { leaderEpoch: this.#epoch, origin: isMarker ? 'coordinator' : 'client' })
  }

  /** A producer may send its last five batches again; the log may have to be read for what was forgotten. */
  async #appendRepeated({ bytes, baseOffset, lastOffset }: ModelBatch): Promise<void> {
    for (;;) {
      const repeated = Buffer.from(bytes)
      const refusal = errorOf(() => {
        const result = this.#appendTo(repeated)
        expect(result).toMatchObject({ baseOffset, lastOffset, isDuplicate: true })
      })
      if (refusal === undefined) return
      const recall = this.log.producerRecall.maybeRecall(repeated)
      expect([refusal, recall === undefined], `the batch at ${baseOffset}`).toEqual([
        'OUT_OF_ORDER_SEQUENCE_NUMBER',
        false,
      ])
      recallsCount++
      await this.harness.drive(recall!)
    }
  }

  #oneOfLastFive(last: ModelBatch): ModelBatch {
    const epoch = batch.producerEpoch(last.bytes, 0)
    const mine = this.#visible().filter(
      (each) => each.producerId === last.producerId && batch.producerEpoch(each.bytes, 0) === epoch,
    )
    const candidates = mine.filter((each) => this.#isVisible(each)).slice(-5)
    return candidates[this.random.integer(candidates.length)]!
  }

  #next(producerId: bigint, last: ModelBatch | undefined, isTransactional: boolean): Buffer {
    // A transactional producer that saw a marker goes on counting: the marker has no sequence.
    const lastData = this.model.batches.findLast((each) => each.producerId === producerId && each.marker === undefined)
    const isKnown = lastData !== undefined && this.#isVisible(lastData)
    const raisesEpoch = last !== undefined && (!isKnown || (!isTransactional && this.random.integer(8) === 0))
    const lastEpoch = last === undefined ? 0 : batch.producerEpoch(last.bytes, 0)
    const continues = last !== undefined && !raisesEpoch
    return buildBatch({
      timestamp: this.#timestamp(),
      producerId,
      producerEpoch: lastEpoch + (raisesEpoch ? 1 : 0),
      baseSequence: continues && lastData !== undefined ? batch.lastSequence(lastData.bytes, 0) + 1 : 0,
      isTransactional,
      records: this.#records(1 + this.random.integer(3)),
    })
  }

  #lastOf(producerId: bigint): ModelBatch | undefined {
    return this.model.batches.findLast((each) => each.producerId === producerId)
  }

  /** Below the log start offset a producer may or may not be known. */
  #isVisible({ baseOffset }: ModelBatch): boolean {
    return baseOffset >= this.log.logStartOffset
  }

  #records(count: number) {
    return Array.from({ length: count }, () => ({
      value: Buffer.alloc(this.random.integer(60), this.random.integer(256)),
    }))
  }

  #timestamp(): number {
    this.harness.clock.advance(this.random.integer(20))
    return this.harness.clock.now() - this.random.integer(200)
  }
}

const only = process.env.LOG_SEED

describe('a log does what its model does', () => {
  const seeds = only === undefined ? Array.from({ length: seedsCount }, (_, index) => index) : [Number(only)]
  test.each(seeds)('seed %i', async (seed) => {
    const run = new Run(seed)
    await run.start()
    try {
      for (let index = 0; index < operationsPerSeed; index++) await run.step()
      await run.restartCleanly()
    } catch (error) {
      ;(error as Error).message += `\nlast operations:\n${run.trace.slice(-12).join('\n')}`
      throw error
    }
  })

  test('and forgotten batches were among those that came again', () => {
    if (only === undefined) expect(recallsCount).toBeGreaterThan(Math.floor(seedsCount / 20) - 1)
  })
})
