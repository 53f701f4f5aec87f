/** An idempotent producer whose answers were lost with the broker: it sends all of them again after the restart. */
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildBatch } from '../../src/protocol/record/batch-builder.ts'
import { TestClient } from '../server/server-harness.ts'
import { StartedNode } from './started-node.ts'

const produce = 0
const version = 9
let node: StartedNode

beforeAll(async () => {
  node = await StartedNode.start()
  const admin = new Kafka({ brokers: [node.bootstrap], logLevel: logLevel.NOTHING, connectionTimeout: 30_000 }).admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 1 }], waitForLeaders: true })
  await admin.disconnect()
})

afterAll(async () => {
  await node.dispose()
})

/** One batch each, all sent before the first answer; resolves with [error code, offset] of each. */
async function sendAll(sequences: readonly number[]): Promise<unknown[]> {
  const client = await TestClient.connect(node.port)
  for (const baseSequence of sequences) {
    const records = buildBatch({
      timestamp: Date.now(),
      producerId: 4000n,
      producerEpoch: 0,
      baseSequence,
      records: [{ value: Buffer.from(String(baseSequence)) }],
    })
    const partitionData = [{ index: 0, records }]
    const message = { acks: -1, timeoutMs: 10_000, topicData: [{ name: 'orders', partitionData }] }
    client.send(produce, version, baseSequence, message)
  }
  const answers: unknown[] = []
  for (const _sequence of sequences) {
    const { message } = await client.response(produce, version)
    const [topic] = message.responses as { partitionResponses: { errorCode: number; baseOffset: number }[] }[]
    const { errorCode, baseOffset } = topic!.partitionResponses[0]!
    answers.push([errorCode, baseOffset])
  }
  client.socket.destroy()
  return answers
}

test('every one of five batches that were never answered gets the offset of then', async () => {
  const offsets = (until: number) => Array.from({ length: until }, (_, offset) => [0, offset])
  expect(await sendAll([0, 1, 2, 3, 4])).toEqual(offsets(5))
  await node.restart()
  expect(await sendAll([0, 1, 2, 3, 4])).toEqual(offsets(5))
  await node.restart()
  expect(await sendAll([1, 2, 3, 4, 5])).toEqual(offsets(6).slice(1))
  // Only five are a producer's to send again.
  expect(await sendAll([0])).toEqual([[45, -1]])
})
