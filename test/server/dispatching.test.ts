import { expect, test } from 'vitest'
import { CloseConnection, noReply, type RequestContext } from '../../src/handlers/handler.ts'
import { KafkaError } from '../../src/protocol/errors.ts'
import { deferred, requestFrame, servedApi, startServer, until } from './server-harness.ts'

const produce = 0
const metadata = 3
const heartbeat = 12
const apiVersions = 18
const vote = 52

const answerHeartbeat = servedApi(heartbeat, () => ({ errorCode: 0 }))

test('a request is decoded, handled with its context, and answered', async () => {
  const seen: RequestContext[] = []
  await using harness = await startServer([
    servedApi(heartbeat, (_broker, request: { groupId: string }, context) => {
      seen.push(context)
      expect(request.groupId).toBe('g')
      return { errorCode: 27, throttleTimeMs: 5 }
    }),
  ])
  const client = await harness.client()
  client.send(heartbeat, 4, 77, { groupId: 'g', memberId: 'm' }, 'me')
  const { correlationId, message } = await client.response(heartbeat, 4)
  expect(correlationId).toBe(77)
  expect(message).toMatchObject({ errorCode: 27, throttleTimeMs: 5 })
  expect(seen[0]).toMatchObject({ apiKey: heartbeat, apiVersion: 4, clientId: 'me' })
  expect(seen[0]!.connection).toMatchObject({
    listenerName: 'PLAINTEXT',
    clientHost: '127.0.0.1',
    localHost: '127.0.0.1',
  })
  expect(seen[0]!.connection.localPort).toBe(harness.port)
})

test('handlers run in the order of requests, answers leave in that order whichever is ready first', async () => {
  const first = deferred<object>()
  const started: string[] = []
  await using harness = await startServer([
    servedApi(heartbeat, (_broker, request: { memberId: string }) => {
      started.push(request.memberId)
      return request.memberId === 'slow' ? first.promise : { errorCode: 0 }
    }),
  ])
  const client = await harness.client()
  client.send(heartbeat, 0, 1, { memberId: 'slow' })
  client.send(heartbeat, 0, 2, { memberId: 'fast' })
  client.send(heartbeat, 0, 3, { memberId: 'fast' })
  await until(() => started.length === 3)
  first.resolve({ errorCode: 0 })
  const order = []
  for (let index = 0; index < 3; index++) order.push((await client.response(heartbeat, 0)).correlationId)
  expect(order).toEqual([1, 2, 3])
})

test('a serial API holds back the next request until it is answered', async () => {
  const first = deferred<object>()
  const started: number[] = []
  await using harness = await startServer([
    servedApi(
      heartbeat,
      (_broker, _request, context) => {
        started.push(context.correlationId)
        return context.correlationId === 1 ? first.promise : { errorCode: 0 }
      },
      { isSerial: true },
    ),
    servedApi(metadata, () => ({})),
  ])
  const client = await harness.client()
  client.send(heartbeat, 0, 1)
  client.send(heartbeat, 0, 2)
  const other = await harness.client()
  other.send(metadata, 1, 1)
  await other.response(metadata, 1)
  expect(started).toEqual([1])
  first.resolve({ errorCode: 0 })
  await client.response(heartbeat, 0)
  await client.response(heartbeat, 0)
  expect(started).toEqual([1, 2])
})

test('acks=0 gets no reply and leaves the order of later answers untouched', async () => {
  await using harness = await startServer([servedApi(produce, () => noReply), answerHeartbeat])
  const client = await harness.client()
  client.send(produce, 9, 1, { acks: 0 })
  client.send(heartbeat, 0, 2)
  client.send(produce, 9, 3, { acks: 0 })
  client.send(heartbeat, 0, 4)
  expect((await client.response(heartbeat, 0)).correlationId).toBe(2)
  expect((await client.response(heartbeat, 0)).correlationId).toBe(4)
})

test('a KafkaError becomes the error of the whole answer', async () => {
  await using harness = await startServer([
    servedApi(heartbeat, () => Promise.reject(new KafkaError('NOT_COORDINATOR'))),
  ])
  const client = await harness.client()
  client.send(heartbeat, 4, 1)
  expect((await client.response(heartbeat, 4)).message).toMatchObject({ errorCode: 16 })
  expect(harness.logger.lines).toEqual([])
})

test('an exception is answered with UNKNOWN_SERVER_ERROR, its stack is logged, and the connection lives on', async () => {
  let count = 0
  await using harness = await startServer([
    servedApi(heartbeat, () => {
      if (count++ === 0) throw new TypeError('undefined is not a function')
      return { errorCode: 0 }
    }),
  ])
  const client = await harness.client()
  client.send(heartbeat, 4, 1)
  expect((await client.response(heartbeat, 4)).message).toMatchObject({ errorCode: -1 })
  expect(harness.logger.lines).toHaveLength(1)
  expect(harness.logger.lines[0]).toMatch(/^error Heartbeat v4 failed unexpectedly .*dispatching\.test\.ts/)
  client.send(heartbeat, 4, 2)
  expect((await client.response(heartbeat, 4)).message).toMatchObject({ errorCode: 0 })
})

