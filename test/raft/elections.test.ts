/** The rules of elections, one test each: who gets a vote, when a replica stands, what it does at the start. */
import { describe, expect, test } from 'vitest'
import type { RaftEffect } from '../../src/raft/raft-io.ts'
import { dynamicVoters, emptyLog, keyOf, kindsIn, ScriptedReplica } from './scripted-replica.ts'

const directoryId = keyOf(9).directoryId
const tenRecords = { ...emptyLog, endOffset: 10, epochs: [{ epoch: 2, startOffset: 0 }] }
const inEpoch = (epoch: number, leaderId = -1, votedKey?: ReturnType<typeof keyOf>) => ({ epoch, leaderId, votedKey })

describe('a vote', () => {
  test('is given to a log that is as long, and durable before it is answered', () => {
    const replica = new ScriptedReplica({ election: inEpoch(2), log: tenRecords })
    expect(replica.vote()).toMatchObject({ isGranted: true, error: 'NONE', epoch: 3 })
    const kinds = kindsIn(replica.effects)
    expect(kinds.lastIndexOf('persistElection')).toBeLessThan(kinds.indexOf('reply'))
    expect(replica.node.election).toEqual(inEpoch(3, -1, keyOf(2)))
  })

  test('is given to a log with a later epoch though it is shorter', () => {
    const replica = new ScriptedReplica({ election: inEpoch(3), log: tenRecords })
    expect(replica.vote({ lastEpoch: 3, lastOffset: 1 }).isGranted).toBe(true)
  })

  test.each([
    { lastEpoch: 2, lastOffset: 9 },
    { lastEpoch: 1, lastOffset: 100 },
  ])('is refused to the log %j, but its epoch is adopted', (log) => {
    const replica = new ScriptedReplica({ election: inEpoch(2), log: tenRecords })
    expect(replica.vote(log)).toMatchObject({ isGranted: false, error: 'NONE', epoch: 3 })
    expect(replica.node.election).toEqual(inEpoch(3))
  })

  test('is given once in an epoch, and again to the same', () => {
    const replica = new ScriptedReplica()
    expect(replica.vote({ epoch: 1 }).isGranted).toBe(true)
    expect(replica.vote({ epoch: 1, candidate: keyOf(3) }).isGranted).toBe(false)
    expect(replica.vote({ epoch: 1, candidate: { id: 2, directoryId } }).isGranted).toBe(false)
    expect(replica.vote({ epoch: 1 }).isGranted).toBe(true)
  })

  test('that was given before a restart still counts', () => {
    const replica = new ScriptedReplica({ election: inEpoch(5, -1, keyOf(3)) })
    expect(replica.vote({ epoch: 5 }).isGranted).toBe(false)
    expect(replica.vote({ epoch: 5, candidate: keyOf(3) }).isGranted).toBe(true)
  })

  test('is refused in an epoch that has a leader', () => {
    const replica = new ScriptedReplica().follow(3)
    expect(replica.vote({ epoch: 1 })).toMatchObject({
      isGranted: false,
      leaderId: 3,
      leaderEndpoint: { host: 'node3' },
    })
  })

  test('for an older epoch is FENCED_LEADER_EPOCH, with the leader', () => {
    const replica = new ScriptedReplica().follow(3, 4)
    expect(replica.vote({ epoch: 3 })).toMatchObject({
      error: 'FENCED_LEADER_EPOCH',
      isTopLevel: false,
      leaderId: 3,
      epoch: 4,
    })
  })

  test('meant for another replica is INVALID_VOTER_KEY; without a directory it is meant for any', () => {
    const replica = new ScriptedReplica()
    expect(replica.vote({ voter: { id: 1, directoryId } }).error).toBe('INVALID_VOTER_KEY')
    expect(replica.vote({ voter: keyOf(2) }).error).toBe('INVALID_VOTER_KEY')
    expect(replica.vote({ voter: { id: 1, directoryId: 'AAAAAAAAAAAAAAAAAAAAAA' } }).isGranted).toBe(true)
  })

  test('of another cluster is refused at the top; without a cluster id it is not', () => {
    const replica = new ScriptedReplica()
    expect(replica.vote({ clusterId: 'other' })).toMatchObject({ error: 'INCONSISTENT_CLUSTER_ID', isTopLevel: true })
    expect(replica.vote({ clusterId: null }).isGranted).toBe(true)
  })

  test.each([
    { lastOffset: -1 },
    { lastEpoch: -1 },
    { lastEpoch: 1, epoch: 1 },
    { isPreVote: true, lastEpoch: 2, epoch: 1 },
  ])('with %j is INVALID_REQUEST', (change) => {
    const replica = new ScriptedReplica()
    expect(replica.vote(change)).toMatchObject({ error: 'INVALID_REQUEST', isTopLevel: true })
    expect(replica.node.epoch).toBe(0)
  })

  test('is asked of replicas that may not know yet that they vote', () => {
    const replica = new ScriptedReplica({ settings: dynamicVoters(2, 3) })
    expect(replica.vote().isGranted).toBe(true)
  })
})

