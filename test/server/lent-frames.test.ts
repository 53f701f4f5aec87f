/** The memory of a request's frame is used again when it is answered, where the API says that it may be. */
import { expect, test } from 'vitest'
import { frameMemory } from '../../src/base/frame-memory.ts'
import { noReply } from '../../src/handlers/handler.ts'
import { deferred, servedApi, startServer, until } from './server-harness.ts'

const produce = 0
const heartbeat = 12
const version = 9
const answerHeartbeat = servedApi(heartbeat, () => ({ errorCode: 0 }))
const records = Buffer.alloc(200_000, 'r')
const request = { acks: -1, topicData: [{ name: 't', partitionData: [{ index: 0, records }] }] }
const answer = { responses: [] }

interface ProduceLike {
  readonly topicData: readonly { readonly partitionData: readonly { readonly records: Buffer }[] }[]
}

const recordsOf = ({ topicData }: ProduceLike): Buffer => topicData[0]!.partitionData[0]!.records

test('a frame is lent until its answer, what is held of it for longer', async () => {
  const seen: Buffer[] = []
  const answers = [deferred<object>(), deferred<object>()]
  const handle = (_broker: unknown, message: ProduceLike) => {
    seen.push(recordsOf(message))
    return answers[seen.length - 1]!.promise
  }
  await using harness = await startServer([servedApi(produce, handle, { isFrameReused: true }), answerHeartbeat])
  const client = await harness.client()
  client.send(produce, version, 1, request)
  client.send(produce, version, 2, request)
  await until(() => seen.length === 2)
  frameMemory.hold(seen[1]!)
  // Handled, and waits for the first.
  answers[1]!.resolve(answer)
  await new Promise((resolve) => setImmediate(resolve))
  expect(seen.map((bytes) => bytes.equals(records))).toEqual([true, true])
  answers[0]!.resolve(answer)
  await client.response(produce, version)
  await client.response(produce, version)
  expect(seen.map((bytes) => bytes.equals(records))).toEqual([false, true])
  frameMemory.release(seen[1]!)
  expect(seen[1]!.equals(records)).toBe(false)
})

test.each([
  ['answered at once', answer],
  ['not answered', noReply],
])('a request that is %s gives its frame back at once', async (_how, result) => {
  const seen: Buffer[] = []
  const handle = (_broker: unknown, message: ProduceLike) => {
    seen.push(recordsOf(message))
    return result
  }
  await using harness = await startServer([servedApi(produce, handle, { isFrameReused: true }), answerHeartbeat])
  const client = await harness.client()
  for (let count = 0; count < 3; count++) {
    client.send(produce, version, count, request)
    client.send(heartbeat, 0, 100 + count)
    await client.frame()
    if (result === answer) await client.frame()
  }
  expect(new Set(seen.map((bytes) => bytes.buffer)).size).toBe(1)
  expect(seen[0]!.equals(records)).toBe(false)
})

test('other APIs may keep the bytes of their requests', async () => {
  const seen: Buffer[] = []
  const handle = (_broker: unknown, message: ProduceLike) => {
    seen.push(recordsOf(message))
    return answer
  }
  await using harness = await startServer([servedApi(produce, handle)])
  const client = await harness.client()
  for (let count = 0; count < 3; count++) {
    client.send(produce, version, count, request)
    await client.frame()
  }
  expect(seen.map((bytes) => bytes.equals(records))).toEqual([true, true, true])
})
