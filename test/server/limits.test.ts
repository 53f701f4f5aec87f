import { expect, test } from 'vitest'
import { limits } from '../../src/base/limits.ts'
import { deferred, requestFrame, servedApi, startServer, TestClient, until } from './server-harness.ts'

const metadata = 3
const heartbeat = 12
const answerHeartbeat = servedApi(heartbeat, () => ({ errorCode: 0 }))

test.each([
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), 'this looks like HTTP'],
  ['TLS', Buffer.from('16030102000100', 'hex'), 'this looks like TLS'],
  ['a size over the limit', Buffer.from('06400001', 'hex'), 'over socket.request.max.bytes=104857600'],
  ['a negative size', Buffer.from('fffffffb', 'hex'), 'a frame of -5 bytes'],
])('%s closes the connection with one line', async (_name, bytes, reason) => {
  await using harness = await startServer([answerHeartbeat])
  const client = await harness.client()
  client.write(bytes)
  await client.closed()
  expect(harness.logger.lines).toHaveLength(1)
  expect(harness.logger.lines[0]).toContain(reason)
  expect(harness.server.inFlightBytes).toBe(0)
})

test('the log is not filled by clients that are turned away', async () => {
  await using harness = await startServer([answerHeartbeat])
  for (let index = 0; index < 30; index++) {
    const client = await harness.client()
    client.write(Buffer.from('ffffffff', 'hex'))
    await client.closed()
  }
  expect(harness.logger.lines).toHaveLength(20)
  harness.clock.virtual.advance(1000)
  const client = await harness.client()
  client.write(Buffer.from('ffffffff', 'hex'))
  await client.closed()
  expect(harness.logger.lines[20]).toBe('warn 10 more clients were turned away, too many to list')
})

test('a client that promises much and sends little holds its promise in the budget, and is closed when others wait', async () => {
  const max = 1_000_000
  await using harness = await startServer([answerHeartbeat], {
    'socket.request.max.bytes': String(max),
    'queued.max.request.bytes': String(max),
  })
  const liar = await harness.client()
  const promise = Buffer.alloc(5)
  promise.writeInt32BE(max, 0)
  liar.write(promise)
  await until(() => harness.server.inFlightBytes === max)
  const honest = await harness.client()
  honest.send(heartbeat, 0, 1)
  const answered = honest.response(heartbeat, 0)
  await until(() => harness.server.waitingCount === 1)
  harness.clock.virtual.advance(10_000)
  expect(harness.server.connectionCount).toBe(2)
  harness.clock.virtual.advance(20_000)
  await liar.closed()
  expect((await answered).correlationId).toBe(1)
  expect(harness.logger.lines[0]).toContain('memory is short')
})

test('a connection may have so many requests in flight, then it is not read', async () => {
  const gate = deferred<object>()
  let started = 0
  await using harness = await startServer([
    servedApi(heartbeat, () => {
      started++
      return gate.promise
    }),
    servedApi(metadata, () => ({})),
  ])
  const client = await harness.client()
  const count = limits.maxRequestsInFlight * 3
  for (let index = 0; index < count; index++) client.send(heartbeat, 0, index)
  await until(() => started === limits.maxRequestsInFlight)
  const other = await harness.client()
  other.send(metadata, 1, 1)
  await other.response(metadata, 1)
  expect(started).toBe(limits.maxRequestsInFlight)
  gate.resolve({ errorCode: 0 })
  for (let index = 0; index < count; index++) expect((await client.response(heartbeat, 0)).correlationId).toBe(index)
})

test('a client that never reads costs a few answers and no more', async () => {
  let started = 0
  const name = 'x'.repeat(200_000).match(/.{1,20000}/g)!
  await using harness = await startServer([
    servedApi(metadata, () => {
      started++
      return { topics: name.map((part) => ({ name: part, errorCode: 0, partitions: [] })) }
    }),
    answerHeartbeat,
  ])
  const client = await harness.client()
  client.socket.pause()
  const frame = requestFrame(metadata, 1, 1)
  const flood = Buffer.concat(Array.from({ length: 1000 }, () => frame))
  client.write(flood)
  await until(() => harness.server.inFlightBytes > limits.maxUnsentBytes)
  const other = await harness.client()
  for (let index = 0; index < 50; index++) {
    other.send(heartbeat, 0, index)
    await other.response(heartbeat, 0)
  }
  // The kernel's buffers took some megabytes; far from what 1000 answers of 200 KB are.
  expect(started).toBeLessThan(200)
  expect(harness.server.inFlightBytes).toBeLessThan(20_000_000)
  client.socket.destroy()
  await until(() => harness.server.connectionCount === 1)
  expect(harness.server.inFlightBytes).toBe(0)
})