describe('a pre-vote', () => {
  const preVote = { isPreVote: true, epoch: 0 }

  test('changes nothing and is not durable', () => {
    const replica = new ScriptedReplica()
    expect(replica.vote(preVote).isGranted).toBe(true)
    expect(replica.vote({ ...preVote, candidate: keyOf(3) }).isGranted).toBe(true)
    expect(kindsIn(replica.effects)).toEqual(['reply'])
    expect(replica.node.election).toEqual(inEpoch(0))
  })

  test('is refused by who hears a leader, and given once the leader is silent', () => {
    const replica = new ScriptedReplica().follow(3)
    expect(replica.vote({ isPreVote: true, epoch: 1 }).isGranted).toBe(false)
    replica.wait(2000)
    expect(replica.node.roleName).toBe('prospective')
    expect(replica.vote({ isPreVote: true, epoch: 1 })).toMatchObject({ isGranted: true, leaderId: 3 })
  })

  test('is refused by a leader, and given by one that resigned', () => {
    const replica = new ScriptedReplica().leadWith(2, 3)
    const ask = () => replica.vote({ isPreVote: true, epoch: 1, lastEpoch: 1, lastOffset: 100 }).isGranted
    expect(ask()).toBe(false)
    replica.step({ kind: 'resign' })
    expect(ask()).toBe(true)
  })

  test('is given by an observer that does not hear the leader any more', () => {
    const replica = new ScriptedReplica({ settings: dynamicVoters(2, 3) }).follow(3)
    expect(replica.vote({ isPreVote: true, epoch: 1 }).isGranted).toBe(false)
    replica.nowMs += 2000
    expect(replica.vote({ isPreVote: true, epoch: 1 }).isGranted).toBe(true)
    expect(replica.node.roleName).toBe('follower')
  })
})

describe('a voter', () => {
  test('waits one to two election timeouts, then asks for pre-votes in its own epoch', () => {
    const replica = new ScriptedReplica()
    expect(replica.wait(999).some(({ kind }) => kind === 'send' && replica.sent('vote').length > 0)).toBe(false)
    replica.wait(1001)
    expect(replica.sent('vote').map(({ to, request }) => [to, request.isPreVote, request.epoch])).toEqual([
      [2, true, 0],
      [3, true, 0],
    ])
  })

  test('stands once a majority would vote for it: vote first on disk, then asked for', () => {
    const replica = new ScriptedReplica()
    replica.wait(2000)
    replica.answer(replica.sent('vote')[0]!.requestId, { kind: 'vote', isGranted: true })
    expect(kindsIn(replica.effects)).toEqual(['persistElection', 'leaderChange', 'send', 'send'])
    expect(replica.sent('vote').map(({ request }) => [request.isPreVote, request.epoch])).toEqual([
      [false, 1],
      [false, 1],
    ])
    expect(replica.node.election).toEqual(inEpoch(1, -1, keyOf(1)))
  })

  test('leads with a majority, and begins its epoch with one control batch', () => {
    const replica = new ScriptedReplica().lead()
    expect(replica.node.isLeader).toBe(true)
    expect(replica.node.election).toEqual(inEpoch(1, 1))
    expect(replica.effects).toContainEqual(expect.objectContaining({ kind: 'append', baseOffset: 0, endOffset: 3 }))
    expect(replica.effects).toContainEqual({ kind: 'leaderChange', leaderId: 1, epoch: 1, epochStartOffset: 0 })
    expect(replica.sent('beginQuorumEpoch').map(({ to }) => to)).toEqual([2, 3])
  })

  test('that a majority refuses tries again later, in the same epoch', () => {
    const replica = new ScriptedReplica()
    replica.wait(2000)
    for (const { requestId } of replica.sent('vote')) replica.answer(requestId, { kind: 'vote', isGranted: false })
    expect(replica.node.roleName).toBe('unattached')
    replica.wait(2000)
    expect(replica.sent('vote').length).toBeGreaterThan(0)
    expect(replica.node.epoch).toBe(0)
  })

  test('goes back to the leader that the others still hear', () => {
    const replica = new ScriptedReplica().follow(3)
    replica.wait(2000)
    for (const { requestId } of replica.sent('vote')) {
      replica.answer(requestId, { kind: 'vote', isGranted: false, leaderId: 3, epoch: 1 })
    }
    expect(replica.node.roleName).toBe('follower')
    expect(replica.sent('fetch').map(({ to }) => to)).toEqual([3])
  })

  test('follows whoever an answer names as leader, and adopts a higher epoch without', () => {
    const replica = new ScriptedReplica()
    replica.wait(2000)
    const [first, second] = replica.sent('vote')
    replica.answer(first!.requestId, { kind: 'vote', isGranted: false, epoch: 7 })
    expect([replica.node.roleName, replica.node.epoch]).toEqual(['unattached', 7])
    replica.answer(second!.requestId, { kind: 'vote', isGranted: true, epoch: 9, leaderId: 2 })
    // That request was given up with the role.
    expect(replica.node.epoch).toBe(7)
    replica.wait(2000)
    replica.answer(replica.sent('vote')[0]!.requestId, { kind: 'vote', isGranted: false, epoch: 9, leaderId: 2 })
    expect([replica.node.roleName, replica.node.leaderId, replica.node.epoch]).toEqual(['follower', 2, 9])
  })

  test('alone leads without asking or waiting', () => {
    const replica = new ScriptedReplica({ settings: dynamicVoters(1) })
    expect(replica.node.isLeader).toBe(true)
    expect(replica.node.highWatermark).toBe(-1)
    replica.flush()
    expect(replica.node.highWatermark).toBe(3)
  })
})

