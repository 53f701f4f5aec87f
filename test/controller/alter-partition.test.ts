import { describe, expect, test } from 'vitest'
import type { AlterPartitionResponse } from '../../src/protocol/api/56-alter-partition.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorName } from '../../src/protocol/errors.ts'
import { ControllerHarness } from './controller-harness.ts'

interface Wish {
  readonly brokerId?: number
  readonly topicId?: string
  readonly index?: number
  readonly isr: readonly number[]
  readonly leaderEpoch?: number
  readonly partitionEpoch?: number
  readonly leaderRecoveryState?: number
  readonly epochs?: ReadonlyMap<number, number>
}

function harnessWithTopic(): ControllerHarness {
  const harness = ControllerHarness.withBrokers(3)
  harness.createTopic('a', [[1, 2, 3]])
  return harness
}

function alter(harness: ControllerHarness, wish: Wish) {
  const brokerId = wish.brokerId ?? 1
  const response = harness.handle<AlterPartitionResponse>(apiKeys.AlterPartition, {
    brokerId,
    brokerEpoch: harness.epochOf(brokerId),
    topics: [
      {
        topicId: wish.topicId ?? harness.image.topics.getByName('a')!.id,
        partitions: [
          {
            partitionIndex: wish.index ?? 0,
            leaderEpoch: wish.leaderEpoch ?? harness.partition('a').leaderEpoch,
            newIsrWithEpochs: wish.isr.map((id) => ({
              brokerId: id,
              brokerEpoch: wish.epochs?.get(id) ?? harness.epochOf(id),
            })),
            leaderRecoveryState: wish.leaderRecoveryState ?? 0,
            partitionEpoch: wish.partitionEpoch ?? harness.partition('a').partitionEpoch,
          },
        ],
      },
    ],
  })
  return response.topics[0]!.partitions[0]!
}

describe('a leader', () => {
  test('shrinks and expands its ISR; the leader epoch stays', () => {
    const harness = harnessWithTopic()
    expect(alter(harness, { isr: [1, 3] })).toMatchObject({
      errorCode: 0,
      leaderId: 1,
      leaderEpoch: 0,
      isr: [1, 3],
      partitionEpoch: 1,
    })
    expect(harness.written).toMatchObject([{ type: 'PartitionChangeRecord', data: { isr: [1, 3], leader: -2 } }])
    expect(alter(harness, { isr: [1, 2, 3] })).toMatchObject({ errorCode: 0, partitionEpoch: 2 })
    expect(harness.partition('a')).toMatchObject({ isr: [1, 2, 3], leaderEpoch: 0, partitionEpoch: 2 })
  })

  test('that asks for what there is gets it without a record', () => {
    const harness = harnessWithTopic()
    expect(alter(harness, { isr: [1, 2, 3] })).toMatchObject({ errorCode: 0, partitionEpoch: 0 })
    expect(harness.written).toEqual([])
  })

  test('says that it has recovered', () => {
    const harness = ControllerHarness.withBrokers(1)
    harness.createTopic('a', [[1]])
    harness.register(1, {}, true)
    harness.heartbeat(1)
    expect(harness.partition('a').leaderRecoveryState).toBe(1)
    expect(alter(harness, { isr: [1], leaderRecoveryState: 0 })).toMatchObject({ errorCode: 0, leaderRecoveryState: 0 })
    expect(harness.partition('a').leaderRecoveryState).toBe(0)
  })

  test('without a broker epoch for a member means whichever is registered', () => {
    const harness = harnessWithTopic()
    expect(alter(harness, { isr: [1, 2], epochs: new Map([[2, -1]]) })).toMatchObject({ errorCode: 0, isr: [1, 2] })
  })
})

describe('a request is refused', () => {
  const unknownId = 'QkJCQkJCQkJCQkJCQkJCQg'
  const cases: [string, Wish, string][] = [
    ['for an unknown topic', { isr: [1], topicId: unknownId }, 'UNKNOWN_TOPIC_ID'],
    ['for an unknown partition', { isr: [1], index: 7 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['from a newer leader epoch', { isr: [1], leaderEpoch: 9 }, 'NOT_CONTROLLER'],
    ['from a newer partition epoch', { isr: [1], partitionEpoch: 9 }, 'NOT_CONTROLLER'],
    ['from an older leader epoch', { isr: [1], leaderEpoch: -1 }, 'FENCED_LEADER_EPOCH'],
    ['from a follower', { isr: [1, 2], brokerId: 2 }, 'INVALID_REQUEST'],
    ['from an older partition epoch', { isr: [1], partitionEpoch: -1 }, 'INVALID_UPDATE_VERSION'],
    ['without its leader', { isr: [2, 3] }, 'INVALID_REQUEST'],
    ['with a member twice', { isr: [1, 1] }, 'INVALID_REQUEST'],
    ['when it falls back to recovering', { isr: [1], leaderRecoveryState: 1 }, 'INVALID_REQUEST'],
    ['with several while recovering', { isr: [1, 2], leaderRecoveryState: 1 }, 'INVALID_REQUEST'],
    ['with another incarnation', { isr: [1, 2], epochs: new Map([[2, 1]]) }, 'INELIGIBLE_REPLICA'],
  ]
  test.each(cases)('%s', (_name, wish, expected) => {
    const harness = harnessWithTopic()
    expect(errorName(alter(harness, wish).errorCode)).toBe(expected)
    expect(harness.written).toEqual([])
  })

  test('with a member that is fenced', () => {
    const harness = harnessWithTopic()
    harness.heartbeat(3, { wantFence: true })
    expect(errorName(alter(harness, { isr: [1, 2, 3] }).errorCode)).toBe('INELIGIBLE_REPLICA')
  })

  test('with a broker epoch that is over', () => {
    const harness = harnessWithTopic()
    const request = { brokerId: 1, brokerEpoch: 1, topics: [] }
    expect(() => harness.handle(apiKeys.AlterPartition, request)).toThrow('Expected broker epoch')
  })
})
