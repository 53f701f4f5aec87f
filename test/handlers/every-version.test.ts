// Every version of the APIs of the log can say what there is to say: an answer, a refusal, a leader elsewhere.
import { beforeAll, describe, expect, test } from 'vitest'
import { handlers } from '../../src/handlers/index.ts'
import {
  apiVersionsApi,
  BrokerHarness,
  batchOf,
  fetchApi,
  initProducerIdApi,
  listOffsetsApi,
  offsetForLeaderEpochApi,
  produceApi,
} from '../runtime/broker-harness.ts'

let harness: BrokerHarness
const topicIds = new Map<string, string>()
const topics = ['here', 'elsewhere', 'nowhere']

beforeAll(async () => {
  harness = await BrokerHarness.start()
  topicIds.set('here', await harness.createTopic('here'))
  topicIds.set('elsewhere', await harness.createTopic('elsewhere', { replicas: [1, 2], leader: 2 }))
  topicIds.set('nowhere', 'vPeOCWypqUOSepEvx0cbog')
})

function versionsOf(apiKey: number): number[] {
  const { minVersion, maxVersion } = handlers.get(apiKey)!
  return Array.from({ length: maxVersion - minVersion + 1 }, (_, index) => minVersion + index)
}

describe.each(topics)('a topic that is %s', (topic) => {
  const isHere = topic === 'here'

  test.each(versionsOf(0))('Produce %i', async (version) => {
    const partitionData = [
      { index: 0, records: batchOf(['a']) },
      { index: 9, records: batchOf(['a']) },
    ]
    const named = version < 13 ? { name: topic } : { topicId: topicIds.get(topic)! }
    const request = { acks: -1, timeoutMs: 100, topicData: [{ ...named, partitionData }] }
    const { responses } = await harness.call(produceApi, version, request)
    const codes = responses[0]!.partitionResponses.map((one) => one.errorCode)
    expect(codes.map((code) => code === 0)).toEqual([isHere, false])
  })

  test.each(versionsOf(1))('Fetch %i', async (version) => {
    const asked = [0, 9].map((partition) => ({ partition, fetchOffset: 0, partitionMaxBytes: 1000 }))
    const named = version < 13 ? { topic } : { topicId: topicIds.get(topic)! }
    const request = { maxWaitMs: 0, minBytes: 1, topics: [{ ...named, partitions: asked }] }
    // Broker 1 follows there, and followers serve consumers that may be sent to them.
    const isServed = isHere || (topic === 'elsewhere' && version >= 11)
    for (const session of version >= 7 ? [{ sessionEpoch: 0 }, {}] : [{}]) {
      const { responses } = await harness.call(fetchApi, version, { ...request, ...session })
      const codes = responses[0]!.partitions.map((one) => one.errorCode)
      expect(codes.map((code) => code === 0)).toEqual([isServed, false])
    }
  })

  test.each(versionsOf(2))('ListOffsets %i', async (version) => {
    for (const timestamp of [-1n, -2n, 0n, 1_700_000_000_000n, 2n ** 63n - 1n]) {
      const partitions = [0, 9].map((partitionIndex) => ({ partitionIndex, timestamp }))
      const request = { replicaId: -1, topics: [{ name: topic, partitions }] }
      const answer = await harness.call(listOffsetsApi, version, request)
      const codes = answer.topics[0]!.partitions.map((one) => one.errorCode)
      expect(codes.map((code) => code === 0)).toEqual([isHere, false])
      expect(answer.topics[0]!.partitions[0]!.leaderEpoch).toBe(
        isHere && version >= 4 && timestamp < 2n ** 62n ? 0 : -1,
      )
    }
  })

  test.each(versionsOf(23))('OffsetForLeaderEpoch %i', async (version) => {
    const partitions = [0, 9].map((partition) => ({ partition, leaderEpoch: 0 }))
    const answer = await harness.call(offsetForLeaderEpochApi, version, { topics: [{ topic, partitions }] })
    const codes = answer.topics[0]!.partitions.map((one) => one.errorCode)
    expect(codes.map((code) => code === 0)).toEqual([isHere, false])
  })
})

test.each(versionsOf(18))('ApiVersions %i', async (version) => {
  const software = version >= 3 ? { clientSoftwareName: 'test', clientSoftwareVersion: '1' } : {}
  expect((await harness.call(apiVersionsApi, version, software)).errorCode).toBe(0)
})

test.each(versionsOf(22))('InitProducerId %i', async (version) => {
  harness.onControllerRequest = async () => ({ errorCode: 0, producerIdStart: 0n, producerIdLen: 1000 })
  const answer = await harness.call(initProducerIdApi, version, { transactionalId: null, transactionTimeoutMs: 1 })
  expect(answer).toMatchObject({ errorCode: 0, producerEpoch: 0 })
})