test('max.connections, max.connections.per.ip and its overrides refuse at once', async () => {
  await using harness = await startServer([answerHeartbeat], { 'max.connections': '2' })
  const first = await harness.client()
  const second = await harness.client()
  const third = await harness.client()
  await third.closed()
  expect(harness.logger.lines[0]).toMatch(/^warn refused a connection of 127\.0\.0\.1:\d+: max\.connections=2$/)
  first.socket.destroy()
  await until(() => harness.server.connectionCount === 1)
  const fourth = await harness.client()
  fourth.send(heartbeat, 0, 9)
  expect((await fourth.response(heartbeat, 0)).correlationId).toBe(9)
  second.socket.destroy()
})

test('max.connections.per.ip.overrides go before max.connections.per.ip', async () => {
  await using harness = await startServer([answerHeartbeat], {
    'max.connections.per.ip': '0',
    'max.connections.per.ip.overrides': '127.0.0.1:1',
  })
  const first = await harness.client()
  first.send(heartbeat, 0, 1)
  await first.response(heartbeat, 0)
  const second = await harness.client()
  await second.closed()
  expect(harness.logger.lines[0]).toContain('max.connections.per.ip=1 for 127.0.0.1')
})

test('idle connections are closed, working ones are not', async () => {
  const gate = deferred<object>()
  let isStarted = false
  await using harness = await startServer(
    [
      servedApi(heartbeat, () => {
        isStarted = true
        return gate.promise
      }),
    ],
    { 'connections.max.idle.ms': '60000' },
  )
  const idle = await harness.client()
  const slow = await harness.client()
  slow.write(Buffer.from([0, 0]))
  const working = await harness.client()
  working.send(heartbeat, 0, 1)
  await until(() => isStarted && harness.server.connectionCount === 3)
  harness.clock.virtual.advance(59_000)
  expect(harness.server.connectionCount).toBe(3)
  harness.clock.virtual.advance(4_000)
  await idle.closed()
  await slow.closed()
  expect(harness.server.connectionCount).toBe(1)
  gate.resolve({ errorCode: 0 })
  expect((await working.response(heartbeat, 0)).correlationId).toBe(1)
})

test('a listener may have an idle limit of its own, which may change and be taken away; a negative one is none', async () => {
  const key = 'listener.name.plaintext.connections.max.idle.ms'
  await using harness = await startServer([answerHeartbeat], { 'connections.max.idle.ms': '60000', [key]: '-1' })
  const set = (value: string | undefined): void => {
    harness.config.setDynamic(new Map(), new Map(value === undefined ? [] : [[key, value]]))
  }
  const first = await harness.client()
  await until(() => harness.server.connectionCount === 1)
  harness.clock.virtual.advance(3_600_000)
  expect(harness.server.connectionCount).toBe(1)
  set('5000')
  harness.clock.virtual.advance(2_000)
  await first.closed()
  const second = await harness.client()
  await until(() => harness.server.connectionCount === 1)
  harness.clock.virtual.advance(4_000)
  expect(harness.server.connectionCount).toBe(1)
  set(undefined)
  harness.clock.virtual.advance(8_000)
  expect(harness.server.connectionCount).toBe(1)
  second.socket.destroy()
})

test('a request that comes byte by byte is handled, one that never ends is not waited for', async () => {
  await using harness = await startServer([answerHeartbeat], { 'connections.max.idle.ms': '60000' })
  const client = await harness.client()
  for (const byte of requestFrame(heartbeat, 0, 3)) {
    client.write(Buffer.from([byte]))
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect((await client.response(heartbeat, 0)).correlationId).toBe(3)
  const slowloris = await harness.client()
  const frame = requestFrame(heartbeat, 0, 4)
  for (let index = 0; index < 10; index++) {
    slowloris.write(frame.subarray(index, index + 1))
    await new Promise((resolve) => setImmediate(resolve))
    harness.clock.virtual.advance(9_000)
  }
  await slowloris.closed()
})

test('thousands of connections come and go and leave nothing behind', async () => {
  await using harness = await startServer([answerHeartbeat], { 'socket.listen.backlog.size': '500' })
  for (let round = 0; round < 4; round++) {
    const clients = await Promise.all(Array.from({ length: 500 }, () => TestClient.connect(harness.port)))
    await until(() => harness.server.connectionCount === 500)
    for (const [index, client] of clients.entries()) client.send(heartbeat, 0, index)
    await Promise.all(clients.map((client) => client.response(heartbeat, 0)))
    for (const client of clients) client.socket.resetAndDestroy()
    await until(() => harness.server.connectionCount === 0)
  }
  expect(harness.server.inFlightBytes).toBe(0)
  expect(harness.logger.lines).toEqual([])
})
