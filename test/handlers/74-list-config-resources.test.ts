import { beforeEach, expect, test } from 'vitest'
import { metadataRecord } from '../../src/metadata/metadata-record.ts'
import {
  listConfigResourcesRequest,
  listConfigResourcesResponse,
} from '../../src/protocol/api/74-list-config-resources.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { BrokerHarness, type HarnessOptions } from '../runtime/broker-harness.ts'

const listConfigResourcesApi = [listConfigResourcesRequest, listConfigResourcesResponse] as const

let harness: BrokerHarness

/** A topic with settings and one without; settings of a group, of a subscription and of all brokers. */
async function start(options?: HarnessOptions): Promise<void> {
  harness = await BrokerHarness.start(options)
  await harness.createTopic('plain')
  await harness.createTopic('configured', { configs: { 'retention.ms': '5' } })
  setConfig(32, 'group')
  setConfig(16, 'subscription')
  setConfig(4, '')
}

function setConfig(resourceType: number, resourceName: string, value: string | null = '1'): void {
  harness.commit([metadataRecord('ConfigRecord', 0, { resourceType, resourceName, name: 'key', value })])
}

beforeEach(() => start())

async function list(resourceTypes: number[] = []) {
  const { errorCode, configResources } = await harness.call(listConfigResourcesApi, 1, { resourceTypes })
  return [errorCode, ...configResources.map(({ resourceName, resourceType }) => `${resourceType} ${resourceName}`)]
}

test('all kinds, in the order of Kafka, when none is chosen', async () => {
  const groups = ['32 group', '16 subscription']
  const brokers = ['8 1', '8 2', '4 1', '4 2']
  expect(await list()).toEqual([0, ...groups, ...brokers, '2 plain', '2 configured'])
  expect(await list([2, 8, 2])).toEqual([0, '8 1', '8 2', '2 plain', '2 configured'])
})

test('groups and subscriptions only while they have a setting', async () => {
  setConfig(32, 'group', null)
  expect(await list([32, 16])).toEqual([0, '16 subscription'])
})

test('brokers that the client could not reach by this listener are not there', async () => {
  const endPoints = [{ name: 'OTHER', host: 'broker-3', port: 9093, securityProtocol: 0 }]
  const incarnationId = 'vPeOCWypqUOSepEvx0cbog'
  const registration = { brokerId: 3, incarnationId, brokerEpoch: 300, endPoints, rack: null, fenced: false }
  harness.commit([metadataRecord('RegisterBrokerRecord', 4, registration)])
  expect(await list([4])).toEqual([0, '4 1', '4 2'])
})

test('version 0 lists subscriptions, without their type', async () => {
  const answer = await harness.call(listConfigResourcesApi, 0, {})
  const configResources = [{ resourceName: 'subscription', resourceType: 16 }]
  expect(answer).toEqual({ throttleTimeMs: 0, errorCode: 0, configResources })
})

test.each([0, 1, 3, -1, 64, 127])('a type %i refuses the request', async (type) => {
  expect(await list([16, type])).toEqual([errorCodes.UNSUPPORTED_VERSION])
})

test.each([0, 1])('is refused to who may not see configurations, version %i', async (version) => {
  const asked: string[] = []
  await start({
    authorize: (_context, operation, resourceType, name) => {
      asked.push(`${operation} ${resourceType} ${name}`)
      return false
    },
  })
  const answer = await harness.call(listConfigResourcesApi, version, {})
  const errorCode = errorCodes.CLUSTER_AUTHORIZATION_FAILED
  expect(answer).toEqual({ throttleTimeMs: 0, errorCode, configResources: [] })
  expect(asked).toEqual(['DescribeConfigs Cluster kafka-cluster'])
})