describe('BeginQuorumEpoch', () => {
  const begin = (replica: ScriptedReplica, epoch: number, leaderId = 3) =>
    replica.ask({
      kind: 'beginQuorumEpoch',
      clusterId: 'cluster',
      voter: keyOf(1),
      leaderId,
      epoch,
      endpoints: [{ name: 'CONTROLLER', host: 'moved', port: 1 }],
    })

  test('makes a follower, which fetches from where it is told', () => {
    const replica = new ScriptedReplica()
    expect(begin(replica, 4)).toMatchObject({ error: 'NONE', leaderId: 3, epoch: 4 })
    expect(replica.effects).toContainEqual(
      expect.objectContaining({
        kind: 'send',
        to: { id: 3, endpoint: { name: 'CONTROLLER', host: 'moved', port: 1 } },
      }),
    )
  })

  test('of an older epoch is fenced, of another leader of the same epoch refused', () => {
    const replica = new ScriptedReplica().follow(3, 4)
    expect(begin(replica, 3)).toMatchObject({ error: 'FENCED_LEADER_EPOCH', leaderId: 3 })
    expect(begin(replica, 4, 2)).toMatchObject({ error: 'INVALID_REQUEST' })
    expect(replica.node.leaderId).toBe(3)
  })
})

describe('EndQuorumEpoch', () => {
  const end = (replica: ScriptedReplica, candidates: number[]) =>
    replica.ask({
      kind: 'endQuorumEpoch',
      clusterId: 'cluster',
      leaderId: 3,
      epoch: 1,
      preferredCandidates: candidates.map(keyOf),
      endpoints: [],
    })

  test('lets the first candidate stand at once', () => {
    const replica = new ScriptedReplica().follow(3)
    expect(end(replica, [1, 2])).toMatchObject({ error: 'NONE' })
    expect(replica.sent('vote').map(({ request }) => request.isPreVote)).toEqual([true, true])
  })

  test('lets the next one wait, but not for the whole fetch timeout', () => {
    const replica = new ScriptedReplica().follow(3)
    end(replica, [2, 1])
    expect(replica.sent('vote')).toEqual([])
    replica.wait(99)
    expect(replica.node.roleName).toBe('follower')
    replica.wait(900)
    expect(replica.node.roleName).toBe('prospective')
  })

  test('is what a leader sends when it resigns, those who have come furthest first', () => {
    const replica = new ScriptedReplica().leadWith(3)
    replica.fetch(2, { fetchOffset: 0, lastFetchedEpoch: 0 })
    replica.step({ kind: 'resign' })
    const sent = replica.sent('endQuorumEpoch')
    expect(sent.map(({ to }) => to)).toEqual([2, 3])
    expect(sent[0]!.request.preferredCandidates.map(({ id }) => id)).toEqual([3, 2])
    replica.wait(2000)
    expect([replica.node.roleName, replica.node.epoch]).toEqual(['unattached', 2])
  })
})

