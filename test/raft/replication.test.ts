/** The rules of replication, one test each: what a leader answers to a fetch, what it commits, what a follower does. */
import { describe, expect, test } from 'vitest'
import { decodeControlBatch } from '../../src/raft/log-batches.ts'
import { voterOf } from './raft-simulation.ts'
import { dynamicVoters, fetchedBatch, keyOf, kindsIn, repliesIn, ScriptedReplica } from './scripted-replica.ts'

/** Leads epoch 1 with three control records committed, and `count` flushed records behind. */
function leaderWith(count: number): ScriptedReplica {
  const replica = new ScriptedReplica().leadWith(2)
  for (let index = 0; index < count; index++) replica.step({ kind: 'append', values: [Buffer.from(`${index}`)] })
  replica.flush()
  return replica
}

describe('a leader', () => {
  test('commits nothing of its epoch before the first record is on a majority', () => {
    const replica = new ScriptedReplica().lead()
    expect(replica.node.highWatermark).toBe(-1)
    replica.flush()
    expect(replica.node.highWatermark).toBe(-1)
    expect(replica.fetch(2)).toMatchObject({ error: 'NONE', highWatermark: 3 })
    expect(replica.node.highWatermark).toBe(3)
  })

  test('does not commit records of earlier epochs by counting (figure 8)', () => {
    const log = { startOffset: 0, endOffset: 10, epochs: [{ epoch: 2, startOffset: 0 }], snapshots: [] }
    const replica = new ScriptedReplica({ election: { epoch: 2, leaderId: -1, votedKey: undefined }, log })
    replica.lead().flush()
    expect(replica.fetch(2, { fetchOffset: 10, lastFetchedEpoch: 2 })).toMatchObject({ highWatermark: -1 })
    expect(replica.fetch(3, { fetchOffset: 10, lastFetchedEpoch: 2 })).toMatchObject({ highWatermark: -1 })
    expect(replica.node.highWatermark).toBe(-1)
    replica.fetch(3)
    expect(replica.node.highWatermark).toBe(replica.node.logEndOffset)
  })

  test('counts itself only for what it has on disk, and observers not at all', () => {
    const replica = leaderWith(0)
    replica.step({ kind: 'append', values: [Buffer.from('x')] })
    replica.fetch(9, { fetchOffset: 3 })
    replica.fetch(8, { fetchOffset: 3 })
    expect(replica.node.highWatermark).toBe(3)
    replica.flush()
    replica.fetch(9)
    expect(replica.node.highWatermark).toBe(3)
    replica.fetch(3)
    expect(replica.node.highWatermark).toBe(4)
  })

  test('sends records only once they are on its disk', () => {
    const replica = leaderWith(0)
    replica.step({ kind: 'append', values: [Buffer.from('x')] })
    replica.fetch(2, { fetchOffset: 3, highWatermark: 3 })
    expect(kindsIn(replica.effects)).toContain('reply')
    replica.flush()
    replica.fetch(2, { fetchOffset: 3 })
    expect(replica.effects).toContainEqual(
      expect.objectContaining({ kind: 'replyWithRecords', startOffset: 3, endOffset: 4, bytesMax: 1000 }),
    )
  })

  test('holds a fetch that is up to date until there is more, or its time is over', () => {
    const replica = leaderWith(0)
    const waiting = { maxWaitMs: 500, highWatermark: 3 }
    expect(replica.fetch(2, waiting)).toBeUndefined()
    replica.step({ kind: 'append', values: [Buffer.from('x')] })
    expect(repliesIn(replica.effects)).toEqual([])
    expect(kindsIn(replica.flush())).toContain('replyWithRecords')
    expect(replica.fetch(2, waiting)).toMatchObject({ highWatermark: 4 })
    expect(replica.fetch(2, { maxWaitMs: 500, highWatermark: 4 })).toBeUndefined()
    expect(repliesIn(replica.wait(499))).toEqual([])
    expect(repliesIn(replica.wait(1))).toHaveLength(1)
  })

  test('wakes a fetch that waits when the high watermark passes what it knows', () => {
    const replica = leaderWith(1)
    expect(replica.fetch(2, { maxWaitMs: 500, highWatermark: 4 })).toBeUndefined()
    replica.step({ kind: 'append', values: [Buffer.from('x')] })
    replica.flush()
    replica.fetch(2, { maxWaitMs: 500, highWatermark: 4 })
    expect(replica.fetch(3, { maxWaitMs: 500, highWatermark: 5 })).toBeUndefined()
    // Versions that cannot say what they know are not woken by it.
    expect(replica.fetch(9, { maxWaitMs: 500, highWatermark: 2 ** 63 })).toBeUndefined()
  })

  test('answers the fetch that a replica has given up when it fetches again', () => {
    const replica = leaderWith(0)
    expect(replica.fetch(2, { maxWaitMs: 500, highWatermark: 3 })).toBeUndefined()
    replica.fetch(2, { maxWaitMs: 500, highWatermark: 3 })
    expect(repliesIn(replica.effects)).toHaveLength(1)
  })

  test.each([
    [{ epoch: 0 }, 'FENCED_LEADER_EPOCH', false],
    [{ epoch: 2 }, 'UNKNOWN_LEADER_EPOCH', false],
    [{ clusterId: 'other' }, 'INCONSISTENT_CLUSTER_ID', true],
    [{ fetchOffset: -1 }, 'INVALID_REQUEST', true],
    [{ lastFetchedEpoch: -1 }, 'INVALID_REQUEST', true],
  ])('refuses a fetch with %j: %s', (change, error, isTopLevel) => {
    const replica = leaderWith(0)
    expect(replica.fetch(2, change)).toMatchObject({ error, isTopLevel, leaderId: 1, epoch: 1, highWatermark: -1 })
  })

  test('tells where an epoch that it does not have ended here', () => {
    const replica = leaderWith(5)
    const diverging = (change: object) => (replica.fetch(2, change) as { divergingEpoch: object }).divergingEpoch
    expect(diverging({ fetchOffset: 100 })).toEqual({ epoch: 1, endOffset: 8 })
    expect(diverging({ fetchOffset: 4, lastFetchedEpoch: 0 })).toEqual({ epoch: 0, endOffset: 0 })
    expect(replica.node.describeQuorum({ monotonicMs: 0, wallMs: 0 }).voters[1]!.logEndOffset).toBe(3)
  })

  test('sends who is behind the log to the snapshot', () => {
    const replica = leaderWith(5)
    replica.fetch(2)
    replica.step({ kind: 'snapshotCreated', id: { endOffset: 6, epoch: 1 } })
    const snapshotId = (change: object) => (replica.fetch(3, change) as { snapshotId: object }).snapshotId
    expect(snapshotId({ fetchOffset: 0, lastFetchedEpoch: 0 })).toEqual({ endOffset: 6, epoch: 1 })
    expect(snapshotId({ fetchOffset: 4 })).toBeUndefined()
    replica.step({ kind: 'trimmed', startOffset: 6 })
    expect(snapshotId({ fetchOffset: 4 })).toEqual({ endOffset: 6, epoch: 1 })
    expect(snapshotId({ fetchOffset: 6 })).toBeUndefined()
    expect(snapshotId({ fetchOffset: 6, lastFetchedEpoch: 0 })).toEqual({ endOffset: 6, epoch: 1 })
  })

  test('serves the snapshot that it has and no other', () => {
    const replica = leaderWith(5)
    replica.fetch(2)
    replica.step({ kind: 'snapshotCreated', id: { endOffset: 6, epoch: 1 } })
    const ask = (endOffset: number, epoch = 1) =>
      replica.ask({
        kind: 'fetchSnapshot',
        clusterId: null,
        replica: keyOf(3),
        epoch,
        snapshotId: { endOffset, epoch: 1 },
        position: 0,
        maxBytes: 10,
      })
    expect(ask(6)).toMatchObject({ error: 'NONE' })
    expect(kindsIn(replica.effects)).toContain('replyWithSnapshot')
    expect(ask(5)).toMatchObject({ error: 'SNAPSHOT_NOT_FOUND' })
    expect(ask(6, 0)).toMatchObject({ error: 'FENCED_LEADER_EPOCH' })
  })

  test('gives up when a majority has not fetched for one and a half fetch timeouts', () => {
    const replica = leaderWith(0)
    replica.wait(2999)
    replica.fetch(3)
    replica.wait(2999)
    expect(replica.node.isLeader).toBe(true)
    replica.wait(1)
    expect(replica.node.roleName).toBe('resigned')
    expect(replica.fetch(2)).toMatchObject({ error: 'NOT_LEADER_OR_FOLLOWER' })
  })

  test('refuses the fetches that wait when it leads no more', () => {
    const replica = leaderWith(0)
    replica.fetch(2, { maxWaitMs: 500, highWatermark: 3 })
    replica.vote({ epoch: 5, candidate: keyOf(3) })
    expect(repliesIn(replica.effects)).toContainEqual(
      expect.objectContaining({ kind: 'fetch', error: 'NOT_LEADER_OR_FOLLOWER', epoch: 5 }),
    )
  })

  test('reminds voters that stopped fetching of its epoch, and only those', () => {
    const replica = new ScriptedReplica().lead()
    for (const { requestId } of replica.sent('beginQuorumEpoch')) {
      replica.answer(requestId, { kind: 'beginQuorumEpoch', leaderId: 1 })
    }
    replica.flush()
    replica.fetch(2)
    replica.fetch(3)
    expect(replica.sent('beginQuorumEpoch')).toEqual([])
    replica.wait(900)
    replica.fetch(2)
    replica.wait(200)
    expect(replica.sent('beginQuorumEpoch').map(({ to }) => to)).toEqual([3])
  })
})

