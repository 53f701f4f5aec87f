import { beforeEach, describe, expect, test } from 'vitest'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorName } from '../../src/protocol/errors.ts'
import { BrokerHarness } from '../runtime/broker-harness.ts'
import { findCoordinatorApi, offsetsTopic } from './group-requests.ts'

let harness: BrokerHarness

beforeEach(async () => {
  harness = await BrokerHarness.start({ config: { 'offsets.topic.num.partitions': '5' } })
})

const here = { nodeId: 1, host: '127.0.0.1', port: 9092, errorCode: 0 }
const nobody = { nodeId: -1, host: '', port: -1 }

function createOnDemand(): void {
  harness.onControllerRequest = async () => {
    await harness.createTopic(offsetsTopic, { partitions: 5 })
    return { throttleTimeMs: 0, topics: [{ name: offsetsTopic, errorCode: 0 }] }
  }
}

describe('the first question', () => {
  test.each([0, 1, 2, 3])('version %i creates the topic and is answered when it serves', async (version) => {
    createOnDemand()
    const response = await harness.call(findCoordinatorApi, version, { key: 'g' })
    expect(response).toMatchObject({ ...here, errorMessage: version === 0 ? '' : 'NONE' })
    expect(harness.controllerRequests).toHaveLength(1)
    expect(harness.controllerRequests[0]).toMatchObject({
      apiKey: apiKeys.CreateTopics,
      request: { topics: [{ name: offsetsTopic, numPartitions: 5, replicationFactor: 3 }] },
    })
  })

  test.each([4, 5, 6])('version %i asks for many groups and creates once', async (version) => {
    createOnDemand()
    const response = await harness.call(findCoordinatorApi, version, { coordinatorKeys: ['a', '', 'b'] })
    expect(response.coordinators).toMatchObject(['a', '', 'b'].map((key) => ({ key, ...here, errorMessage: '' })))
    expect(harness.controllerRequests).toHaveLength(1)
  })

  test('does not wait longer than a second', async () => {
    const answer = harness.send(findCoordinatorApi, 3, { key: 'g' })
    await harness.settle()
    harness.clock.advance(1_000)
    expect(await harness.drive(answer)).toMatchObject({
      ...nobody,
      errorCode: 15,
      errorMessage: 'COORDINATOR_NOT_AVAILABLE',
    })
  })

  test('is refused, with one line in the log, when there are too few brokers', async () => {
    const warnings: string[] = []
    const logger = { ...harness.broker.logger, warn: (message: string) => void warnings.push(message) }
    harness.broker = { ...harness.broker, logger }
    const errorCode = 38
    harness.onControllerRequest = async () => ({ throttleTimeMs: 0, topics: [{ name: offsetsTopic, errorCode }] })
    for (let calls = 0; calls < 3; calls++) {
      const response = await harness.call(findCoordinatorApi, 6, { coordinatorKeys: ['g'] })
      expect(response.coordinators).toMatchObject([{ key: 'g', ...nobody, errorCode: 15 }])
    }
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('offsets.topic.replication.factor is 3 but 2 broker(s) are alive')
  })
})

describe('later questions', () => {
  test('name the leader, wherever it is', async () => {
    await harness.createTopic(offsetsTopic, { partitions: 5, replicas: [1, 2], leader: 2 })
    const response = await harness.call(findCoordinatorApi, 3, { key: 'g' })
    expect(response).toMatchObject({ nodeId: 2, host: 'broker-2', port: 9092, errorCode: 0 })
    const topicId = harness.image.topics.getByName(offsetsTopic)!.id
    for (let index = 0; index < 5; index++) harness.changePartition(topicId, index, { leader: -1 })
    expect(errorName((await harness.call(findCoordinatorApi, 3, { key: 'g' })).errorCode)).toBe(
      'COORDINATOR_NOT_AVAILABLE',
    )
    expect(harness.controllerRequests).toHaveLength(0)
  })

  test('of other kinds are refused for good', async () => {
    const transaction = await harness.call(findCoordinatorApi, 3, { key: 't', keyType: 1 })
    expect(transaction).toMatchObject({ ...nobody, errorCode: 42 })
    expect(transaction.errorMessage).toBe('Coordinators of key type 1 are not served.')
    const share = await harness.call(findCoordinatorApi, 6, { coordinatorKeys: ['g:x:0'], keyType: 2 })
    expect(share.coordinators).toMatchObject([{ ...nobody, errorCode: 42 }])
    expect(harness.controllerRequests).toHaveLength(0)
  })

  test('of who may not describe the group', async () => {
    harness = await BrokerHarness.start({ authorize: (_context, _operation, type) => type !== 'Group' })
    expect(errorName((await harness.call(findCoordinatorApi, 3, { key: 'g' })).errorCode)).toBe(
      'GROUP_AUTHORIZATION_FAILED',
    )
    expect(harness.controllerRequests).toHaveLength(0)
  })
})
