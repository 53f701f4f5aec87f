import { expect, test } from 'vitest'
import { metadataRecord } from '../../src/metadata/metadata-record.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { ControllerHarness } from './controller-harness.ts'

test('an empty log gets one transaction with the features of 4.3.1 and a cluster-wide min.insync.replicas', () => {
  const harness = new ControllerHarness({ 'min.insync.replicas': '2' })
  expect(harness.activate().map(({ type, version, data }) => [type, version, data])).toEqual([
    ['BeginTransactionRecord', 0, { name: 'Bootstrap records' }],
    ['FeatureLevelRecord', 0, { name: 'metadata.version', featureLevel: 30 }],
    ['FeatureLevelRecord', 0, { name: 'eligible.leader.replicas.version', featureLevel: 1 }],
    ['FeatureLevelRecord', 0, { name: 'group.version', featureLevel: 1 }],
    ['FeatureLevelRecord', 0, { name: 'share.version', featureLevel: 1 }],
    ['FeatureLevelRecord', 0, { name: 'streams.version', featureLevel: 1 }],
    ['FeatureLevelRecord', 0, { name: 'transaction.version', featureLevel: 2 }],
    ['ConfigRecord', 0, { resourceType: 4, resourceName: '', name: 'min.insync.replicas', value: '2' }],
    ['EndTransactionRecord', 0, {}],
  ])
})

test('a log in order gets nothing', () => {
  const harness = new ControllerHarness()
  harness.activate()
  expect(harness.activate()).toEqual([])
})

test('a bootstrap that was cut off is aborted and begun anew', () => {
  const harness = new ControllerHarness()
  harness.commit([
    metadataRecord('BeginTransactionRecord', 0, { name: 'Bootstrap records' }),
    metadataRecord('FeatureLevelRecord', 0, { name: 'metadata.version', featureLevel: 30 }),
  ])
  harness.activate()
  expect(harness.writtenTypes.slice(0, 2)).toEqual(['AbortTransactionRecord', 'BeginTransactionRecord'])
  expect(harness.image.metadataVersion).toBe(30)
  expect(harness.image.isInTransaction).toBe(false)
})

test('a controller registers itself with its features', () => {
  const harness = new ControllerHarness()
  harness.activate()
  harness.handle(apiKeys.ControllerRegistration, {
    controllerId: 3001,
    incarnationId: 'dG9waWMtd2l0aC1hbi1pZA',
    listeners: [{ name: 'CONTROLLER', host: 'localhost', port: 9093, securityProtocol: 0 }],
    features: [{ name: 'metadata.version', minSupportedVersion: 7, maxSupportedVersion: 30 }],
  })
  expect(harness.writtenTypes).toEqual(['RegisterControllerRecord'])
  expect(harness.image.cluster.controller(3001)).toMatchObject({
    incarnationId: 'dG9waWMtd2l0aC1hbi1pZA',
    endpoints: [{ name: 'CONTROLLER', host: 'localhost', port: 9093 }],
  })
})

test('producer ids come in blocks of a thousand', () => {
  const harness = ControllerHarness.withBrokers(1)
  const request = { brokerId: 1, brokerEpoch: harness.epochOf(1) }
  expect(harness.handle(apiKeys.AllocateProducerIds, request)).toMatchObject({
    producerIdStart: 0n,
    producerIdLen: 1000,
  })
  expect(harness.handle(apiKeys.AllocateProducerIds, request)).toMatchObject({ producerIdStart: 1000n })
  expect(harness.image.nextProducerId).toBe(2000n)
  expect(() => harness.handle(apiKeys.AllocateProducerIds, { ...request, brokerEpoch: 1 })).toThrow('broker epoch')
})
