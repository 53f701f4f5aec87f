import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { errorName, KafkaError } from '../../../src/protocol/errors.ts'
import { GroupHarness, startMs, topicId } from './group-harness.ts'

let group: GroupHarness
const day = 86_400_000

beforeEach(() => {
  group = new GroupHarness()
})

afterEach(() => group.expectReplayed())

describe('committing', () => {
  test('comes back bit for bit, with what was said of it', () => {
    const partition = {
      partitionIndex: 3,
      committedOffset: 2n ** 63n - 1n,
      committedLeaderEpoch: 7,
      committedMetadata: 'm',
    }
    const request = {
      groupId: 'g',
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      retentionTimeMs: -1,
    }
    const topics = [{ name: 'orders', topicId, partitions: [partition] }]
    group.machine.commitOffsets({ ...request, topics }, 10, group.now)
    const { writes } = group.machine.takeOutput()
    group.log.push(...writes[0]!.records)
    expect(group.machine.fetchOffsets({ groupId: 'g', topics: null }, false).topics).toMatchObject([
      {
        name: 'orders',
        partitions: [{ partitionIndex: 3, committedOffset: 2n ** 63n - 1n, committedLeaderEpoch: 7, metadata: 'm' }],
      },
    ])
  })

  test('by anybody makes a group without members', () => {
    expect(group.commit('', -1, 5)).toBe('NONE')
    expect(group.takeTranscript()).toBe('= offset g orders-0 5')
    expect(group.describe()).toBe('Empty')
    expect(group.machine.listGroups({ states: [], types: [] })).toEqual([
      { groupId: 'g', protocolType: '', groupState: 'Empty', groupType: 'classic' },
    ])
  })

  test('is for members of the generation, in a group that has members', () => {
    const [a] = group.stableGroup('a')
    expect(group.commit(a!, 1, 5)).toBe('NONE')
    expect(group.commit(a!, 2, 6)).toBe('ILLEGAL_GENERATION')
    expect(group.commit('x', 1, 6)).toBe('UNKNOWN_MEMBER_ID')
    expect(group.commit('', -1, 6)).toBe('UNKNOWN_MEMBER_ID')
    expect(group.commit('', -1, 6, 'orders', { groupInstanceId: 'i' })).toBe('UNKNOWN_MEMBER_ID')
    expect(group.committed()).toBe(5n)
  })

  test('goes on while members are gathered, and stops while they are assigned', () => {
    const [a, b] = group.stableGroup('a', 'b')
    group.join('a', { memberId: a! })
    expect(group.commit(b!, 2, 5)).toBe('NONE')
    group.join('b', { memberId: b! })
    expect(group.commit(b!, 3, 6)).toBe('REBALANCE_IN_PROGRESS')
  })

  test('in a generation of a group that does not exist is refused as the version knows it', () => {
    expect(group.commit('a', 1, 5, 'orders', { version: 9 })).toBe('GROUP_ID_NOT_FOUND')
    expect(group.commit('a', 1, 5, 'orders', { version: 8 })).toBe('ILLEGAL_GENERATION')
    expect(group.commit('a', -1, 5)).toBe('NONE')
    expect(group.commit('', 3, 5)).toBe('UNKNOWN_MEMBER_ID')
  })

  test('refuses metadata that is too long, and nothing else of the request', () => {
    const request = {
      groupId: 'g',
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      retentionTimeMs: -1,
    }
    const partitions = [4_096, 4_097].map((length, partitionIndex) => ({
      partitionIndex,
      committedOffset: 1n,
      committedLeaderEpoch: -1,
      committedMetadata: 'x'.repeat(length),
    }))
    const topics = [{ name: 'orders', topicId, partitions }]
    const response = group.machine.commitOffsets({ ...request, topics }, 10, group.now)
    expect(response.topics[0]!.partitions.map(({ errorCode }) => errorName(errorCode))).toEqual([
      'NONE',
      'OFFSET_METADATA_TOO_LARGE',
    ])
    group.log.push(...group.machine.takeOutput().writes[0]!.records)
  })

  test('that cannot be written leaves what was before', () => {
    group.commit('', -1, 5)
    group.nextWriteError = new KafkaError('NOT_ENOUGH_REPLICAS')
    group.commit('', -1, 6)
    expect(group.committed()).toBe(5n)
    group.commit('', -1, 7)
    expect(group.committed()).toBe(7n)
  })
})

