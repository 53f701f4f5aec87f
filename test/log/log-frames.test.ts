/** A log keeps bytes of frames whose memory is used again: as long as it or one of its readers needs them, and no longer. */
import { expect, test } from 'vitest'
import { frameMemory } from '../../src/base/frame-memory.ts'
import type { PartitionLog } from '../../src/log/partition-log.ts'
import type { ReadResult } from '../../src/log/records-slice.ts'
import { buildBatch } from '../../src/protocol/record/batch-builder.ts'
import { LogHarness } from './log-harness.ts'

const valueSize = 1024 * 1024
/** What the tails of a harness's logs may hold is 8 MB. */
const framesToFillTail = 12

async function startLog(): Promise<{ harness: LogHarness; log: PartitionLog }> {
  const harness = new LogHarness()
  await harness.makeRoot()
  return { harness, log: await harness.open() }
}

function batchOf(byte: number): Buffer {
  return buildBatch({ timestamp: 0, records: [{ value: Buffer.alloc(valueSize, byte) }] })
}

/** As a connection does: the frame is released when its request is handled, which may be before it is written. */
function appendFrame(log: PartitionLog, byte: number): Buffer {
  const batch = batchOf(byte)
  const frame = frameMemory.take(batch.length + 30)
  batch.copy(frame, 30)
  log.append(frame.subarray(30), { leaderEpoch: 0, origin: 'client' })
  frameMemory.release(frame)
  return frame
}

const isWhole = (bytes: Buffer, byte: number) => bytes.includes(Buffer.alloc(valueSize, byte))

test('what was appended is written and read as it was, though its frame was released', async () => {
  const { harness, log } = await startLog()
  appendFrame(log, 1)
  appendFrame(log, 2)
  await harness.drive(log.whenWritten())
  for (let offset = 0; offset < 2; offset++) {
    expect(isWhole(await harness.drive(log.readBatches(offset, offset + 1, 1)), offset + 1)).toBe(true)
  }
  await harness.drive(log.close())
  const again = await harness.open({ hadCleanShutdown: true })
  const bytes = await harness.drive(again.readBatches(0, 2, 4 * valueSize))
  expect([isWhole(bytes, 1), isWhole(bytes, 2)]).toEqual([true, true])
})

test('a reader keeps its bytes until it releases them, though the log has dropped them', async () => {
  const { harness, log } = await startLog()
  const frame = appendFrame(log, 1)
  await harness.drive(log.whenWritten())
  const result = log.read(0, valueSize * 2, { upToOffset: 1, minOneBatch: true }) as ReadResult
  const [slice] = result.slices as Buffer[]
  expect(slice!.buffer).toBe(frame.buffer)
  for (let count = 0; count < framesToFillTail; count++) {
    appendFrame(log, 2)
    await harness.drive(log.whenWritten())
  }
  expect(log.read(0, 1, { upToOffset: 1, minOneBatch: true })).toBeInstanceOf(Promise)
  expect(isWhole(slice!, 1)).toBe(true)
  result.release()
  expect(isWhole(slice!, 1)).toBe(false)
})

test('frames that a log has dropped are used again', async () => {
  const { harness, log } = await startLog()
  const buffers = new Set<ArrayBufferLike>()
  for (let count = 0; count < framesToFillTail * 4; count++) {
    buffers.add(appendFrame(log, 1).buffer)
    await harness.drive(log.whenWritten())
  }
  expect(buffers.size).toBeLessThan(framesToFillTail * 2)
  const idleBytes = frameMemory.idleBytes
  await harness.drive(log.truncateTo(0))
  expect(frameMemory.idleBytes).toBeGreaterThan(idleBytes + 4 * valueSize)
})
