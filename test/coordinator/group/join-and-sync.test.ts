import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { errorName, KafkaError } from '../../../src/protocol/errors.ts'
import { GroupHarness, range, short, sticky, subscription } from './group-harness.ts'

let group: GroupHarness

beforeEach(() => {
  group = new GroupHarness()
})

afterEach(() => group.expectReplayed())

describe('a group comes to life', () => {
  test('with one member, which is told its id first', () => {
    const first = group.join('a')
    const { memberId } = group.joined(first)
    group.join('a', { memberId })
    group.advance(0)
    group.sync('a', memberId, 1, [[memberId, 'all']])
    expect(group.takeTranscript()).toBe(
      [
        '> a joins as "" [range]',
        '= group g generation 0 empty',
        '< a: MEMBER_ID_REQUIRED a-1',
        '> a joins as "a-1" [range]',
        '< a: generation 1 as a-1, leader a-1, range, members a-1',
        '> a syncs generation 1 with a-1=all',
        '= group g generation 1 a-1=all',
        '< a: assigned "all"',
      ].join('\n'),
    )
    expect(group.describe()).toBe('Stable a-1')
  })

  test('with a second member, for whom the first rejoins', () => {
    const [a] = group.stableGroup('a')
    group.takeTranscript()
    const b = group.joined(group.join('b')).memberId
    expect(group.heartbeat(a!, 1)).toBe('NONE')
    group.join('b', { memberId: b })
    expect(group.heartbeat(a!, 1)).toBe('REBALANCE_IN_PROGRESS')
    expect(group.describe()).toBe('PreparingRebalance a-1 b-2')
    group.join('a', { memberId: a! })
    group.sync('b', b, 2)
    group.sync('a', a!, 2, [
      [a!, 'one'],
      [b, 'two'],
    ])
    expect(group.takeTranscript()).toBe(
      [
        '> b joins as "" [range]',
        '< b: MEMBER_ID_REQUIRED b-2',
        '> b joins as "b-2" [range]',
        '> a joins as "a-1" [range]',
        '< a: generation 2 as a-1, leader a-1, range, members a-1 b-2',
        '< b: generation 2 as b-2, leader a-1, range',
        '> b syncs generation 2',
        '> a syncs generation 2 with a-1=one b-2=two',
        '= group g generation 2 a-1=one b-2=two',
        '< a: assigned "one"',
        '< b: assigned "two"',
      ].join('\n'),
    )
  })

  test('at once for clients older than version 4', () => {
    const token = group.join('old', { version: 3 })
    group.advance(0)
    expect(group.joined(token)).toMatchObject({ errorCode: 0, generationId: 1 })
  })

  test('and answers only when its record is committed', () => {
    group.holdsCommits = true
    const token = group.join('a')
    expect(group.isWaiting(token)).toBe(true)
    group.commitAll()
    expect(errorName(group.joined(token).errorCode)).toBe('MEMBER_ID_REQUIRED')
  })

  test('and not at all when its record cannot be written', () => {
    group.nextWriteError = new KafkaError('NOT_ENOUGH_REPLICAS')
    const token = group.join('a')
    expect(errorName(group.joined(token).errorCode)).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(group.describe()).toBe('Dead')
    expect(group.machine.listGroups({ states: [], types: [] })).toEqual([])
  })

  test('and not for a member that waits already when its record is lost', () => {
    group.nextWriteError = new KafkaError('NOT_ENOUGH_REPLICAS')
    const token = group.join('a', { version: 3 })
    expect(errorName(group.joined(token).errorCode)).toBe('COORDINATOR_NOT_AVAILABLE')
    group.takeTranscript()
    group.advance(300_000)
    expect(group.takeTranscript()).toBe('  300000 ms')
  })

  test('even when the member is refused, as in Apache Kafka', () => {
    group.join('a', { protocolType: '' })
    expect(group.takeTranscript()).toBe(
      ['> a joins as "" [range]', '= group g generation 0 empty', '< a: INCONSISTENT_GROUP_PROTOCOL'].join('\n'),
    )
  })
})

describe('the initial rebalance', () => {
  test('waits for more members, again when one came, up to the rebalance timeout', () => {
    group = new GroupHarness({ initialRebalanceDelayMs: 3_000 })
    const a = group.join('a', { version: 3, rebalanceTimeoutMs: 7_000 })
    group.advance(2_000)
    const b = group.join('b', { version: 3, rebalanceTimeoutMs: 7_000 })
    group.advance(3_999)
    expect(group.isWaiting(a)).toBe(true)
    group.join('c', { version: 3, rebalanceTimeoutMs: 7_000 })
    group.advance(0)
    group.advance(999)
    expect(group.isWaiting(a)).toBe(true)
    group.advance(2)
    expect(group.joined(b)).toMatchObject({ errorCode: 0, generationId: 1 })
    expect(group.joined(a).members).toHaveLength(3)
  })

  test('ends after its delay when nobody came', () => {
    group = new GroupHarness({ initialRebalanceDelayMs: 3_000 })
    const a = group.join('a', { version: 3 })
    group.advance(2_999)
    expect(group.isWaiting(a)).toBe(true)
    group.advance(1)
    expect(group.joined(a).members).toHaveLength(1)
  })

  test('does not wait for a member that has its id and does not come back', () => {
    group = new GroupHarness({ initialRebalanceDelayMs: 3_000 })
    group.join('lost')
    const a = group.join('a', { version: 3 })
    group.advance(3_000)
    expect(group.joined(a).members).toHaveLength(1)
  })
})

