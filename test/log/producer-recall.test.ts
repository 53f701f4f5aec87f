// What a log remembers of a producer after it was opened anew: src/log/producer-recall.ts.
import { beforeEach, describe, expect, test } from 'vitest'
import type { LogConfig } from '../../src/config/log-config.ts'
import type { AppendResult } from '../../src/log/log-append.ts'
import type { PartitionLog } from '../../src/log/partition-log.ts'
import { recallBytesMax } from '../../src/log/producer-recall.ts'
import { KafkaError } from '../../src/protocol/errors.ts'
import { buildBatch } from '../../src/protocol/record/batch-builder.ts'
import { LogHarness, plainBatch } from './log-harness.ts'

const client = { leaderEpoch: 0, origin: 'client' } as const

let harness: LogHarness
let log: PartitionLog

async function start(config: Partial<LogConfig> = {}): Promise<void> {
  harness = new LogHarness(config)
  await harness.makeRoot()
  log = await harness.open()
}

beforeEach(() => start())

interface Numbered {
  readonly epoch?: number
  readonly producerId?: bigint
  readonly size?: number
}

/** Two records, so that sequences and batches are told apart. */
function numbered(baseSequence: number, { epoch = 0, producerId = 5n, size = 10 }: Numbered = {}): Buffer {
  const records = [{ value: Buffer.alloc(size) }, { value: Buffer.alloc(1) }]
  return buildBatch({ timestamp: 7, producerId, producerEpoch: epoch, baseSequence, records })
}

async function append(records: Buffer): Promise<AppendResult> {
  const result = log.append(records, client)
  await harness.drive(log.whenWritten())
  return result
}

/** As the produce handler does it. */
async function appendOrRecall(records: Buffer): Promise<AppendResult | string> {
  for (;;) {
    try {
      return log.append(records, client)
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      const recall = log.producerRecall.maybeRecall(records)
      if (recall === undefined) return error.error
      await harness.drive(recall)
    }
  }
}

async function restart(kind: 'clean' | 'process' | 'power' = 'clean', keepsCheckpoint = true): Promise<void> {
  const { recoveryPoint } = log
  if (kind === 'clean') await harness.drive(log.close())
  else harness.crash(kind)
  log = await harness.open({
    hadCleanShutdown: kind === 'clean',
    recoveryPoint: keepsCheckpoint ? recoveryPoint : 0,
  })
}

const duplicate = (baseOffset: number) => ({ baseOffset, lastOffset: baseOffset + 1, isDuplicate: true })

