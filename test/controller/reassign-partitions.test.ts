import { describe, expect, test } from 'vitest'
import type { AlterPartitionReassignmentsResponse } from '../../src/protocol/api/45-alter-partition-reassignments.ts'
import type { ListPartitionReassignmentsResponse } from '../../src/protocol/api/46-list-partition-reassignments.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorName } from '../../src/protocol/errors.ts'
import { ControllerHarness } from './controller-harness.ts'

/** Topic `a` with one partition on brokers 1, 2 and 3 of five. */
function harnessWithTopic(configs: Record<string, string> = {}): ControllerHarness {
  const harness = ControllerHarness.withBrokers(5)
  harness.createTopic('a', [[1, 2, 3]], configs)
  return harness
}

type Answer = readonly [error: string, message: string | null]

function reassign(
  harness: ControllerHarness,
  replicas: readonly number[] | null,
  options: { readonly name?: string; readonly index?: number; readonly mayChangeFactor?: boolean } = {},
): Answer {
  const { name = 'a', index = 0, mayChangeFactor = true } = options
  const { responses } = harness.handle<AlterPartitionReassignmentsResponse>(apiKeys.AlterPartitionReassignments, {
    allowReplicationFactorChange: mayChangeFactor,
    topics: [{ name, partitions: [{ partitionIndex: index, replicas }] }],
  })
  const { errorCode, errorMessage } = responses[0]!.partitions[0]!
  return [errorName(errorCode), errorMessage]
}

const done: Answer = ['NONE', null]

function list(harness: ControllerHarness, topics: ListPartitionReassignmentsRequestTopics = null) {
  return harness.handle<ListPartitionReassignmentsResponse>(apiKeys.ListPartitionReassignments, { topics }).topics
}

type ListPartitionReassignmentsRequestTopics = readonly { name: string; partitionIndexes: number[] }[] | null

/** The leader of `a` says that these are in sync now. */
function setIsr(harness: ControllerHarness, isr: readonly number[]): void {
  const { leader, leaderEpoch, partitionEpoch } = harness.partition('a')
  const response = harness.handle<{ topics: { partitions: { errorCode: number }[] }[] }>(apiKeys.AlterPartition, {
    brokerId: leader,
    brokerEpoch: harness.epochOf(leader),
    topics: [
      {
        topicId: harness.image.topics.getByName('a')!.id,
        partitions: [
          {
            partitionIndex: 0,
            leaderEpoch,
            partitionEpoch,
            newIsrWithEpochs: isr.map((brokerId) => ({ brokerId, brokerEpoch: harness.epochOf(brokerId) })),
          },
        ],
      },
    ],
  })
  const { errorCode } = response.topics[0]!.partitions[0]!
  expect(['NONE', 'NEW_LEADER_ELECTED']).toContain(errorName(errorCode))
}

describe('a move', () => {
  test('goes through both sets of replicas, and is done when the new ones are in sync', () => {
    const harness = harnessWithTopic()
    expect(reassign(harness, [4, 5, 1])).toEqual(done)
    const underWay = { replicas: [4, 5, 1, 2, 3], addingReplicas: [4, 5], removingReplicas: [2, 3] }
    expect(harness.partition('a')).toMatchObject({ ...underWay, isr: [1, 2, 3], leader: 1 })
    expect(list(harness)).toEqual([{ name: 'a', partitions: [{ partitionIndex: 0, ...underWay }] }])
    setIsr(harness, [1, 2, 3, 4])
    expect(harness.partition('a').addingReplicas).toEqual([4, 5])
    const { leaderEpoch } = harness.partition('a')
    setIsr(harness, [1, 2, 3, 4, 5])
    expect(harness.partition('a')).toMatchObject({
      ...{ replicas: [4, 5, 1], addingReplicas: [], removingReplicas: [] },
      ...{ isr: [1, 4, 5], leader: 1, leaderEpoch: leaderEpoch + 1 },
    })
    expect(list(harness)).toEqual([])
  })

  test('away from the leader elects another when it is done', () => {
    const harness = harnessWithTopic()
    reassign(harness, [2, 3, 4])
    setIsr(harness, [1, 2, 3, 4])
    expect(harness.partition('a')).toMatchObject({ replicas: [2, 3, 4], isr: [2, 3, 4], leader: 2 })
  })

  test('that only changes the order is done at once, one to what there is writes nothing', () => {
    const harness = harnessWithTopic()
    reassign(harness, [3, 2, 1])
    expect(harness.partition('a')).toMatchObject({ replicas: [3, 2, 1], leader: 1, addingReplicas: [] })
    reassign(harness, [3, 2, 1])
    expect(harness.written).toEqual([])
  })

  test('takes away who may be elected though it is not in sync: its log is gone, and begins anew when it is moved back', () => {
    const harness = harnessWithTopic({ 'min.insync.replicas': '2' })
    reassign(harness, [4, 2, 3])
    setIsr(harness, [1, 4])
    expect(harness.partition('a')).toMatchObject({ replicas: [4, 2, 3], isr: [4], leader: 4, elr: [2, 3] })
    reassign(harness, [1, 2, 4])
    for (const brokerId of [2, 3, 4]) harness.heartbeat(brokerId, { wantFence: true })
    expect(harness.partition('a')).toMatchObject({ isr: [], leader: -1, elr: [2, 3, 4] })
  })

  test('to fewer replicas is done at once when all that stay are in sync, else later', () => {
    const harness = harnessWithTopic()
    setIsr(harness, [1, 2])
    expect(reassign(harness, [1, 3])).toEqual(done)
    expect(harness.partition('a')).toMatchObject({ replicas: [1, 3, 2], removingReplicas: [2] })
    setIsr(harness, [1, 2, 3])
    expect(harness.partition('a')).toMatchObject({ replicas: [1, 3], removingReplicas: [], isr: [1, 3] })
  })

  test('can be replaced by another', () => {
    const harness = harnessWithTopic()
    reassign(harness, [4, 2, 3])
    reassign(harness, [1, 2, 5])
    expect(harness.partition('a')).toMatchObject({
      ...{ replicas: [1, 2, 5, 3, 4], addingReplicas: [5], removingReplicas: [3, 4] },
    })
    // Back to those that are in sync: done at once.
    reassign(harness, [1, 2, 3])
    expect(harness.partition('a')).toMatchObject({ replicas: [1, 2, 3], removingReplicas: [], addingReplicas: [] })
  })
})

