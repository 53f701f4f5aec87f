import { describe, expect, test } from 'vitest'
import { metadataRecord } from '../../src/metadata/metadata-record.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { ControllerHarness } from './controller-harness.ts'

/** `leader` asks for that ISR. */
function alterIsr(harness: ControllerHarness, name: string, leader: number, isr: readonly number[]): void {
  const { leaderEpoch, partitionEpoch } = harness.partition(name)
  const newIsrWithEpochs = isr.map((brokerId) => ({ brokerId, brokerEpoch: harness.epochOf(brokerId) }))
  const partitions = [{ partitionIndex: 0, leaderEpoch, partitionEpoch, newIsrWithEpochs }]
  const topics = [{ topicId: harness.image.topics.getByName(name)!.id, partitions }]
  harness.handle(apiKeys.AlterPartition, { brokerId: leader, brokerEpoch: harness.epochOf(leader), topics })
}

function balance(harness: ControllerHarness): string[] {
  harness.commit(harness.controller.balanceLeaders())
  return harness.writtenTypes
}

describe('leaderships go back to the preferred replica', () => {
  test('once it is in sync again, and no sooner', () => {
    const harness = ControllerHarness.withBrokers(2)
    harness.createTopic('a', [[1, 2]])
    expect(balance(harness)).toEqual([])
    harness.heartbeat(1, { wantFence: true })
    expect(harness.partition('a')).toMatchObject({ leader: 2, isr: [2] })
    harness.heartbeat(1)
    expect(balance(harness)).toEqual([])
    alterIsr(harness, 'a', 2, [2, 1])
    expect(balance(harness)).toEqual(['PartitionChangeRecord'])
    expect(harness.partition('a')).toMatchObject({ leader: 1, isr: [2, 1], leaderEpoch: 2 })
    expect(balance(harness)).toEqual([])
  })

  test('a thousand at a time', () => {
    const harness = ControllerHarness.withBrokers(2)
    const assignments = Array.from({ length: 1_100 }, () => [1, 2])
    harness.createTopic('a', assignments)
    const { id } = harness.image.topics.getByName('a')!
    const change = { topicId: id, leader: 2 }
    harness.commit(
      assignments.map((_, partitionId) => metadataRecord('PartitionChangeRecord', 2, { ...change, partitionId })),
    )
    expect(balance(harness)).toHaveLength(1_000)
    expect(balance(harness)).toHaveLength(100)
  })
})

describe('a partition without a leader', () => {
  /** 1, the last in sync, is gone; 2 lives and lacks records. */
  function leaderless(): ControllerHarness {
    const harness = ControllerHarness.withBrokers(2)
    harness.createTopic('a', [[1, 2]])
    alterIsr(harness, 'a', 1, [1])
    harness.heartbeat(1, { wantFence: true })
    expect(harness.partition('a').leader).toBe(-1)
    return harness
  }

  test('stays so where nothing may be lost', () => {
    const harness = leaderless()
    expect(harness.controller.electUncleanly()).toEqual([])
  })

  test('gets one that lives once that is allowed, which says that it recovers', () => {
    const harness = leaderless()
    harness.alterConfigs(2, 'a', ['unclean.leader.election.enable', 0, 'true'])
    harness.commit(harness.controller.electUncleanly())
    expect(harness.partition('a')).toMatchObject({ leader: 2, isr: [2], leaderRecoveryState: 1, elr: [] })
    expect(harness.controller.electUncleanly()).toEqual([])
  })
})