describe('a replica starts', () => {
  test('resigned when it led, and never leads that epoch again', () => {
    const replica = new ScriptedReplica({ election: inEpoch(4, 1), log: tenRecords })
    expect(replica.node.roleName).toBe('resigned')
    expect(replica.sent('endQuorumEpoch').map(({ to, request }) => [to, request.epoch])).toEqual([
      [2, 4],
      [3, 4],
    ])
    expect(replica.fetch(2, { epoch: 4 })).toMatchObject({ error: 'NOT_LEADER_OR_FOLLOWER', leaderId: 1, epoch: 4 })
    expect(() => replica.step({ kind: 'append', values: [Buffer.from('x')] })).toThrow('resigned')
  })

  test('as follower of the leader that it knew', () => {
    const replica = new ScriptedReplica({ election: inEpoch(4, 2) })
    expect(replica.node.roleName).toBe('follower')
    expect(replica.sent('fetch').map(({ to, request }) => [to, request.epoch])).toEqual([[2, 4]])
  })

  test('unattached in the epoch of its log when that is above the file', () => {
    const replica = new ScriptedReplica({ election: inEpoch(1, 2), log: tenRecords })
    expect(replica.node.election).toEqual(inEpoch(2))
    expect(replica.node.roleName).toBe('unattached')
  })

  test('alone and at once in the next epoch', () => {
    const settings = dynamicVoters(1)
    const replica = new ScriptedReplica({ election: inEpoch(4, 1), log: { ...tenRecords }, settings })
    expect([replica.node.isLeader, replica.node.epoch]).toEqual([true, 5])
  })

  test('as an observer when the voters do not name its directory', () => {
    const others = dynamicVoters(1, 2)
    const settings = { ...others, voters: others.voters.without(keyOf(1))! }
    const replica = new ScriptedReplica({ settings })
    replica.wait(60_000)
    expect(replica.node.roleName).toBe('unattached')
    expect(replica.sent('vote')).toEqual([])
    expect(replica.sent('fetch').length).toBeGreaterThan(0)
  })
})

describe('a hint that the leader is gone', () => {
  const isPreVote = (effect: RaftEffect) =>
    effect.kind === 'send' && effect.request.kind === 'vote' && effect.request.isPreVote

  test('lets a follower grant pre-votes, and ask for them itself, the first of the voters first', () => {
    const replica = new ScriptedReplica().follow(3)
    expect(replica.vote({ isPreVote: true, epoch: 1 }).isGranted).toBe(false)
    replica.step({ kind: 'peerGone', id: 3 })
    expect(replica.vote({ isPreVote: true, epoch: 1 }).isGranted).toBe(true)
    expect(replica.wait(30).some(isPreVote)).toBe(true)
    const second = new ScriptedReplica({}, 2).follow(3)
    second.step({ kind: 'peerGone', id: 3 })
    expect(second.wait(45).some(isPreVote)).toBe(false)
    expect(second.wait(20).some(isPreVote)).toBe(true)
  })

  test('gives no vote in an epoch that has a leader, and changes nothing on disk', () => {
    const replica = new ScriptedReplica().follow(3)
    const { election } = replica.node
    replica.step({ kind: 'peerGone', id: 3 })
    expect(replica.vote({ epoch: 1 }).isGranted).toBe(false)
    replica.wait(30)
    expect(replica.node.election).toEqual(election)
  })

  test('is taken back by an answer of the leader', () => {
    const replica = new ScriptedReplica().follow(3)
    const [fetch] = replica.sent('fetch')
    replica.step({ kind: 'peerGone', id: 3 })
    replica.receive(fetch!.requestId, 3, 1)
    expect(replica.vote({ isPreVote: true, epoch: 1 }).isGranted).toBe(false)
    expect(replica.wait(300).some(isPreVote)).toBe(false)
  })

  test('counts only for the leader, and for a follower that votes', () => {
    const replica = new ScriptedReplica().follow(3)
    replica.step({ kind: 'peerGone', id: 2 })
    expect(replica.wait(300).some(isPreVote)).toBe(false)
    const observer = new ScriptedReplica({}, 4).follow(3)
    observer.step({ kind: 'peerGone', id: 3 })
    expect(observer.node.roleName).toBe('follower')
    const leader = new ScriptedReplica({ settings: dynamicVoters(1) })
    leader.step({ kind: 'peerGone', id: 1 })
    expect(leader.node.isLeader).toBe(true)
  })

  test('that is wrong again and again comes to an end', () => {
    const replica = new ScriptedReplica().follow(3)
    let preVotesCount = 0
    for (let round = 0; round < 100; round++) {
      replica.step({ kind: 'peerGone', id: 3 })
      for (const effect of replica.wait(100)) {
        if (!isPreVote(effect) || effect.kind !== 'send') continue
        preVotesCount++
        const head = { error: 'NONE', isTopLevel: false, leaderId: 3, epoch: 1, leaderEndpoint: undefined } as const
        replica.step({
          kind: 'response',
          requestId: effect.requestId,
          response: { ...head, kind: 'vote', isGranted: false },
        })
      }
    }
    expect(preVotesCount).toBeGreaterThan(10)
    expect(preVotesCount).toBeLessThan(40)
  })
})
