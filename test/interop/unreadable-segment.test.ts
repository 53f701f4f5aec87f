/** Files that change under the broker or cannot be read: errors, never wrong records, and the other directory serves. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmdirSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { errorCodes } from '../../src/protocol/errors.ts'
import { BrokerProcess } from './support/broker-process.ts'
import { WireClient } from './support/wire-client.ts'

const recordSize = 100_000
const recordsCount = 60
let second: string
let broker: BrokerProcess
let client: WireClient
/** The partition in the second directory, and the other. */
let damaged: number
let sound: number
let firstSegment: string

beforeEach(async () => {
  second = mkdtempSync(join(tmpdir(), 'ottla-second-'))
  broker = await BrokerProcess.start([], [second])
  client = await WireClient.connect(broker.port)
  expect(await client.createTopic('orders', 2, { 'segment.bytes': '1048576' })).toBe(0)
  damaged = existsSync(join(second, 'orders-0')) ? 0 : 1
  sound = 1 - damaged
  firstSegment = join(second, `orders-${damaged}`, '00000000000000000000.log')
  for (let count = 0; count < recordsCount; count++) {
    for (const partition of [damaged, sound]) {
      expect((await client.produce('orders', partition, randomBytes(recordSize))).errorCode).toBe(0)
    }
  }
})

afterEach(async () => {
  client.close()
  await broker.dispose()
  rmSync(second, { recursive: true })
})

const errors = () => broker.output.split('\n').filter((line) => line.includes(' ERROR '))

async function expectOthersServed(): Promise<void> {
  expect((await client.read('orders', sound)).size).toBe(recordsCount)
  expect((await client.produce('orders', sound, randomBytes(100))).errorCode).toBe(0)
}

test('a segment that is cut off under the broker takes its directory offline', async () => {
  // The newest bytes are in memory until then.
  client.close()
  await broker.stop()
  await broker.restart()
  client = await WireClient.connect(broker.port)
  expect((await client.fetch('orders', damaged, 0)).errorCode).toBe(0)
  truncateSync(firstSegment, 4.5 * recordSize)
  // The answer is under way when it is seen: it cannot be taken back, only cut.
  await expect(client.fetch('orders', damaged, 0)).rejects.toThrow('the broker closed the connection')
  client = await WireClient.connect(broker.port)
  expect((await client.fetch('orders', damaged, 0)).errorCode).toBe(errorCodes.KAFKA_STORAGE_ERROR)
  await expect.poll(() => errors().filter((line) => line.includes('a log directory goes offline'))).toHaveLength(1)
  await expectOthersServed()
})

test('a segment that cannot be opened at the start takes its directory offline, the other serves', async () => {
  client.close()
  await broker.kill()
  renameSync(firstSegment, `${firstSegment}.away`)
  mkdirSync(firstSegment)
  await broker.restart()
  client = await WireClient.connect(broker.port)
  expect(errors().filter((line) => line.includes('a log directory goes offline'))).toHaveLength(1)
  await expectOthersServed()
  expect((await client.fetch('orders', damaged, 0)).errorCode).toBe(errorCodes.KAFKA_STORAGE_ERROR)
  await broker.kill()
  rmdirSync(firstSegment)
  renameSync(`${firstSegment}.away`, firstSegment)
  await broker.restart()
  client = await WireClient.connect(broker.port)
  expect((await client.read('orders', damaged)).size).toBe(recordsCount)
  expect(errors()).toEqual([])
})