describe('fetching', () => {
  test('knows nothing of groups, topics and partitions that were never committed', () => {
    expect(group.committed()).toBeUndefined()
    group.commit('', -1, 5)
    expect(group.committed('payments')).toBeUndefined()
    expect(group.machine.fetchOffsets({ groupId: 'h', topics: null }, false)).toMatchObject({
      topics: [],
      errorCode: 0,
    })
  })

  test('by id does not take an earlier topic of that name for the present one', () => {
    group.commit('', -1, 5)
    expect(group.committed('orders', 'g', topicId)).toBe(5n)
    expect(group.committed('orders', 'g', 'BBBBBBBBBBBBBBBBBBBBBA')).toBeUndefined()
  })
})

describe('deleting', () => {
  const deleteOffset = (topic: string) => {
    const topics = [{ name: topic, partitions: [{ partitionIndex: 0 }] }]
    const response = group.machine.deleteOffsets({ groupId: 'g', topics }, group.now)
    group.advance(0)
    return errorName(response.topics[0]!.partitions[0]!.errorCode)
  }

  test('offsets of topics that the group does not read', () => {
    const [a] = group.stableGroup('a')
    group.commit(a!, 1, 5)
    group.commit(a!, 1, 6, 'payments')
    expect(deleteOffset('orders')).toBe('GROUP_SUBSCRIBED_TO_TOPIC')
    expect(deleteOffset('payments')).toBe('NONE')
    group.log.push(...group.machine.takeOutput().writes.flatMap(({ records }) => records))
    expect(group.committed('payments')).toBeUndefined()
    expect(group.committed('orders')).toBe(5n)
  })

  test('not of a group that does not exist, nor of one whose members are no consumers', () => {
    expect(() => deleteOffset('orders')).toThrow(expect.objectContaining({ error: 'GROUP_ID_NOT_FOUND' }))
    group.join('c', { protocolType: 'connect', version: 3 })
    group.advance(0)
    expect(() => deleteOffset('orders')).toThrow(expect.objectContaining({ error: 'NON_EMPTY_GROUP' }))
  })

  test('a group takes its offsets with it', () => {
    const [a] = group.stableGroup('a')
    group.commit(a!, 1, 5)
    expect(errorName(group.machine.deleteGroup('g', group.now).errorCode)).toBe('NON_EMPTY_GROUP')
    group.leave([a!])
    group.takeTranscript()
    expect(errorName(group.machine.deleteGroup('g', group.now).errorCode)).toBe('NONE')
    group.heartbeat('x', 1)
    expect(group.takeTranscript()).toBe(['= offset g orders-0 deleted', '= group g deleted'].join('\n'))
    expect(group.describe()).toBe('Dead')
    expect(errorName(group.machine.deleteGroup('g', group.now).errorCode)).toBe('GROUP_ID_NOT_FOUND')
    expect(errorName(group.joined(group.join('a', { memberId: a! })).errorCode)).toBe('UNKNOWN_MEMBER_ID')
  })

  test('a topic takes its offsets with it, not those of another topic of that name', () => {
    group.commit('', -1, 5)
    group.commit('', -1, 6, 'payments')
    group.machine.onTopicsDeleted(new Map([['orders', 'BBBBBBBBBBBBBBBBBBBBBA']]), group.now)
    expect(group.committed()).toBe(5n)
    group.machine.onTopicsDeleted(new Map([['orders', topicId]]), group.now)
    group.heartbeat('x', 1)
    expect(group.committed()).toBeUndefined()
    expect(group.committed('payments')).toBe(6n)
  })
})

