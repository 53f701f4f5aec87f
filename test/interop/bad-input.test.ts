/** What clients may do wrong to a whole broker: it closes their connection with one line, and serves the others. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { requestFrame, TestClient } from '../server/server-harness.ts'
import { BrokerProcess } from './support/broker-process.ts'
import { WireClient } from './support/wire-client.ts'

const connectionsMax = 500
let broker: BrokerProcess
let others: WireClient

beforeEach(async () => {
  broker = await BrokerProcess.start([`max.connections=${connectionsMax}`, 'fetch.max.bytes=4194304'])
  others = await WireClient.connect(broker.port)
  expect(await others.createTopic('orders', 1)).toBe(0)
})

/** The others are served as before, and a stop is a clean one. */
afterEach(async () => {
  try {
    expect((await others.produce('orders', 0, randomBytes(100))).errorCode).toBe(0)
    others.close()
    expect(await broker.stop()).toBe(0)
  } finally {
    await broker.dispose()
  }
})

const warnings = () => broker.output.split('\n').filter((line) => / (WARN|ERROR) /.test(line) || /^ +at /.test(line))

function residentMiB(): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${broker.pid}/status`, 'utf8'))![1]) / 1024
}

function sized(size: number, bytes: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeInt32BE(size)
  return Buffer.concat([head, bytes])
}

test.each([
  ['a request of HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ['a size of two gigabytes', sized(0x7fff_ffff, Buffer.alloc(100))],
  ['a negative size', sized(-5, Buffer.alloc(100))],
  ['a frame of noise', sized(1000, Buffer.alloc(1000, 0xab))],
  ['an unknown API', sized(14, Buffer.from('7fff0000000000070004746573740000'.slice(0, 28), 'hex'))],
  [
    'a body cut short',
    sized(20, requestFrame(apiKeys.Metadata, 12, 1, { topics: [{ name: 'x'.repeat(40) }] }).subarray(4, 24)),
  ],
])('%s closes the connection with one line', async (_name, bytes) => {
  const before = residentMiB()
  const client = await TestClient.connect(broker.port)
  client.write(bytes)
  await client.closed()
  await expect.poll(warnings).toHaveLength(1)
  expect(warnings()[0]).toContain('127.0.0.1')
  expect(residentMiB() - before).toBeLessThan(64)
})

test('half a frame and a close are nothing to speak of', async () => {
  for (let count = 0; count < 50; count++) {
    const client = await TestClient.connect(broker.port)
    client.write(sized(1_000_000, randomBytes(5000)))
    client.socket.end()
    await client.closed()
  }
  expect(warnings().length).toBeLessThanOrEqual(1)
})

test('connections beyond max.connections are closed, in few lines', async () => {
  const clients: TestClient[] = []
  for (let count = 0; count < connectionsMax - 1; count++) clients.push(await TestClient.connect(broker.port))
  for (let count = 0; count < 200; count++) await (await TestClient.connect(broker.port)).closed()
  await expect.poll(() => warnings().length).toBeGreaterThanOrEqual(1)
  expect(warnings().length, '200 were turned away').toBeLessThan(100)
  for (const { socket } of clients) socket.destroy()
})

test('who asks for much and reads nothing costs little', async () => {
  for (let count = 0; count < 40; count++) await others.produce('orders', 0, randomBytes(500_000))
  const before = residentMiB()
  const request = {
    maxWaitMs: 0,
    minBytes: 0,
    topics: [{ topic: 'orders', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 20_000_000 }] }],
  }
  const clients: TestClient[] = []
  for (let count = 0; count < 20; count++) {
    const client = await TestClient.connect(broker.port)
    client.socket.pause()
    for (let sent = 0; sent < 50; sent++) client.send(apiKeys.Fetch, 12, sent, request)
    clients.push(client)
  }
  for (let count = 0; count < 20; count++) {
    expect((await others.produce('orders', 0, randomBytes(1000))).errorCode).toBe(0)
    expect((await others.fetch('orders', 0, 0)).errorCode).toBe(0)
  }
  // 20 clients times 50 answers of 4 MB and more were asked for.
  expect(residentMiB() - before).toBeLessThan(300)
  for (const { socket } of clients) socket.destroy()
})