describe.each(['clean', 'process'] as const)('after a restart (%s)', (kind) => {
  test('the last five batches are known as repetitions, one after another as they come', async () => {
    for (let batch = 0; batch < 7; batch++) await append(numbered(batch * 2))
    await restart(kind)
    for (const offset of [4, 6, 8, 10, 12]) {
      expect(await appendOrRecall(numbered(offset))).toMatchObject(duplicate(offset))
    }
    expect(log.nextOffset).toBe(14)
    expect(await appendOrRecall(numbered(2))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(await appendOrRecall(numbered(14))).toMatchObject({ baseOffset: 14, isDuplicate: false })
  })

  test('in segments that were rolled in between', async () => {
    await start({ segmentBytes: 1024 })
    for (let batch = 0; batch < 5; batch++) {
      await append(numbered(batch * 2))
      await append(plainBatch(1, 7, 800))
    }
    await harness.drive(log.flush())
    expect(log.segmentsCount).toBe(5)
    await restart(kind)
    for (const batch of [0, 1, 2, 3, 4]) {
      expect(await appendOrRecall(numbered(batch * 2))).toMatchObject(duplicate(batch * 3))
    }
  })

  test('among those of others, far from the end, one producer apart from the other', async () => {
    for (let batch = 0; batch < 5; batch++) {
      for (const producerId of [5n, 6n, 7n]) await append(numbered(batch * 2, { producerId }))
      for (let count = 0; count < 10; count++) await append(plainBatch(1, 7, 40_000))
    }
    await restart(kind)
    for (const [place, producerId] of [6n, 5n, 7n].entries()) {
      const first = [2, 0, 4][place]!
      for (const batch of [0, 1, 2, 3, 4]) {
        const answer = await appendOrRecall(numbered(batch * 2, { producerId }))
        expect(answer).toMatchObject(duplicate(first + batch * 16))
      }
    }
  })
})

test('a follower that was restarted and leads knows them too', async () => {
  for (let batch = 0; batch < 5; batch++) {
    const bytes = numbered(batch * 2)
    bytes.writeBigInt64BE(BigInt(batch * 2), 0)
    log.appendAsFollower(bytes)
    await harness.drive(log.whenWritten())
    if (batch === 2) await restart()
  }
  for (const offset of [0, 2, 4, 6, 8]) expect(await appendOrRecall(numbered(offset))).toMatchObject(duplicate(offset))
})

test('what is appended after the restart counts among the five', async () => {
  for (let batch = 0; batch < 4; batch++) await append(numbered(batch * 2))
  await restart()
  for (let batch = 4; batch < 7; batch++) await append(numbered(batch * 2))
  expect(await appendOrRecall(numbered(2))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  for (const offset of [4, 6, 8, 10, 12])
    expect(await appendOrRecall(numbered(offset))).toMatchObject(duplicate(offset))
})

test('the batches before the one that was asked for are found when they are asked for', async () => {
  for (let batch = 0; batch < 5; batch++) await append(numbered(batch * 2))
  await restart()
  for (const offset of [6, 2, 4, 0]) expect(await appendOrRecall(numbered(offset))).toMatchObject(duplicate(offset))
})

test('those that ask at the same time wait for one search, and each gets its answer', async () => {
  for (let batch = 0; batch < 5; batch++) await append(numbered(batch * 2))
  await restart()
  const recalls = [0, 2, 4].map((sequence) => log.producerRecall.maybeRecall(numbered(sequence)))
  expect(new Set(recalls).size).toBe(1)
  expect(log.append(numbered(10), client).baseOffset).toBe(10)
  await harness.drive(recalls[0]!)
  for (const offset of [2, 4, 6, 8, 10]) expect(log.append(numbered(offset), client)).toMatchObject(duplicate(offset))
})

test('batches of an earlier epoch are not of this one', async () => {
  await append(numbered(0))
  await append(numbered(2))
  await append(numbered(0, { epoch: 1 }))
  await append(numbered(2, { epoch: 1 }))
  await restart()
  expect(await appendOrRecall(numbered(0, { epoch: 1 }))).toMatchObject(duplicate(4))
  expect(await appendOrRecall(numbered(2))).toBe('INVALID_PRODUCER_EPOCH')
  await restart()
  await append(numbered(0, { epoch: 2 }))
  expect(log.producerRecall.maybeRecall(numbered(2, { epoch: 1 }))).toBeUndefined()
  expect(log.producerRecall.maybeRecall(numbered(0x7fff_fff0, { epoch: 2 }))).toBeUndefined()
})

test('a batch with other sequences than any of the log is refused, and looked for once', async () => {
  for (let batch = 0; batch < 3; batch++) await append(numbered(batch * 2))
  await restart()
  // Begins in the middle of one.
  expect(await appendOrRecall(numbered(1))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  expect(log.producerRecall.maybeRecall(numbered(1))).toBeUndefined()
  expect(await appendOrRecall(numbered(0))).toMatchObject(duplicate(0))
})

test('a gap is refused without a look at the log', async () => {
  await append(numbered(0))
  await append(numbered(2))
  await restart()
  expect(log.producerRecall.maybeRecall(numbered(6))).toBeUndefined()
  expect(log.producerRecall.maybeRecall(numbered(0, { producerId: 9n }))).toBeUndefined()
  expect(log.producerRecall.maybeRecall(plainBatch(1, 7))).toBeUndefined()
})

test('sequences go on from 0 after 2^31-1', async () => {
  const start = 0x7fff_fffc
  for (let batch = 0; batch < 4; batch++) await append(numbered((start + batch * 2) & 0x7fff_ffff))
  await restart()
  for (let batch = 0; batch < 4; batch++) {
    const answer = await appendOrRecall(numbered((start + batch * 2) & 0x7fff_ffff))
    expect(answer).toMatchObject(duplicate(batch * 2))
  }
})

test('a log that was cut knows the batches before the cut', async () => {
  await start({ segmentBytes: 1024 })
  for (let batch = 0; batch < 30; batch++) await append(numbered(batch * 2))
  await harness.drive(log.truncateTo(44))
  for (const offset of [34, 36, 38, 40, 42]) {
    expect(await appendOrRecall(numbered(offset))).toMatchObject(duplicate(offset))
  }
})

test('what retention took is out of order', async () => {
  await start({ segmentBytes: 1024 })
  for (let batch = 0; batch < 2; batch++) await append(numbered(batch * 2))
  for (let count = 0; count < 3; count++) await append(plainBatch(1, 7, 900))
  await append(numbered(4))
  log.updateHighWatermark(log.logEndOffset)
  log.advanceLogStartOffset(6)
  await harness.drive(log.deleteOldSegments(harness.clock.now()))
  await harness.pass(120_000)
  await restart()
  expect(await appendOrRecall(numbered(0))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  expect(await appendOrRecall(numbered(4))).toMatchObject({ isDuplicate: true })
})

test('a search ends at its limit', async () => {
  const size = 100_000
  await append(numbered(0))
  for (let written = 0; written < recallBytesMax * 2; written += size) await append(plainBatch(1, 7, size))
  await append(numbered(2))
  await append(numbered(4))
  await restart()
  expect(await appendOrRecall(numbered(0))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  expect(await appendOrRecall(numbered(2))).toMatchObject({ isDuplicate: true })
  expect(log.producerRecall.maybeRecall(numbered(0))).toBeUndefined()
})
