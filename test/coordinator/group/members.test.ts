import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { errorName, KafkaError } from '../../../src/protocol/errors.ts'
import { GroupHarness, range, short, sticky } from './group-harness.ts'

let group: GroupHarness

beforeEach(() => {
  group = new GroupHarness()
})

afterEach(() => group.expectReplayed())

describe('a session', () => {
  test('lives on heartbeats, and ends without', () => {
    const [a] = group.stableGroup('a')
    for (let beats = 0; beats < 5; beats++) {
      group.advance(9_999)
      expect(group.heartbeat(a!, 1)).toBe('NONE')
    }
    group.advance(9_999)
    expect(group.describe()).toBe('Stable a-1')
    group.advance(1)
    expect(group.describe()).toBe('Empty')
    expect(group.heartbeat(a!, 1)).toBe('UNKNOWN_MEMBER_ID')
  })

  test('lives on commits too', () => {
    const [a] = group.stableGroup('a')
    group.advance(9_000)
    expect(group.commit(a!, 1, 5)).toBe('NONE')
    group.advance(9_000)
    expect(group.describe()).toBe('Stable a-1')
  })

  test('does not end while a member waits for the others', () => {
    const [a, b] = group.stableGroup('a', 'b')
    const token = group.join('b', { memberId: b!, protocols: [range, sticky], sessionTimeoutMs: 6_000 })
    for (let beats = 0; beats < 5; beats++) {
      group.advance(9_000)
      group.heartbeat(a!, 2)
    }
    expect(group.isWaiting(token)).toBe(true)
    group.join('a', { memberId: a! })
    expect(group.joined(token)).toMatchObject({ errorCode: 0, generationId: 3 })
    group.heartbeat(a!, 3)
    group.advance(6_000)
    expect(group.describe()).toBe('PreparingRebalance a-1')
  })

  test('starts with the assignment for who waited for it longer than a session', () => {
    const [a, b] = group.stableGroup('a', 'b')
    group.join('a', { memberId: a! })
    group.join('b', { memberId: b! })
    const sync = group.sync('b', b!, 3)
    for (let beats = 0; beats < 3; beats++) {
      group.advance(5_000)
      group.heartbeat(a!, 3)
    }
    group.sync('a', a!, 3, [[b!, 'late']])
    expect(group.synced(sync).assignment.toString()).toBe('late')
    group.advance(9_999)
    expect(group.describe()).toMatch(/^Stable/)
    group.heartbeat(a!, 3)
    group.advance(1)
    expect(group.describe()).toBe('PreparingRebalance a-1')
  })

  test('that ends makes the others rebalance', () => {
    const [a, b] = group.stableGroup('a', 'b')
    group.advance(5_000)
    group.heartbeat(a!, 2)
    group.advance(5_000)
    expect(group.describe()).toBe('PreparingRebalance a-1')
    expect(group.heartbeat(a!, 2)).toBe('REBALANCE_IN_PROGRESS')
    expect(group.heartbeat(b!, 2)).toBe('UNKNOWN_MEMBER_ID')
  })

  test('of a new member ends after five minutes in a rebalance that does not', () => {
    const [a] = group.stableGroup('a')
    group.join('a', { memberId: a!, rebalanceTimeoutMs: 2_000_000 })
    group.sync('a', a!, 2, [[a!, 'x']])
    const token = group.join('b', { version: 3 })
    for (let beats = 0; beats < 60; beats++) {
      group.heartbeat(a!, 2)
      group.advance(5_000)
    }
    expect(errorName(group.joined(token).errorCode)).toBe('UNKNOWN_MEMBER_ID')
  })

  test('starts anew after a restart of the coordinator, with its generation and assignment', () => {
    const [a, b] = group.stableGroup('a', 'b')
    group.advance(9_000)
    group.restart()
    group.advance(9_000)
    expect(group.describe()).toBe('Stable a-1 b-2')
    expect(group.heartbeat(a!, 2)).toBe('NONE')
    expect(group.synced(group.sync('b', b!, 2)).assignment.toString()).toBe('b')
    group.advance(1_000)
    expect(group.describe()).toBe('PreparingRebalance a-1')
  })

  test('is checked by generation and member', () => {
    const [a] = group.stableGroup('a')
    expect(group.heartbeat(a!, 2)).toBe('ILLEGAL_GENERATION')
    expect(group.heartbeat('x', 1)).toBe('UNKNOWN_MEMBER_ID')
    expect(group.heartbeat(a!, 1, 'i')).toBe('UNKNOWN_MEMBER_ID')
    expect(group.heartbeat(a!, 1, null, 'unheard')).toBe('UNKNOWN_MEMBER_ID')
  })
})