describe('expiry', () => {
  test('of a group without members counts from each commit, and takes the group last', () => {
    group.commit('', -1, 5)
    group.advance(day)
    group.commit('', -1, 6, 'payments')
    group.advance(6 * day - 1)
    expect(group.committed()).toBe(5n)
    group.takeTranscript()
    group.advance(600_000)
    expect(group.takeTranscript()).toBe(['  600000 ms', '= offset g orders-0 deleted'].join('\n'))
    group.advance(day)
    expect(group.takeTranscript()).toBe(
      [`  ${day} ms`, '= offset g payments-0 deleted', '= group g deleted'].join('\n'),
    )
    expect(group.describe()).toBe('Dead')
  })

  test('of a group that had members counts from when the last one left', () => {
    const [a] = group.stableGroup('a')
    group.commit(a!, 1, 5)
    for (let beats = 0; beats < 100; beats++) {
      group.heartbeat(a!, 1)
      group.advance(9_000)
    }
    group.leave([a!])
    group.restart()
    group.advance(7 * day - 1)
    expect(group.committed()).toBe(5n)
    group.advance(600_000)
    expect(group.committed()).toBeUndefined()
    expect(group.describe()).toBe('Dead')
  })

  test('spares what a stable group of consumers reads', () => {
    group = new GroupHarness({ offsetsRetentionMs: 20_000, offsetsRetentionCheckIntervalMs: 5_000 })
    const [a] = group.stableGroup('a')
    group.commit(a!, 1, 5)
    group.commit(a!, 1, 6, 'payments')
    for (let beats = 0; beats < 6; beats++) {
      group.heartbeat(a!, 1)
      group.advance(5_000)
    }
    expect([group.committed('orders'), group.committed('payments')]).toEqual([5n, undefined])
  })

  test('spares groups of other members, whose topics nobody knows', () => {
    group = new GroupHarness({ offsetsRetentionMs: 20_000, offsetsRetentionCheckIntervalMs: 5_000 })
    const token = group.join('c', { protocolType: 'connect', version: 3 })
    group.advance(0)
    const { memberId } = group.joined(token)
    group.sync('c', memberId, 1, [[memberId, 'x']], { protocolType: 'connect' })
    group.commit(memberId, 1, 5)
    for (let beats = 0; beats < 6; beats++) {
      group.heartbeat(memberId, 1)
      group.advance(5_000)
    }
    expect(group.committed()).toBe(5n)
  })

  test('comes when an old client said so', () => {
    group.commit('', -1, 5, 'orders', { retentionTimeMs: 1_000, version: 4 })
    expect(group.records()[0]).toMatchObject({ commit: { expireTimestampMs: startMs + 1_000 } })
    group.advance(600_000)
    expect(group.committed()).toBeUndefined()
  })

  test('takes an empty group that never committed at the next check', () => {
    const [a] = group.stableGroup('a')
    group.leave([a!])
    group.takeTranscript()
    group.advance(600_000)
    expect(group.takeTranscript()).toBe(['  600000 ms', '= group g deleted'].join('\n'))
  })

  test('goes through many groups in pieces', () => {
    group = new GroupHarness({ offsetsRetentionMs: 4_000, offsetsRetentionCheckIntervalMs: 5_000 })
    for (let index = 0; index < 2_500; index++) group.commit('', -1, 1, 'orders', { groupId: `g${index}` })
    group.advance(5_000)
    expect(group.machine.listGroups({ states: [], types: [] })).toEqual([])
  })
})

describe('listing', () => {
  test('filters by state and type, whatever the case', () => {
    group.stableGroup('a')
    group.commit('', -1, 5, 'orders', { groupId: 'simple' })
    const ids = (states: string[], types: string[]) =>
      group.machine.listGroups({ states, types }).map(({ groupId }) => groupId)
    expect(ids([], [])).toEqual(['g', 'simple'])
    expect(ids([' STABLE '], [])).toEqual(['g'])
    expect(ids(['Empty', 'Stable'], ['Classic'])).toEqual(['g', 'simple'])
    expect(ids(['bogus'], [])).toEqual([])
    expect(ids([], ['consumer'])).toEqual([])
  })

  test('describes a group that does not exist as the version knows it', () => {
    expect(group.machine.describeGroup('x', 5)).toMatchObject({ errorCode: 0, groupState: 'Dead', errorMessage: null })
    expect(group.machine.describeGroup('x', 6)).toMatchObject({ errorCode: 69, errorMessage: 'Group x not found.' })
  })

  test('tells protocol and subscriptions of a stable group only', () => {
    const [a] = group.stableGroup('a')
    expect(group.machine.describeGroup('g', 6)).toMatchObject({
      groupState: 'Stable',
      protocolData: 'range',
      members: [{ memberId: a, clientId: 'a', clientHost: '/127.0.0.1', memberAssignment: Buffer.from('a') }],
    })
    group.join('b', { version: 3 })
    const { protocolData, members } = group.machine.describeGroup('g', 6)
    expect([protocolData, members[0]!.memberMetadata.length]).toEqual(['', 0])
    expect(members[0]!.memberAssignment.toString()).toBe('a')
  })
})