describe('a rebalance', () => {
  test('goes on without dynamic members that do not join in time', () => {
    const [a, b] = group.stableGroup('a', 'b')
    const token = group.join('a', { memberId: a!, rebalanceTimeoutMs: 5_000 })
    for (let beats = 0; beats < 11; beats++) {
      group.advance(5_000)
      if (beats < 10) expect(group.heartbeat(b!, 2)).toBe('REBALANCE_IN_PROGRESS')
    }
    expect(group.isWaiting(token)).toBe(true)
    // b asked for 60 seconds.
    group.advance(5_000)
    expect(group.joined(token)).toMatchObject({ generationId: 3 })
    expect(group.joined(token).members.map(({ memberId }) => short(memberId))).toEqual(['a-1'])
    expect(group.heartbeat(b!, 3)).toBe('UNKNOWN_MEMBER_ID')
  })

  test('elects another leader when the old one does not join', () => {
    const [a, b] = group.stableGroup('a', 'b')
    const token = group.join('b', { memberId: b!, protocols: [range, sticky] })
    expect(group.isWaiting(token)).toBe(true)
    group.leave([a!])
    expect(group.joined(token)).toMatchObject({ generationId: 3, leader: b })
  })

  test('waits for a pending member, until its session is over', () => {
    const [a] = group.stableGroup('a')
    group.join('b')
    const token = group.join('a', { memberId: a! })
    expect(group.isWaiting(token)).toBe(true)
    group.advance(9_999)
    expect(group.isWaiting(token)).toBe(true)
    group.advance(1)
    expect(group.joined(token)).toMatchObject({ generationId: 2 })
  })

  test('removes who does not sync in time', () => {
    const [a, b] = group.stableGroup('a', 'b')
    group.join('a', { memberId: a! })
    group.join('b', { memberId: b! })
    const sync = group.sync('b', b!, 3)
    for (let beats = 0; beats < 7; beats++) {
      group.heartbeat(a!, 3)
      group.advance(9_000)
    }
    expect(errorName(group.synced(sync).errorCode)).toBe('REBALANCE_IN_PROGRESS')
    expect(group.describe()).toBe('PreparingRebalance b-2')
    expect(group.heartbeat(a!, 3)).toBe('UNKNOWN_MEMBER_ID')
  })

  test('sends those away who wait for the assignment when somebody joins', () => {
    const [a, b] = group.stableGroup('a', 'b')
    group.join('a', { memberId: a! })
    group.join('b', { memberId: b! })
    const sync = group.sync('b', b!, 3)
    group.join('c', { version: 3 })
    expect(errorName(group.synced(sync).errorCode)).toBe('REBALANCE_IN_PROGRESS')
  })

  test('is started by a leader that joins again, and not by a follower whose metadata is the same', () => {
    const [a, b] = group.stableGroup('a', 'b')
    const follower = group.join('b', { memberId: b! })
    expect(group.joined(follower)).toMatchObject({ generationId: 2, leader: a, members: [] })
    group.join('a', { memberId: a! })
    expect(group.describe()).toBe('PreparingRebalance a-1 b-2')
  })

  test('answers a member again that lost the answer, before the assignment', () => {
    const [a] = group.stableGroup('a')
    group.join('a', { memberId: a! })
    expect(group.joined(group.join('a', { memberId: a! }))).toMatchObject({ generationId: 2, leader: a })
    expect(group.joined(group.join('a', { memberId: a! })).members).toHaveLength(1)
  })

  test('tells a member that joins twice, on the first connection, to join again', () => {
    const [a, b] = group.stableGroup('a', 'b')
    const first = group.join('b', { memberId: b!, protocols: [range, sticky] })
    const second = group.join('b', { memberId: b!, protocols: [range] })
    expect(errorName(group.joined(first).errorCode)).toBe('REBALANCE_IN_PROGRESS')
    group.join('a', { memberId: a! })
    expect(group.joined(second)).toMatchObject({ errorCode: 0, generationId: 3 })
  })

  test('chooses the protocol that most members like best among those that all support', () => {
    const other = { name: 'other', metadata: subscription() }
    const first = group.join('a', { protocols: [other, range, sticky], version: 3 })
    group.advance(0)
    const a = group.joined(first).memberId
    group.join('b', { protocols: [sticky, range], version: 3 })
    group.join('c', { protocols: [sticky, range], version: 3 })
    const token = group.join('a', { memberId: a, protocols: [other, range, sticky] })
    expect(group.joined(token).protocolName).toBe('sticky')
  })

  test('hands out exactly the bytes that the leader sent, and none where it sent none', () => {
    const [a, b] = group.stableGroup('a', 'b')
    group.join('a', { memberId: a! })
    group.join('b', { memberId: b! })
    const follower = group.sync('b', b!, 3)
    const leader = group.sync('a', a!, 3, [
      [a!, 'bytes'],
      ['nobody', 'x'],
    ])
    expect(group.synced(leader).assignment.toString()).toBe('bytes')
    expect(group.synced(follower).assignment).toHaveLength(0)
    expect(group.synced(group.sync('a', a!, 3)).assignment.toString()).toBe('bytes')
  })

  test('starts over when the assignment cannot be written', () => {
    const [a] = group.stableGroup('a')
    group.join('a', { memberId: a! })
    group.nextWriteError = new KafkaError('KAFKA_STORAGE_ERROR')
    const token = group.sync('a', a!, 2, [[a!, 'new']])
    expect(errorName(group.synced(token).errorCode)).toBe('NOT_COORDINATOR')
    expect(group.describe()).toBe('PreparingRebalance a-1')
    const again = group.join('a', { memberId: a! })
    expect(group.joined(again)).toMatchObject({ generationId: 3 })
  })

  test('ignores an assignment that is committed after the next rebalance began', () => {
    const [a] = group.stableGroup('a')
    group.join('a', { memberId: a! })
    group.holdsCommits = true
    const sync = group.sync('a', a!, 2, [[a!, 'late']])
    group.join('b', { version: 3 })
    expect(errorName(group.synced(sync).errorCode)).toBe('REBALANCE_IN_PROGRESS')
    group.commitAll()
    expect(group.describe()).toBe('PreparingRebalance a-1 b-2')
  })
})