describe('leaving', () => {
  test('makes the others rebalance, and the last one leaves an empty group', () => {
    const [a, b] = group.stableGroup('a', 'b')
    group.takeTranscript()
    expect(group.leave([b!])).toEqual(['NONE'])
    expect(group.describe()).toBe('PreparingRebalance a-1')
    expect(group.leave([a!])).toEqual(['NONE'])
    expect(group.takeTranscript()).toBe(['> leaves: b-2', '> leaves: a-1', '= group g generation 3 empty'].join('\n'))
    expect(group.describe()).toBe('Empty')
  })

  test('answers each member by itself', () => {
    const [a] = group.stableGroup('a')
    expect(group.leave(['x'], ['', 'i'], [a!, 'i'], [a!], [a!])).toEqual([
      'UNKNOWN_MEMBER_ID',
      'UNKNOWN_MEMBER_ID',
      'UNKNOWN_MEMBER_ID',
      'NONE',
      'UNKNOWN_MEMBER_ID',
    ])
  })

  test('answers who waits for a JoinGroup or a SyncGroup', () => {
    const [a, b] = group.stableGroup('a', 'b')
    const join = group.join('a', { memberId: a! })
    group.leave([a!])
    expect(errorName(group.joined(join).errorCode)).toBe('UNKNOWN_MEMBER_ID')
    group.join('b', { memberId: b! })
    group.join('c', { version: 3 })
    const c = group.joined(group.join('b', { memberId: b! })).members[1]!.memberId
    const sync = group.sync('c', c, 4)
    group.leave([c])
    expect(errorName(group.synced(sync).errorCode)).toBe('UNKNOWN_MEMBER_ID')
  })

  test('lets a member go that has only its id', () => {
    const [a] = group.stableGroup('a')
    const pending = group.joined(group.join('b')).memberId
    const token = group.join('a', { memberId: a! })
    expect(group.isWaiting(token)).toBe(true)
    expect(group.leave([pending])).toEqual(['NONE'])
    expect(group.joined(token)).toMatchObject({ generationId: 2 })
  })
})

