import { expect, test } from 'vitest'
import { metadataRecord } from '../../src/metadata/metadata-record.ts'
import { describeClusterRequest, describeClusterResponse } from '../../src/protocol/api/60-describe-cluster.ts'
import { startControlledBroker } from './controlled-broker.ts'

const describeClusterApi = [describeClusterRequest, describeClusterResponse] as const

test('tells the cluster, its brokers and a live broker as controller', async () => {
  const harness = await startControlledBroker()
  for (const version of [0, 1, 2]) {
    expect(await harness.call(describeClusterApi, version, {})).toMatchObject({
      errorCode: 0,
      errorMessage: null,
      clusterId: 'vPeOCWypqUOSepEvx0cbog',
      controllerId: expect.toBeOneOf([1, 2]),
      brokers: [
        { brokerId: 1, host: '127.0.0.1', port: 9092, rack: null, isFenced: false },
        { brokerId: 2, host: 'broker-2', port: 9092, rack: null, isFenced: false },
      ],
      clusterAuthorizedOperations: -2147483648,
    })
  }
  const asked = await harness.call(describeClusterApi, 2, { includeClusterAuthorizedOperations: true })
  expect(asked.clusterAuthorizedOperations).toBe(8096)
})

test('tells fenced brokers only when asked', async () => {
  const harness = await startControlledBroker()
  const change = { brokerId: 2, brokerEpoch: 200, fenced: 1 }
  harness.commit([metadataRecord('BrokerRegistrationChangeRecord', 0, change)])
  const ids = async (includeFencedBrokers: boolean) => {
    const { brokers } = await harness.call(describeClusterApi, 2, { includeFencedBrokers })
    return brokers.map(({ brokerId, isFenced }) => [brokerId, isFenced])
  }
  expect(await ids(false)).toEqual([[1, false]])
  expect(await ids(true)).toEqual([
    [1, false],
    [2, true],
  ])
})

test('refuses to tell controllers on a listener of brokers', async () => {
  const harness = await startControlledBroker()
  expect(await harness.call(describeClusterApi, 1, { endpointType: 2 })).toMatchObject({
    errorCode: 114,
    errorMessage: 'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER',
    clusterId: '',
    controllerId: -1,
    brokers: [],
  })
  expect(await harness.call(describeClusterApi, 1, { endpointType: 3 })).toMatchObject({
    errorCode: 115,
    errorMessage: 'Unsupported endpoint type 3',
  })
})

test('tells the controllers on their listener', async () => {
  const harness = await startControlledBroker({
    config: { 'controller.listener.names': 'CONTROLLER', listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093' },
  })
  const endPoints = [{ name: 'CONTROLLER', host: 'controller-1', port: 9093, securityProtocol: 0 }]
  const registration = { controllerId: 1, incarnationId: 'vPeOCWypqUOSepEvx0cbog', zkMigrationReady: false, endPoints }
  harness.commit([metadataRecord('RegisterControllerRecord', 0, { ...registration, features: [] })])
  const connection = harness.connect('CONTROLLER')
  expect(await harness.call(describeClusterApi, 2, { endpointType: 2 }, connection)).toMatchObject({
    errorCode: 0,
    endpointType: 2,
    clusterId: 'vPeOCWypqUOSepEvx0cbog',
    controllerId: 1,
    brokers: [{ brokerId: 1, host: 'controller-1', port: 9093, rack: null, isFenced: false }],
  })
  expect(await harness.call(describeClusterApi, 1, { endpointType: 1 }, connection)).toMatchObject({
    errorCode: 114,
    errorMessage: 'The request was sent to an endpoint of type CONTROLLER, but we wanted an endpoint of type BROKER',
  })
})
