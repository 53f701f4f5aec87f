import { describe, expect, test } from 'vitest'
import { ControllerHarness, directoryOf } from './controller-harness.ts'

/** Broker 1 tells in which directory it put partition 0 of the topic. */
function placeReplica(harness: ControllerHarness, topicId: string, id: string): void {
  harness.handle(73, {
    brokerId: 1,
    brokerEpoch: harness.epochOf(1),
    directories: [{ id, topics: [{ topicId, partitions: [{ partitionIndex: 0 }] }] }],
  })
}

describe('fencing', () => {
  test('a broker is unfenced once it has read its own registration', () => {
    const harness = new ControllerHarness()
    harness.activate()
    harness.register(1)
    const offset = harness.image.cluster.registrationOffset(1)
    expect(harness.heartbeat(1, { currentMetadataOffset: offset - 1 })).toMatchObject({
      isCaughtUp: false,
      isFenced: true,
    })
    expect(harness.written).toEqual([])
    expect(harness.heartbeat(1, { currentMetadataOffset: offset, wantFence: true })).toMatchObject({
      isCaughtUp: true,
      isFenced: true,
    })
    expect(harness.heartbeat(1, { currentMetadataOffset: offset })).toMatchObject({ isFenced: false })
    expect(harness.written).toMatchObject([
      { type: 'BrokerRegistrationChangeRecord', version: 0, data: { fenced: -1 } },
    ])
  })

  test('an unfenced one may ask to be fenced', () => {
    const harness = ControllerHarness.withBrokers(2)
    harness.createTopic('a', [[1, 2]])
    expect(harness.heartbeat(1, { wantFence: true })).toMatchObject({ isFenced: true })
    expect(harness.partition('a')).toMatchObject({ isr: [2], leader: 2 })
  })

  test('a wrong epoch must register again', () => {
    const harness = ControllerHarness.withBrokers(1)
    expect(() => harness.heartbeat(1, { brokerEpoch: 1 })).toThrow('broker epoch')
    expect(() => harness.heartbeat(7)).toThrow('No broker registration')
  })

  test('a session that runs out fences its broker and moves its leaderships', () => {
    const harness = ControllerHarness.withBrokers(2)
    harness.createTopic('a', [
      [1, 2],
      [2, 1],
    ])
    harness.nowMs = 5000
    harness.heartbeat(2)
    expect(harness.controller.nextSessionExpiryMs(harness.nowMs)).toBe(9000)
    harness.nowMs = 9001
    harness.commit(harness.controller.fenceStaleBrokers(harness.nowMs))
    expect(harness.writtenTypes).toEqual([
      'PartitionChangeRecord',
      'PartitionChangeRecord',
      'BrokerRegistrationChangeRecord',
    ])
    expect(harness.image.cluster.broker(1)!.isFenced).toBe(true)
    expect(harness.partition('a', 0)).toMatchObject({ isr: [2], leader: 2, leaderEpoch: 1 })
    expect(harness.partition('a', 1)).toMatchObject({ isr: [2], leader: 2, leaderEpoch: 0, partitionEpoch: 1 })
    expect(harness.controller.fenceStaleBrokers(harness.nowMs)).toEqual([])
    expect(harness.controller.nextSessionExpiryMs(harness.nowMs)).toBe(14_000)
  })

  test('a broker whose process is gone is fenced as if its session had run out, and its successor need not wait', () => {
    const harness = ControllerHarness.withBrokers(2)
    harness.createTopic('a', [[1, 2]])
    const epoch = harness.epochOf(1)
    expect(harness.controller.fenceBroker(1, epoch - 1)).toEqual([])
    harness.commit(harness.controller.fenceBroker(1, epoch))
    expect(harness.writtenTypes).toEqual(['PartitionChangeRecord', 'BrokerRegistrationChangeRecord'])
    expect(harness.partition('a')).toMatchObject({ leader: 2, isr: [2], leaderEpoch: 1 })
    expect(harness.controller.fenceBroker(1, epoch)).toEqual([])
    expect(harness.register(1)).toBeGreaterThan(epoch)
    expect(harness.controller.fenceBroker(1, epoch)).toEqual([])
  })

  test('a controller that takes over gives every live broker a whole session', () => {
    const harness = ControllerHarness.withBrokers(1)
    harness.nowMs = 100_000
    harness.activate()
    expect(harness.controller.fenceStaleBrokers(108_999)).toEqual([])
    expect(harness.controller.fenceStaleBrokers(109_001)).not.toEqual([])
  })

  test('and to one that was silent before, the rest of its own, which a heartbeat renews', () => {
    const harness = ControllerHarness.withBrokers(2)
    harness.nowMs = 100_000
    harness.commit(harness.controller.activate(harness.nowMs, { brokerId: 2, lastHeardMs: 97_000 }))
    expect(harness.controller.fenceStaleBrokers(106_000)).toEqual([])
    harness.commit(harness.controller.fenceStaleBrokers(106_001))
    expect(harness.image.cluster.broker(2)!.isFenced).toBe(true)
    harness.heartbeat(2)
    harness.commit(harness.controller.activate(harness.nowMs, { brokerId: 2, lastHeardMs: 97_000 }))
    harness.heartbeat(2)
    expect(harness.controller.fenceStaleBrokers(108_999)).toEqual([])
  })
})

