import { expect, test } from 'vitest'
import type { ElectLeadersResponse } from '../../src/protocol/api/43-elect-leaders.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorName } from '../../src/protocol/errors.ts'
import { ControllerHarness } from './controller-harness.ts'

const [preferred, unclean] = [0, 1]

/** [topic, partition, error, message] of each partition that is told. */
function elect(
  harness: ControllerHarness,
  electionType: number,
  topicPartitions: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | null,
) {
  const response = harness.handle<ElectLeadersResponse>(apiKeys.ElectLeaders, { electionType, topicPartitions })
  expect(response.errorCode).toBe(0)
  return response.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
    partitionResult.map((each) => [topic, each.partitionId, errorName(each.errorCode), each.errorMessage]),
  )
}

/** Partition 0 of `a` is led by 2 though 1, which is back, is preferred; partition 1 by 2, which is. */
function harnessOffBalance(): ControllerHarness {
  const harness = ControllerHarness.withBrokers(2)
  harness.createTopic('a', [
    [1, 2],
    [2, 1],
  ])
  harness.heartbeat(1, { wantFence: true })
  harness.heartbeat(1)
  return harness
}

function bringIntoSync(harness: ControllerHarness): void {
  const { leaderEpoch, partitionEpoch } = harness.partition('a')
  harness.handle(apiKeys.AlterPartition, {
    brokerId: 2,
    brokerEpoch: harness.epochOf(2),
    topics: [
      {
        topicId: harness.image.topics.getByName('a')!.id,
        partitions: [
          {
            ...{ partitionIndex: 0, leaderEpoch, partitionEpoch },
            newIsrWithEpochs: [2, 1].map((brokerId) => ({ brokerId, brokerEpoch: harness.epochOf(brokerId) })),
          },
        ],
      },
    ],
  })
}

test('the preferred leader leads again once it is in sync', () => {
  const harness = harnessOffBalance()
  expect(harness.partition('a').leader).toBe(2)
  const asked = [{ topic: 'a', partitions: [0, 1] }]
  const notNeeded = ['a', 1, 'ELECTION_NOT_NEEDED', 'Leader election not needed for topic partition.']
  expect(elect(harness, preferred, asked)).toEqual([
    ['a', 0, 'PREFERRED_LEADER_NOT_AVAILABLE', 'The preferred leader was not available.'],
    notNeeded,
  ])
  expect(harness.written).toEqual([])
  bringIntoSync(harness)
  expect(elect(harness, preferred, asked)).toEqual([['a', 0, 'NONE', null], notNeeded])
  expect(harness.partition('a').leader).toBe(1)
})

test('of all partitions, those that need no election are not told', () => {
  const harness = harnessOffBalance()
  bringIntoSync(harness)
  expect(elect(harness, preferred, null)).toEqual([['a', 0, 'NONE', null]])
  expect(elect(harness, preferred, null)).toEqual([])
  expect(elect(harness, unclean, null)).toEqual([])
})

test('an unclean election takes who lives, and says that it must recover', () => {
  const harness = ControllerHarness.withBrokers(2, { 'min.insync.replicas': '1' })
  harness.createTopic('a', [[1, 2]])
  harness.heartbeat(2, { wantFence: true })
  harness.heartbeat(1, { wantFence: true })
  expect(harness.partition('a').leader).toBe(-1)
  const asked = [{ topic: 'a', partitions: [0] }]
  expect(elect(harness, unclean, asked)).toEqual([
    ['a', 0, 'ELIGIBLE_LEADERS_NOT_AVAILABLE', 'Eligible topic partition leaders are not available.'],
  ])
  harness.heartbeat(2)
  expect(harness.partition('a').leader).toBe(-1)
  expect(elect(harness, preferred, asked)[0]?.[2]).toBe('PREFERRED_LEADER_NOT_AVAILABLE')
  expect(elect(harness, unclean, asked)).toEqual([['a', 0, 'NONE', null]])
  expect(harness.partition('a')).toMatchObject({ leader: 2, isr: [2], leaderRecoveryState: 1 })
})

test('what does not exist, and a kind of election that does not', () => {
  const harness = harnessOffBalance()
  expect(
    elect(harness, preferred, [
      { topic: 'none', partitions: [0] },
      { topic: 'a', partitions: [-1] },
    ]),
  ).toEqual([
    ['none', 0, 'UNKNOWN_TOPIC_OR_PARTITION', 'No such topic as none'],
    ['a', -1, 'UNKNOWN_TOPIC_OR_PARTITION', 'No such partition as a--1'],
  ])
  expect(() => elect(harness, 7, [])).toThrow('Unknown election type 7')
})
