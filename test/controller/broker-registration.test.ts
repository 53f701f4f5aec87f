import { describe, expect, test } from 'vitest'
import type { BrokerRegistrationRequestInput } from '../../src/protocol/api/62-broker-registration.ts'
import { KafkaError } from '../../src/protocol/errors.ts'
import { ControllerHarness, directoryOf } from './controller-harness.ts'

type Fields = Partial<BrokerRegistrationRequestInput>

function outcome(fields: Fields, harness = ControllerHarness.withBrokers(1)): string {
  try {
    harness.register(2, fields)
    return 'accepted'
  } catch (error) {
    expect(error).toBeInstanceOf(KafkaError)
    return (error as KafkaError).error
  }
}

const sixOthers = (changes: Readonly<Record<string, readonly [number, number] | null>>) => {
  const features = new Map<string, readonly [number, number]>([
    ['metadata.version', [7, 30]],
    ['kraft.version', [0, 1]],
    ['group.version', [0, 1]],
    ['transaction.version', [0, 2]],
    ['share.version', [0, 1]],
    ['streams.version', [0, 1]],
    ['eligible.leader.replicas.version', [0, 1]],
  ])
  for (const [name, range] of Object.entries(changes)) {
    if (range === null) features.delete(name)
    else features.set(name, range)
  }
  return [...features].map(([name, [minSupportedVersion, maxSupportedVersion]]) => ({
    name,
    minSupportedVersion,
    maxSupportedVersion,
  }))
}

describe('what is accepted, as 4.3.1 does', () => {
  const matrix: [string, Fields, string][] = [
    ['all features and a directory', {}, 'accepted'],
    ['group.version missing', { features: sixOthers({ 'group.version': null }) }, 'UNSUPPORTED_VERSION'],
    ['kraft.version missing', { features: sixOthers({ 'kraft.version': null }) }, 'UNSUPPORTED_VERSION'],
    ['share.version missing', { features: sixOthers({ 'share.version': null }) }, 'UNSUPPORTED_VERSION'],
    ['ELR missing', { features: sixOthers({ 'eligible.leader.replicas.version': null }) }, 'UNSUPPORTED_VERSION'],
    ['metadata.version missing', { features: sixOthers({ 'metadata.version': null }) }, 'INVALID_REGISTRATION'],
    ['no features', { features: [] }, 'INVALID_REGISTRATION'],
    ['metadata.version 7 to 29', { features: sixOthers({ 'metadata.version': [7, 29] }) }, 'UNSUPPORTED_VERSION'],
    ['metadata.version 30 to 30', { features: sixOthers({ 'metadata.version': [30, 30] }) }, 'accepted'],
    ['metadata.version 1 to 99', { features: sixOthers({ 'metadata.version': [1, 99] }) }, 'accepted'],
    ['kraft.version 0 to 0', { features: sixOthers({ 'kraft.version': [0, 0] }) }, 'UNSUPPORTED_VERSION'],
    ['transaction.version 0 to 1', { features: sixOthers({ 'transaction.version': [0, 1] }) }, 'UNSUPPORTED_VERSION'],
    ['an unknown feature', { features: sixOthers({ 'made.up': [0, 9] }) }, 'accepted'],
    ['no directories', { logDirs: [] }, 'INVALID_REGISTRATION'],
    ['one directory twice', { logDirs: [directoryOf(2), directoryOf(2)] }, 'INVALID_REGISTRATION'],
    ['a reserved directory', { logDirs: ['AAAAAAAAAAAAAAAAAAAAYw'] }, 'INVALID_REGISTRATION'],
    ['the directory of another broker', { logDirs: [directoryOf(1)] }, 'INVALID_REGISTRATION'],
    ['no listeners', { listeners: [] }, 'accepted'],
    ['another cluster', { clusterId: 'another' }, 'INCONSISTENT_CLUSTER_ID'],
    ['a migrating ZooKeeper broker', { isMigratingZkBroker: true }, 'BROKER_ID_NOT_REGISTERED'],
  ]
  test.each(matrix)('%s', (_name, fields, expected) => {
    expect(outcome(fields)).toBe(expected)
  })

  test('kraft.version need not be named while it is 0', () => {
    const harness = ControllerHarness.withBrokers(1)
    harness.kraftVersion = 0
    expect(outcome({ features: sixOthers({ 'kraft.version': null }) }, harness)).toBe('accepted')
  })
})