describe('a static member', () => {
  const stableStatic = (): string => {
    const token = group.join('s', { groupInstanceId: 'i1' })
    group.advance(0)
    const { memberId } = group.joined(token)
    group.sync('s', memberId, 1, [[memberId, 'all']], { groupInstanceId: 'i1' })
    group.takeTranscript()
    return memberId
  }

  test('comes back with another id and keeps its assignment, without a rebalance', () => {
    const old = stableStatic()
    const token = group.join('s', { groupInstanceId: 'i1' })
    const { memberId } = group.joined(token)
    group.sync('s', memberId, 1, [], { groupInstanceId: 'i1' })
    expect(group.takeTranscript()).toBe(
      [
        '> s joins as "" instance i1 [range]',
        '= group g generation 1 i1-2=all',
        '< s: generation 1 as i1-2, leader i1-2, range, members i1-2, skips assignment',
        '> s syncs generation 1',
        '< s: assigned "all"',
      ].join('\n'),
    )
    expect(group.heartbeat(old, 1, 'i1')).toBe('FENCED_INSTANCE_ID')
    expect(group.heartbeat(old, 1)).toBe('UNKNOWN_MEMBER_ID')
    expect(group.heartbeat(memberId, 1, 'i1')).toBe('NONE')
    expect(group.commit(old, 1, 5, 'orders', { groupInstanceId: 'i1' })).toBe('FENCED_INSTANCE_ID')
    expect(errorName(group.joined(group.join('s', { memberId: old, groupInstanceId: 'i1' })).errorCode)).toBe(
      'FENCED_INSTANCE_ID',
    )
  })

  test('before version 9 is told the old leader, so that it does not assign', () => {
    const old = stableStatic()
    const response = group.joined(group.join('s', { groupInstanceId: 'i1', version: 8 }))
    expect(response).toMatchObject({ leader: old, skipAssignment: false, members: [] })
    expect(short(response.memberId)).toBe('i1-2')
  })

  test('rebalances when the protocol changes with it', () => {
    stableStatic()
    const token = group.join('s', { groupInstanceId: 'i1', protocols: [sticky, range] })
    expect(group.joined(token)).toMatchObject({ generationId: 2, protocolName: 'sticky' })
  })

  test('rebalances when it comes back before the assignment', () => {
    stableStatic()
    const other = group.join('t', { groupInstanceId: 'i2' })
    const { memberId } = group.joined(group.join('s', { groupInstanceId: 'i1', protocols: [range, sticky] }))
    expect(group.joined(other).generationId).toBe(2)
    const sync = group.sync('t', group.joined(other).memberId, 2)
    group.join('s', { groupInstanceId: 'i1' })
    expect(errorName(group.synced(sync).errorCode)).toBe('REBALANCE_IN_PROGRESS')
    expect(group.describe()).toMatch(/^PreparingRebalance i2-2 i1-4$/)
    expect(short(memberId)).toBe('i1-3')
  })

  test('keeps its place and its old id when its new one cannot be written', () => {
    const old = stableStatic()
    group.nextWriteError = new KafkaError('NOT_ENOUGH_REPLICAS')
    const token = group.join('s', { groupInstanceId: 'i1', protocols: [range, sticky] })
    expect(errorName(group.joined(token).errorCode)).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(group.describe()).toBe(`Stable ${short(old)}`)
    expect(group.heartbeat(old, 1, 'i1')).toBe('NONE')
  })

  test('fences its earlier incarnation while that waits', () => {
    const [a] = group.stableGroup('a')
    const first = group.join('s', { groupInstanceId: 'i1' })
    const second = group.join('s', { groupInstanceId: 'i1' })
    expect(errorName(group.joined(first).errorCode)).toBe('FENCED_INSTANCE_ID')
    group.join('a', { memberId: a! })
    expect(group.joined(second)).toMatchObject({ errorCode: 0, generationId: 2 })
  })

  test('is not removed by a rebalance that it misses, only when its session ends', () => {
    const old = stableStatic()
    const token = group.join('b', { version: 3, rebalanceTimeoutMs: 1_000 })
    for (let beats = 0; beats < 12; beats++) {
      group.advance(5_000)
      if (beats < 11) group.heartbeat(old, 1, 'i1')
    }
    expect(group.joined(token)).toMatchObject({ generationId: 2, leader: group.joined(token).memberId })
    expect(group.joined(token).members).toHaveLength(2)
  })

  test('is removed by an administrator who names its instance', () => {
    stableStatic()
    expect(group.leave(['', 'i1'])).toEqual(['NONE'])
    expect(group.describe()).toBe('Empty')
  })

  test('leaves its place to nobody when it leaves', () => {
    const old = stableStatic()
    expect(group.leave([old])).toEqual(['NONE'])
    const token = group.join('s', { groupInstanceId: 'i1' })
    group.advance(0)
    expect(group.joined(token)).toMatchObject({ errorCode: 0, generationId: 3 })
  })

  test('survives a restart of the coordinator', () => {
    const old = stableStatic()
    group.restart()
    const { memberId } = group.joined(group.join('s', { groupInstanceId: 'i1' }))
    expect(group.heartbeat(old, 1, 'i1')).toBe('FENCED_INSTANCE_ID')
    expect(group.heartbeat(memberId, 1, 'i1')).toBe('NONE')
  })
})

describe('the coordinator', () => {
  test('gives a group that has grown too large the chance to commit, after a restart with another limit', () => {
    const [a] = group.stableGroup('a', 'b')
    group.settings = { ...group.settings, maxSize: 1 }
    group.restart()
    expect(group.describe()).toBe('PreparingRebalance a-1 b-2')
    expect(group.commit(a!, 2, 7)).toBe('NONE')
  })

  test('tells who waits that it is not the coordinator any more', () => {
    const [a, b] = group.stableGroup('a', 'b')
    const join = group.join('a', { memberId: a! })
    group.machine.becomeInactive()
    const { replies } = group.machine.takeOutput()
    expect(replies).toMatchObject([{ token: join, response: { errorCode: 16 } }])
    expect(b).toBeDefined()
  })
})