describe('a move is cancelled', () => {
  test('to the replicas that were there', () => {
    const harness = harnessWithTopic()
    reassign(harness, [4, 5, 1])
    setIsr(harness, [1, 2, 3, 4])
    expect(reassign(harness, null)).toEqual(done)
    expect(harness.partition('a')).toMatchObject({ isr: [1, 2, 3], addingReplicas: [], removingReplicas: [] })
    expect(new Set(harness.partition('a').replicas)).toEqual(new Set([1, 2, 3]))
    expect(reassign(harness, null)).toEqual(['NO_REASSIGNMENT_IN_PROGRESS', null])
  })

  test('unless data would be lost, or the topic says that they may', () => {
    for (const mayLose of [false, true]) {
      const harness = harnessWithTopic({ 'unclean.leader.election.enable': String(mayLose) })
      reassign(harness, [4, 5])
      // Brokers 1 to 3 go while 4 has caught up.
      setIsr(harness, [1, 2, 3, 4])
      for (const id of [1, 2, 3]) harness.heartbeat(id, { wantFence: true })
      expect(harness.partition('a')).toMatchObject({ isr: [4], leader: 4 })
      const answer = reassign(harness, null)
      if (mayLose) {
        expect(answer).toEqual(done)
        expect(harness.partition('a')).toMatchObject({ isr: [1], addingReplicas: [] })
      } else {
        expect(answer).toEqual([
          'INVALID_REPLICA_ASSIGNMENT',
          'Unable to revert partition assignment for a:0 because it would require an unclean leader election.',
        ])
      }
    }
  })
})

test('only what is asked for is listed', () => {
  const harness = harnessWithTopic()
  harness.createTopic('b', [[1], [2]])
  reassign(harness, [2], { name: 'b', index: 1 })
  reassign(harness, [3], { name: 'b', index: 1 })
  const found = (topics: ListPartitionReassignmentsRequestTopics) =>
    list(harness, topics).map(({ name, partitions }) => [name, ...partitions.map((each) => each.partitionIndex)])
  expect(found(null)).toEqual([['b', 1]])
  expect(
    found([
      { name: 'b', partitionIndexes: [0, 1, 9] },
      { name: 'none', partitionIndexes: [0] },
    ]),
  ).toEqual([['b', 1]])
  expect(found([{ name: 'b', partitionIndexes: [0] }])).toEqual([])
  expect(found([])).toEqual([])
})

test('what one batch of the log could not hold is refused as a whole', () => {
  const harness = harnessWithTopic()
  const partitions = Array.from({ length: 10_001 }, () => ({ partitionIndex: 0, replicas: [4, 5, 1] }))
  const request = { topics: [{ name: 'a', partitions }] }
  expect(() => harness.handle(apiKeys.AlterPartitionReassignments, request)).toThrow(
    'Unable to perform excessively large batch operation.',
  )
})

describe('refused in the words of 4.3.1', () => {
  const invalid = 'INVALID_REPLICA_ASSIGNMENT'
  const cases: [Parameters<typeof reassign>[1], Parameters<typeof reassign>[2], string, string | null][] = [
    [[1], { name: 'none' }, 'UNKNOWN_TOPIC_OR_PARTITION', 'Unable to find a topic named none.'],
    [null, { index: 7 }, 'UNKNOWN_TOPIC_OR_PARTITION', 'Unable to find partition a:7.'],
    [null, {}, 'NO_REASSIGNMENT_IN_PROGRESS', null],
    [[], {}, invalid, 'The manual partition assignment includes an empty replica list.'],
    [[1, 1], {}, invalid, 'The manual partition assignment includes the broker 1 more than once.'],
    [[9], {}, invalid, 'The manual partition assignment includes broker 9, but no such broker is registered.'],
    [[1, 2], { mayChangeFactor: false }, 'INVALID_REPLICATION_FACTOR', 'The replication factor is changed from 3 to 2'],
  ]
  test.each(cases)('%j %j', (replicas, options, error, message) => {
    const harness = harnessWithTopic()
    expect(reassign(harness, replicas, options)).toEqual([error, message])
    expect(harness.written).toEqual([])
  })

  test('a replication factor that stays is fine, also in the midst of a move', () => {
    const harness = harnessWithTopic()
    expect(reassign(harness, [4, 2, 3], { mayChangeFactor: false })).toEqual(done)
    expect(reassign(harness, [4, 5, 3], { mayChangeFactor: false })).toEqual(done)
    expect(reassign(harness, [4, 5], { mayChangeFactor: false })[0]).toBe('INVALID_REPLICATION_FACTOR')
  })
})