describe('a follower', () => {
  /** Follows 3 in epoch 1, with a fetch under way. */
  function following(): { replica: ScriptedReplica; next: () => number } {
    const replica = new ScriptedReplica().follow(3)
    return { replica, next: () => replica.sent('fetch')[0]!.requestId }
  }

  test('appends what it fetches, and fetches on once that is on its disk', () => {
    const { replica, next } = following()
    replica.receive(next(), 3, 1, { records: fetchedBatch(0, 1, 4), highWatermark: 2 })
    expect(kindsIn(replica.effects)).toContain('append')
    expect(kindsIn(replica.effects)).not.toContain('send')
    expect(replica.node.highWatermark).toBeLessThanOrEqual(0)
    replica.flush()
    expect(replica.sent('fetch')[0]!.request).toMatchObject({ fetchOffset: 4, lastFetchedEpoch: 1, highWatermark: 2 })
    expect(replica.node.highWatermark).toBe(2)
  })

  test('never takes more for committed than it has', () => {
    const { replica, next } = following()
    replica.receive(next(), 3, 1, { records: fetchedBatch(0, 1), highWatermark: 100 })
    replica.flush()
    expect(replica.node.highWatermark).toBe(1)
  })

  test('cuts its log where the leader says that it parts, and fetches from there', () => {
    const log = {
      startOffset: 0,
      endOffset: 30,
      epochs: [
        { epoch: 1, startOffset: 0 },
        { epoch: 2, startOffset: 10 },
        { epoch: 4, startOffset: 20 },
      ],
      snapshots: [],
    }
    const replica = new ScriptedReplica({ election: { epoch: 5, leaderId: 3, votedKey: undefined }, log })
    const [fetch] = replica.sent('fetch')
    replica.receive(fetch!.requestId, 3, 5, { divergingEpoch: { epoch: 3, endOffset: 25 } })
    expect(replica.effects[0]).toEqual({ kind: 'truncate', endOffset: 20 })
    const [second] = replica.sent('fetch')
    expect(second!.request).toMatchObject({ fetchOffset: 20, lastFetchedEpoch: 2 })
    replica.receive(second!.requestId, 3, 5, { divergingEpoch: { epoch: 2, endOffset: 15 } })
    expect(replica.sent('fetch')[0]!.request).toMatchObject({ fetchOffset: 15, lastFetchedEpoch: 2 })
  })

  test('never cuts what it knows to be committed', () => {
    const { replica, next } = following()
    replica.receive(next(), 3, 1, { records: fetchedBatch(0, 1, 4), highWatermark: 4 })
    replica.flush()
    const cut = () => replica.receive(next(), 3, 1, { divergingEpoch: { epoch: 1, endOffset: 2 } })
    expect(cut).toThrow('below the high watermark')
  })

  test.each([
    ['a gap', fetchedBatch(1, 1)],
    ["an epoch above the leader's", fetchedBatch(0, 2)],
    ['a wrong checksum', Buffer.from(fetchedBatch(0, 1)).fill(1, 63, 64)],
    ['no batch', Buffer.alloc(100, 7)],
  ])('appends nothing of records with %s, and asks again', (_, records) => {
    const { replica, next } = following()
    replica.receive(next(), 3, 1, { records })
    expect(kindsIn(replica.effects)).toEqual([])
    replica.wait(20)
    expect(replica.sent('fetch')[0]!.request.fetchOffset).toBe(0)
  })

  test('takes whole batches and leaves one that is cut off', () => {
    const { replica, next } = following()
    const records = Buffer.concat([fetchedBatch(0, 1), fetchedBatch(1, 1).subarray(0, 50)])
    replica.receive(next(), 3, 1, { records })
    expect(replica.node.logEndOffset).toBe(1)
  })

  test('ignores an answer that it does not wait for', () => {
    const { replica, next } = following()
    const requestId = next()
    replica.receive(requestId, 3, 1, { records: fetchedBatch(0, 1) })
    replica.receive(requestId, 3, 1, { records: fetchedBatch(1, 1) })
    expect(replica.node.logEndOffset).toBe(1)
  })

  test('downloads a snapshot piece by piece and lets it replace the log', () => {
    const { replica, next } = following()
    const id = { endOffset: 50, epoch: 1 }
    replica.receive(next(), 3, 1, { snapshotId: id })
    const chunk = (position: number, bytes: string) =>
      replica.answer(replica.sent('fetchSnapshot')[0]!.requestId, {
        kind: 'fetchSnapshot',
        leaderId: 3,
        snapshotId: id,
        size: 6,
        position,
        bytes: Buffer.from(bytes),
      })
    chunk(0, 'abcd')
    expect(replica.effects[0]).toMatchObject({ kind: 'writeSnapshotChunk', position: 0 })
    chunk(4, 'ef')
    expect(kindsIn(replica.effects)).toEqual(['writeSnapshotChunk', 'installSnapshot'])
    replica.wait(5000)
    expect(kindsIn(replica.effects)).toEqual([])
    replica.step({ kind: 'snapshotInstalled', id, settings: dynamicVoters(1, 2, 3, 4) })
    expect(replica.node.highWatermark).toBe(50)
    expect(replica.node.settings.voters.ids).toEqual([1, 2, 3, 4])
    expect(replica.sent('fetch')[0]!.request).toMatchObject({ fetchOffset: 50, lastFetchedEpoch: 1 })
  })

  test('begins again with a fetch when the snapshot is gone', () => {
    const { replica, next } = following()
    replica.receive(next(), 3, 1, { snapshotId: { endOffset: 50, epoch: 1 } })
    replica.answer(replica.sent('fetchSnapshot')[0]!.requestId, {
      kind: 'fetchSnapshot',
      error: 'UNKNOWN_SERVER_ERROR',
      isTopLevel: true,
      snapshotId: { endOffset: -1, epoch: -1 },
      size: 0,
      position: 0,
      bytes: Buffer.alloc(0),
    })
    replica.wait(20)
    expect(replica.sent('fetch')).toHaveLength(1)
  })

  test('tells the leader when its endpoints are others than the voters say', () => {
    const moved = { ...voterOf(1), endpoints: [{ name: 'CONTROLLER', host: 'old', port: 1 }] }
    const settings = dynamicVoters(1, 2, 3)
    const replica = new ScriptedReplica({ settings: { ...settings, voters: settings.voters.withUpdated(moved)! } })
    replica.follow(3)
    for (const nowMs of [1900, 2100]) {
      const [fetch] = replica.sent('fetch')
      replica.nowMs = nowMs
      replica.receive(fetch!.requestId, 3, 1)
    }
    expect(replica.sent('updateVoter').map(({ request }) => request.voter)).toEqual([voterOf(1)])
  })
})