describe('eligible leader replicas', () => {
  test('below min.insync.replicas whoever leaves stays eligible, and leads again when the last one is gone', () => {
    const harness = ControllerHarness.withBrokers(3)
    harness.createTopic('a', [[1, 2, 3]], { 'min.insync.replicas': '2' })
    harness.heartbeat(1, { wantFence: true })
    expect(harness.partition('a')).toMatchObject({ isr: [2, 3], leader: 2, elr: [] })
    harness.heartbeat(2, { wantFence: true })
    expect(harness.partition('a')).toMatchObject({ isr: [3], leader: 3, elr: [2] })
    harness.heartbeat(3, { wantFence: true })
    expect(harness.partition('a')).toMatchObject({ isr: [], leader: -1, elr: [2, 3], lastKnownElr: [3] })
    harness.heartbeat(1)
    expect(harness.partition('a')).toMatchObject({ leader: -1 })
    harness.heartbeat(2)
    expect(harness.partition('a')).toMatchObject({
      isr: [2],
      leader: 2,
      elr: [3],
      lastKnownElr: [],
      leaderRecoveryState: 0,
    })
  })

  test('an unclean election is made only where the topic allows it', () => {
    const harness = ControllerHarness.withBrokers(2)
    harness.createTopic('a', [[1, 2]], { 'unclean.leader.election.enable': 'true' })
    harness.createTopic('b', [[1, 2]])
    harness.heartbeat(2, { wantFence: true })
    harness.heartbeat(1, { wantFence: true })
    harness.heartbeat(2)
    expect(harness.partition('a')).toMatchObject({ isr: [2], leader: 2, leaderRecoveryState: 1, elr: [] })
    expect(harness.partition('b')).toMatchObject({ isr: [], leader: -1, elr: [1] })
  })
})