test('an answer that cannot be encoded counts as an exception', async () => {
  await using harness = await startServer([servedApi(heartbeat, () => ({ errorCode: 1e9 }))])
  const client = await harness.client()
  client.send(heartbeat, 4, 1)
  expect((await client.response(heartbeat, 4)).message).toMatchObject({ errorCode: -1 })
})

test('where the answer has no place for an error the API says how to refuse, or the connection closes', async () => {
  const failing = () => {
    throw new KafkaError('KAFKA_STORAGE_ERROR')
  }
  await using harness = await startServer([
    servedApi(produce, failing, {
      refuse: (_request, error) => ({ throttleTimeMs: error.code }),
    }),
    servedApi(metadata, failing),
  ])
  const client = await harness.client()
  client.send(produce, 9, 1)
  expect((await client.response(produce, 9)).message).toMatchObject({ throttleTimeMs: 56 })
  client.send(metadata, 5, 2)
  await client.closed()
  expect(harness.logger.lines[0]).toContain('Metadata v5 failed with KAFKA_STORAGE_ERROR')
})

test('a handler may close the connection', async () => {
  await using harness = await startServer([
    servedApi(heartbeat, async () => {
      throw new CloseConnection('no more of this')
    }),
  ])
  const client = await harness.client()
  client.send(heartbeat, 0, 1)
  await client.closed()
  expect(harness.logger.lines[0]).toMatch(/^warn closing .*client id "test": Heartbeat v0: no more of this/)
})

test('an unknown version of ApiVersions is answered in version 0 with error 35 and its own range', async () => {
  await using harness = await startServer([servedApi(apiVersions, () => ({})), answerHeartbeat])
  const client = await harness.client()
  // Version 9 has the header of a flexible version; the real 4.3.1 answers these very bytes.
  client.write(Buffer.from('0000001000120009000000070001780002610262'.padEnd(40, '0'), 'hex'))
  expect((await client.frame())?.toString('hex')).toBe('00000007002300000001001200000004')
  client.write(Buffer.from('0000000b0012ffff00000007000178', 'hex'))
  expect((await client.frame())?.toString('hex')).toBe('00000007002300000001001200000004')
})

test.each([
  ['an API that Kafka does not have', Buffer.from('0000000b03e7000000000007000178', 'hex'), 'no API has the key 999'],
  ['a negative API key', Buffer.from('0000000bffff000000000007000178', 'hex'), 'no API has the key -1'],
  ['an API of another listener', requestFrame(vote, 0, 1), 'Vote v0 is not served on this listener'],
  ['an API without a handler', requestFrame(metadata, 1, 1), 'Metadata v1 is not served on this listener'],
  ['a version that is not served', requestFrame(heartbeat, 4, 1), 'Heartbeat v4 is not served, only versions 0 to 3'],
  ['a body that is cut off', Buffer.from('0000000c000c000000000007000178ff', 'hex'), 'Heartbeat v0 is malformed'],
  ['a frame shorter than a header', Buffer.from('000000020001', 'hex'), 'a request of 2 bytes has no header'],
])('%s closes the connection with one line', async (_name, bytes, reason) => {
  await using harness = await startServer([servedApi(heartbeat, () => ({ errorCode: 0 }), { maxVersion: 3 })])
  const client = await harness.client()
  client.write(bytes)
  await client.closed()
  expect(harness.logger.lines).toHaveLength(1)
  expect(harness.logger.lines[0]).toMatch(/^warn closing the connection of 127\.0\.0\.1:\d+ on PLAINTEXT/)
  expect(harness.logger.lines[0]).toContain(reason)
})

test('bytes behind a request are passed over, as Kafka does', async () => {
  await using harness = await startServer([answerHeartbeat])
  const client = await harness.client()
  const frame = requestFrame(heartbeat, 0, 5)
  const longer = Buffer.concat([frame, Buffer.from('trailing')])
  longer.writeInt32BE(longer.length - 4, 0)
  client.write(longer)
  expect((await client.response(heartbeat, 0)).correlationId).toBe(5)
})

test('requests, bytes and failures are counted for each API', async () => {
  await using harness = await startServer([answerHeartbeat])
  const client = await harness.client()
  const frame = requestFrame(heartbeat, 0, 1)
  client.write(Buffer.concat([frame, frame]))
  await client.response(heartbeat, 0)
  await client.response(heartbeat, 0)
  expect(harness.server.metrics.of(heartbeat)).toMatchObject({
    requestCount: 2,
    requestBytes: 2 * (frame.length - 4),
    responseBytes: 20,
    failureCount: 0,
  })
})