describe('voters', () => {
  const change = (replica: ScriptedReplica, request: object) =>
    replica.ask({ clusterId: null, timeoutMs: 1000, ackWhenCommitted: true, ...request } as never)
  const add = (replica: ScriptedReplica, id: number) => change(replica, { kind: 'addVoter', voter: voterOf(id) })
  const remove = (replica: ScriptedReplica, id: number) => change(replica, { kind: 'removeVoter', voter: keyOf(id) })

  test('are not changed before the epoch has committed', () => {
    const replica = new ScriptedReplica().lead()
    replica.flush()
    const early = { error: 'REQUEST_TIMED_OUT', message: expect.stringContaining('has not committed') }
    expect(add(replica, 4)).toMatchObject(early)
    expect(remove(replica, 3)).toMatchObject(early)
  })

  test('gain one that is caught up, at once, and are answered when the new majority has it', () => {
    const replica = leaderWith(0)
    expect(add(replica, 4)).toMatchObject({ error: 'REQUEST_TIMED_OUT', message: expect.stringContaining('caught up') })
    replica.fetch(4)
    expect(add(replica, 4)).toBeUndefined()
    expect(replica.node.settings.voters.ids).toEqual([1, 2, 3, 4])
    const appended = replica.effects.find((effect) => effect.kind === 'append')
    expect(decodeControlBatch((appended as { bytes: Buffer }).bytes, 0).map(({ record }) => record.type)).toEqual([
      'kraftVoters',
    ])
    replica.flush()
    replica.fetch(2)
    expect(replica.node.highWatermark).toBe(3)
    replica.fetch(4)
    expect(repliesIn(replica.effects)).toContainEqual(expect.objectContaining({ kind: 'addVoter', error: 'NONE' }))
  })

  test('change one at a time', () => {
    const replica = leaderWith(0)
    replica.fetch(4)
    replica.fetch(5)
    add(replica, 4)
    expect(add(replica, 5)).toMatchObject({ error: 'REQUEST_TIMED_OUT' })
    expect(remove(replica, 2)).toMatchObject({ error: 'REQUEST_TIMED_OUT' })
  })

  test('refuse a double, a stranger, and to lose the last', () => {
    const replica = leaderWith(0)
    expect(add(replica, 2)).toMatchObject({ error: 'DUPLICATE_VOTER' })
    expect(remove(replica, 9)).toMatchObject({ error: 'VOTER_NOT_FOUND' })
    const alone = new ScriptedReplica({ settings: dynamicVoters(1) })
    alone.flush()
    expect(remove(alone, 1)).toMatchObject({ error: 'INVALID_REQUEST' })
  })

  test('refuse who has no endpoint where voters meet, before anything else', () => {
    const replica = new ScriptedReplica().lead()
    const endpoints = [{ name: 'ELSEWHERE', host: 'voter4', port: 1 }]
    const request = { kind: 'addVoter', voter: { ...voterOf(4), endpoints } }
    expect(change(replica, request)).toMatchObject({ error: 'INVALID_REQUEST' })
  })

  test('of a static quorum do not change', () => {
    const replica = new ScriptedReplica({ settings: { ...dynamicVoters(1, 2, 3), kraftVersion: 0 } }).leadWith(2)
    replica.fetch(4)
    expect(add(replica, 4)).toMatchObject({ error: 'UNSUPPORTED_VERSION' })
  })

  test('that lose their leader let it lead until that is committed', () => {
    const replica = leaderWith(0)
    expect(remove(replica, 1)).toBeUndefined()
    expect(replica.node.isLeader).toBe(true)
    replica.flush()
    replica.fetch(2)
    expect(replica.node.isLeader).toBe(true)
    replica.fetch(3)
    expect(repliesIn(replica.effects)).toContainEqual(expect.objectContaining({ kind: 'removeVoter', error: 'NONE' }))
    expect(replica.node.roleName).toBe('resigned')
  })

  test('are what they were when the record that changed them is cut off', () => {
    const replica = leaderWith(0)
    replica.fetch(4)
    add(replica, 4)
    replica.flush()
    replica.follow(3, 2)
    const [fetch] = replica.sent('fetch')
    replica.receive(fetch!.requestId, 3, 2, { divergingEpoch: { epoch: 1, endOffset: 3 } })
    expect(replica.node.settings.voters.ids).toEqual([1, 2, 3])
  })
})