describe('controlled shutdown', () => {
  test('moves leaderships away and lets go once the others have read that', () => {
    const harness = ControllerHarness.withBrokers(2)
    harness.createTopic('a', [[1, 2]])
    harness.heartbeat(2, { currentMetadataOffset: 10 })
    expect(harness.heartbeat(1, { wantShutDown: true })).toMatchObject({ shouldShutDown: false, isFenced: false })
    expect(harness.written[0]).toMatchObject({ version: 1, data: { inControlledShutdown: 1, fenced: 0 } })
    expect(harness.partition('a')).toMatchObject({ isr: [2], leader: 2 })
    const shutdownOffset = harness.image.nextOffset - 1
    expect(harness.heartbeat(1, { wantShutDown: true }).shouldShutDown).toBe(false)
    harness.heartbeat(2, { currentMetadataOffset: shutdownOffset })
    expect(harness.heartbeat(1, { wantShutDown: true }).shouldShutDown).toBe(true)
    expect(harness.written).toMatchObject([{ version: 0, data: { fenced: 1 } }])
  })

  test('is granted at once to a broker that leads nothing', () => {
    const harness = ControllerHarness.withBrokers(2)
    expect(harness.heartbeat(1, { wantShutDown: true })).toMatchObject({ shouldShutDown: true, isFenced: true })
  })
})

describe('log directories', () => {
  test('one that fails takes its replicas out of sync, and is not named again', () => {
    const harness = new ControllerHarness()
    harness.activate()
    harness.startBroker(1, { logDirs: [directoryOf(1), directoryOf(9)] })
    harness.startBroker(2)
    const topicId = harness.createTopic('a', [[1, 2]])
    expect(harness.partition('a').directories).toEqual(['AAAAAAAAAAAAAAAAAAAAAQ', directoryOf(2)])
    placeReplica(harness, topicId, directoryOf(9))
    expect(harness.partition('a').directories[0]).toBe(directoryOf(9))
    harness.heartbeat(1, { offlineLogDirs: [directoryOf(9)] })
    expect(harness.writtenTypes).toEqual(['PartitionChangeRecord', 'BrokerRegistrationChangeRecord'])
    expect(harness.partition('a')).toMatchObject({ isr: [2], leader: 2 })
    expect(harness.image.cluster.broker(1)!.directories).toEqual([directoryOf(1)])
    harness.heartbeat(1, { offlineLogDirs: [directoryOf(9)] })
    expect(harness.written).toEqual([])
  })

  test('the only replica in one that fails stays eligible, and leads again when it is back', () => {
    const harness = ControllerHarness.withBrokers(0)
    harness.startBroker(1, { logDirs: [directoryOf(1), directoryOf(9)] })
    const topicId = harness.createTopic('a', [[1]])
    placeReplica(harness, topicId, directoryOf(9))
    harness.heartbeat(1, { offlineLogDirs: [directoryOf(9)] })
    expect(harness.partition('a')).toMatchObject({ leader: -1, leaderEpoch: 1 })
    harness.register(1, { logDirs: [directoryOf(1)] }, true)
    harness.heartbeat(1)
    expect(harness.partition('a').leader, 'its directory is still away').toBe(-1)
    harness.register(1, { logDirs: [directoryOf(1), directoryOf(9)] }, true)
    harness.heartbeat(1)
    expect(harness.partition('a')).toMatchObject({ leader: 1, isr: [1] })
  })

  test('a replica that turns out to lie in one that failed cannot stay in sync or lead', () => {
    const harness = ControllerHarness.withBrokers(0)
    harness.startBroker(1, { logDirs: [directoryOf(1), directoryOf(9)] })
    harness.startBroker(2)
    const topicId = harness.createTopic('a', [[1, 2]])
    harness.heartbeat(1, { offlineLogDirs: [directoryOf(9)] })
    expect(harness.partition('a')).toMatchObject({ isr: [1, 2], leader: 1 })
    placeReplica(harness, topicId, directoryOf(9))
    expect(harness.partition('a')).toMatchObject({ isr: [2], leader: 2 })
  })

  test('the first list of cordoned ones is recorded, the same again is not', () => {
    const harness = ControllerHarness.withBrokers(1)
    harness.heartbeat(1, { cordonedLogDirs: [] })
    expect(harness.written).toMatchObject([{ version: 3, data: { cordonedLogDirs: [] } }])
    harness.heartbeat(1, { cordonedLogDirs: [] })
    expect(harness.written).toEqual([])
  })
})