describe('a registration', () => {
  test('begins fenced, with the next offset as its epoch', () => {
    const harness = new ControllerHarness()
    harness.activate()
    const nextOffset = harness.image.nextOffset
    expect(harness.register(1, { rack: 'a' })).toBe(nextOffset)
    expect(harness.written).toHaveLength(1)
    expect(harness.written[0]).toMatchObject({ type: 'RegisterBrokerRecord', version: 4 })
    expect(harness.image.cluster.broker(1)).toMatchObject({ isFenced: true, rack: 'a', cordonedDirectories: null })
  })

  test('of the same incarnation keeps its epoch', () => {
    const harness = new ControllerHarness()
    harness.activate()
    const incarnationId = 'dG9waWMtd2l0aC1hbi1pZA'
    const epoch = harness.register(1, { incarnationId })
    harness.heartbeat(1)
    expect(harness.register(1, { incarnationId, rack: 'b' })).toBe(epoch)
    expect(harness.image.cluster.broker(1)).toMatchObject({ isFenced: false, rack: 'b' })
  })

  test('of another incarnation waits for the session of the one before', () => {
    const harness = ControllerHarness.withBrokers(1)
    harness.nowMs = 9000
    expect(() => harness.register(1)).toThrow('Another broker is registered')
    harness.nowMs = 9001
    harness.register(1)
  })

  test('of another incarnation is taken at once when its predecessor is known to be dead', () => {
    const harness = ControllerHarness.withBrokers(1)
    const before = harness.epochOf(1)
    expect(harness.register(1, {}, true)).toBeGreaterThan(before)
    expect(harness.image.cluster.broker(1)!.isFenced).toBe(true)
  })

  test('one that never sent a heartbeat blocks nobody', () => {
    const harness = new ControllerHarness()
    harness.activate()
    harness.register(1)
    harness.register(1)
  })
})

describe('a new incarnation on partitions', () => {
  test('after a crash the only replica leads again, and says that it recovers', () => {
    const harness = ControllerHarness.withBrokers(1)
    harness.createTopic('a', [[1]])
    harness.register(1, { previousBrokerEpoch: -1 }, true)
    expect(harness.writtenTypes).toEqual(['PartitionChangeRecord', 'RegisterBrokerRecord'])
    expect(harness.partition('a')).toMatchObject({ isr: [], leader: -1, elr: [], lastKnownElr: [1], leaderEpoch: 1 })
    harness.heartbeat(1)
    expect(harness.writtenTypes).toEqual(['BrokerRegistrationChangeRecord', 'PartitionChangeRecord'])
    expect(harness.partition('a')).toMatchObject({
      isr: [1],
      leader: 1,
      leaderRecoveryState: 1,
      lastKnownElr: [],
      leaderEpoch: 2,
      partitionEpoch: 2,
    })
  })

  test('after a clean shutdown the only replica leads again as if nothing had been', () => {
    const harness = ControllerHarness.withBrokers(1)
    harness.createTopic('a', [[1]])
    const epoch = harness.epochOf(1)
    harness.heartbeat(1, { wantShutDown: true })
    expect(harness.heartbeat(1, { wantShutDown: true }).shouldShutDown).toBe(true)
    expect(harness.partition('a')).toMatchObject({ isr: [], leader: -1, elr: [1], lastKnownElr: [1] })
    harness.register(1, { previousBrokerEpoch: epoch })
    expect(harness.writtenTypes).toEqual(['RegisterBrokerRecord'])
    harness.heartbeat(1)
    expect(harness.partition('a')).toMatchObject({
      isr: [1],
      leader: 1,
      leaderRecoveryState: 0,
      elr: [],
      lastKnownElr: [],
    })
  })

  test('after a crash another replica leads', () => {
    const harness = ControllerHarness.withBrokers(2)
    harness.createTopic('a', [[1, 2]])
    harness.register(1, {}, true)
    expect(harness.partition('a')).toMatchObject({ isr: [2], leader: 2, elr: [], leaderEpoch: 1 })
  })
})
