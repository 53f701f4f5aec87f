import { expect, test } from 'vitest'
import { frameMemory } from '../../src/base/frame-memory.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { StreamedRegion } from '../../src/server/streamed-region.ts'
import { deferred, servedApi, startServer, until } from './server-harness.ts'

const fetch = 1
const heartbeat = 12
const answerHeartbeat = servedApi(heartbeat, () => ({ errorCode: 0 }))

/** Records cut into slices of the given sizes; negative sizes are in a frame that is used again, the others in a file. */
class FakeRegion implements StreamedRegion {
  readonly content: Buffer
  readonly sizeInBytes: number
  readonly slices: StreamedRegion['slices']
  readonly #frame: Buffer
  releaseCount = 0
  readCount = 0
  failAt = Number.POSITIVE_INFINITY

  constructor(seed: number, sizes: readonly number[]) {
    this.sizeInBytes = sizes.reduce((sum, size) => sum + Math.abs(size), 0)
    this.content = new SeededRandom(seed).bytes(this.sizeInBytes)
    this.#frame = frameMemory.take(this.sizeInBytes)
    this.content.copy(this.#frame)
    let start = 0
    this.slices = sizes.map((size) => {
      const bytes = this.#frame.subarray(start, start + Math.abs(size))
      start += bytes.length
      return size < 0 ? bytes : { sizeInBytes: size, read: (buffer, offset) => this.#read(bytes, buffer, offset) }
    })
  }

  async #read(bytes: Buffer, buffer: Buffer, offset: number): Promise<number> {
    this.readCount++
    if (this.readCount > this.failAt) throw new Error('EIO: i/o error, read')
    expect(this.releaseCount).toBe(0)
    await new Promise((resolve) => setImmediate(resolve))
    return bytes.copy(buffer, 0, offset, Math.min(bytes.length, offset + buffer.length))
  }

  release(): void {
    this.releaseCount++
    frameMemory.release(this.#frame)
  }
}

function answerOf(...regions: readonly FakeRegion[]): object {
  return {
    sessionId: 7,
    responses: [
      {
        topic: 't',
        partitions: regions.map((records, partitionIndex) => ({ partitionIndex, highWatermark: 9, records })),
      },
    ],
  }
}

function recordsOf(message: Record<string, unknown>): Buffer[] {
  const [topic] = message.responses as { partitions: { records: Buffer }[] }[]
  return topic!.partitions.map((partition) => partition.records)
}

test.each([
  ['in memory', [[-3000], [-70_000]]],
  ['in a file', [[300_000], [1]]],
  [
    'in memory and in files',
    [
      [-100, 5000, -200_000],
      [500_000, -50],
      [2000, 2000],
    ],
  ],
])('records %s arrive byte for byte, and are released once', async (_where, sizes) => {
  const regions = sizes.map((slices, seed) => new FakeRegion(seed, slices))
  await using harness = await startServer([servedApi(fetch, () => answerOf(...regions)), answerHeartbeat])
  const client = await harness.client()
  client.send(fetch, 11, 1)
  client.send(heartbeat, 0, 2)
  const { correlationId, message } = await client.response(fetch, 11)
  expect(correlationId).toBe(1)
  expect(recordsOf(message).map((records, index) => records.equals(regions[index]!.content))).toEqual(
    regions.map(() => true),
  )
  expect((await client.response(heartbeat, 0)).correlationId).toBe(2)
  await until(() => regions.every((region) => region.releaseCount === 1))
  expect(harness.server.inFlightBytes).toBe(0)
})

test('records in memory are there until a slow consumer has them, though their region was released', async () => {
  const region = new FakeRegion(1, [20_000_000, -200_000])
  await using harness = await startServer([servedApi(fetch, () => answerOf(region)), answerHeartbeat])
  const client = await harness.client()
  client.send(fetch, 11, 1)
  const pausing = setInterval(() => {
    client.socket.pause()
    setImmediate(() => client.socket.resume())
  }, 1)
  const { message } = await client.response(fetch, 11)
  clearInterval(pausing)
  expect(recordsOf(message)[0]!.equals(region.content)).toBe(true)
  expect(region.releaseCount).toBe(1)
})

test('a consumer that does not read costs two pieces of a file, not the file', async () => {
  const region = new FakeRegion(1, [64_000_000])
  await using harness = await startServer([servedApi(fetch, () => answerOf(region)), answerHeartbeat])
  const client = await harness.client()
  client.socket.pause()
  client.send(fetch, 11, 1)
  let lastCount = -1
  const other = await harness.client()
  for (let quiet = 0; quiet < 20; ) {
    other.send(heartbeat, 0, 1)
    await other.response(heartbeat, 0)
    quiet = region.readCount === lastCount ? quiet + 1 : 0
    lastCount = region.readCount
  }
  expect(harness.server.inFlightBytes).toBeLessThan(1_000_000)
  expect(region.readCount).toBeLessThan(300)
  expect(region.releaseCount).toBe(0)
  client.socket.destroy()
  await until(() => region.releaseCount === 1)
  expect(harness.server.inFlightBytes).toBe(0)
})

test('a consumer that does not read is closed when fetches wait for memory, and only then', async () => {
  const region = new FakeRegion(1, [64_000_000])
  let isMemoryShort = false
  await using harness = await startServer([servedApi(fetch, () => answerOf(region))], {}, () => isMemoryShort)
  const client = await harness.client()
  client.socket.pause()
  client.send(fetch, 11, 1)
  let lastCount = -1
  for (let quiet = 0; quiet < 50; ) {
    await new Promise((resolve) => setImmediate(resolve))
    quiet = region.readCount > 0 && region.readCount === lastCount ? quiet + 1 : 0
    lastCount = region.readCount
  }
  harness.clock.virtual.advance(60_000)
  expect(harness.server.connectionCount).toBe(1)
  isMemoryShort = true
  await until(() => {
    harness.clock.virtual.advance(2_000)
    return harness.server.connectionCount === 0
  })
  await until(() => region.releaseCount === 1)
  expect(harness.logger.lines[0]).toContain('memory is short')
})

test('a region that cannot be read cuts the connection, and what waits behind it is released', async () => {
  const broken = new FakeRegion(1, [1_000_000])
  broken.failAt = 2
  const behind = new FakeRegion(2, [10])
  const inNextAnswer = new FakeRegion(3, [20])
  let count = 0
  await using harness = await startServer([
    servedApi(fetch, () => (count++ === 0 ? answerOf(broken, behind) : answerOf(inNextAnswer))),
  ])
  const client = await harness.client()
  client.send(fetch, 11, 1)
  client.send(fetch, 11, 2)
  await client.closed()
  await until(() => [broken, behind, inNextAnswer].every((region) => region.releaseCount === 1))
  expect(harness.logger.lines[0]).toContain('EIO: i/o error, read')
})

test('an answer that comes when its client is gone is released', async () => {
  const region = new FakeRegion(1, [1000])
  const gate = deferred<object>()
  let closedCount = 0
  let isStarted = false
  await using harness = await startServer([
    servedApi(fetch, (_broker, _request, context) => {
      isStarted = true
      context.connection.onClose(() => closedCount++)
      return gate.promise
    }),
  ])
  const client = await harness.client()
  client.send(fetch, 11, 1)
  await until(() => isStarted)
  client.socket.end()
  await until(() => harness.server.connectionCount === 0)
  expect(closedCount).toBe(1)
  gate.resolve(answerOf(region))
  await until(() => region.releaseCount === 1)
})

test('stop answers what is in flight, takes nothing new, and then closes', async () => {
  const gate = deferred<object>()
  const started: number[] = []
  await using harness = await startServer([
    servedApi(heartbeat, (_broker, _request, context) => {
      started.push(context.correlationId)
      return gate.promise
    }),
  ])
  const client = await harness.client()
  client.send(heartbeat, 0, 1)
  await until(() => started.length === 1)
  const stopped = harness.server.stop(30_000)
  client.send(heartbeat, 0, 2)
  gate.resolve({ errorCode: 0 })
  expect((await client.response(heartbeat, 0)).correlationId).toBe(1)
  await client.closed()
  await stopped
  expect(started).toEqual([1])
})

test('stop does not wait longer than it is told', async () => {
  let isStarted = false
  await using harness = await startServer([
    servedApi(heartbeat, () => {
      isStarted = true
      return new Promise(() => {})
    }),
  ])
  const client = await harness.client()
  client.send(heartbeat, 0, 1)
  await until(() => isStarted)
  const stopped = harness.server.stop(30_000)
  harness.clock.virtual.advance(30_000)
  await stopped
  await client.closed()
})