describe('is refused', () => {
  const joinError = (fields: Parameters<GroupHarness['join']>[1]) =>
    errorName(group.joined(group.join('x', fields)).errorCode)

  test('a join', () => {
    const [a] = group.stableGroup('a')
    expect(joinError({ groupId: '' })).toBe('INVALID_GROUP_ID')
    expect(joinError({ sessionTimeoutMs: 5_999 })).toBe('INVALID_SESSION_TIMEOUT')
    expect(joinError({ sessionTimeoutMs: 1_800_001 })).toBe('INVALID_SESSION_TIMEOUT')
    expect(joinError({ groupId: 'unheard', memberId: 'x' })).toBe('UNKNOWN_MEMBER_ID')
    expect(joinError({ memberId: 'x' })).toBe('UNKNOWN_MEMBER_ID')
    expect(joinError({ protocolType: 'connect' })).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(joinError({ protocols: [sticky] })).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(joinError({ memberId: a!, protocols: [] })).toBe('INCONSISTENT_GROUP_PROTOCOL')
    const pending = group.joined(group.join('p')).memberId
    expect(joinError({ memberId: pending, groupInstanceId: 'i' })).toBe('UNKNOWN_MEMBER_ID')
  })

  test('a sync', () => {
    const [a] = group.stableGroup('a')
    const syncError = (memberId: string, generationId: number, fields = {}) =>
      errorName(group.synced(group.sync('x', memberId, generationId, [], fields)).errorCode)
    expect(syncError('x', 1)).toBe('UNKNOWN_MEMBER_ID')
    expect(syncError(a!, 2)).toBe('ILLEGAL_GENERATION')
    expect(syncError(a!, 1, { groupId: 'unheard' })).toBe('UNKNOWN_MEMBER_ID')
    expect(syncError(a!, 1, { protocolType: 'connect' })).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(syncError(a!, 1, { protocolName: 'sticky' })).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(syncError(a!, 1, { groupInstanceId: 'i' })).toBe('UNKNOWN_MEMBER_ID')
    group.join('b', { version: 3 })
    expect(syncError(a!, 1)).toBe('REBALANCE_IN_PROGRESS')
  })

  test('a member too many', () => {
    group = new GroupHarness({ maxSize: 2 })
    const [a, b] = group.stableGroup('a', 'b')
    expect(joinError({})).toBe('GROUP_MAX_SIZE_REACHED')
    group.join('a', { memberId: a! })
    expect(group.describe()).toBe('PreparingRebalance a-1 b-2')
    const late = group.join('c', { version: 3 })
    expect(joinError({ memberId: b! })).toBe('GROUP_MAX_SIZE_REACHED')
    expect(group.joined(late)).toMatchObject({ errorCode: 0 })
  })

  test('all of them in a group of another protocol', () => {
    const key = Buffer.from('0003000163', 'hex')
    group.log.push({ key, value: Buffer.from('00000000000100', 'hex') })
    group.restart()
    expect(joinError({ groupId: 'c' })).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(group.heartbeat('m', 1, null, 'c')).toBe('UNKNOWN_MEMBER_ID')
    expect(group.machine.listGroups({ states: [], types: ['Consumer'] })).toMatchObject([{ groupId: 'c' }])
    expect(group.machine.deleteGroup('c', group.now).errorCode).toBe(68)
    expect(group.machine.describeGroup('c', 6).errorMessage).toBe('Group c is not a classic group.')
  })
})
