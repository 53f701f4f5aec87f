import { describe, expect, test } from 'vitest'
import { errorCodes } from '../../src/protocol/errors.ts'
import { buildBatch } from '../../src/protocol/record/batch-builder.ts'
import { reactionTo, restAfter } from '../../src/replication/follower-errors.ts'
import { checkReplicatedRecords } from '../../src/replication/follower-records.ts'
import { replicaFetchVersion } from '../../src/replication/replica-versions.ts'
import { isThrottledReplica, ReplicationQuota } from '../../src/replication/replication-quota.ts'

const at = (baseOffset: number, leaderEpoch = 3) =>
  buildBatch({ baseOffset, leaderEpoch, records: [{ value: Buffer.from('value') }] })

describe('records of an answer', () => {
  test('whole batches are taken, a part at the end is left', () => {
    const bytes = Buffer.concat([at(0), at(1)])
    expect(checkReplicatedRecords(bytes, 3)).toEqual({ records: bytes, problem: undefined })
    for (const cut of [1, 20, at(1).length - 1, at(1).length]) {
      const { records, problem } = checkReplicatedRecords(bytes.subarray(0, bytes.length - cut), 3)
      expect(problem).toBeUndefined()
      expect(records.equals(at(0))).toBe(true)
    }
  })

  test('nothing from the first damaged batch on', () => {
    const damaged = at(1)
    damaged[damaged.length - 2]! ^= 1
    const { records, problem } = checkReplicatedRecords(Buffer.concat([at(0), damaged, at(2)]), 3)
    expect(records.equals(at(0))).toBe(true)
    expect(problem).toMatch(/a damaged batch at position/)
  })

  test('nothing of an epoch that the leader which was asked cannot know', () => {
    const { records, problem } = checkReplicatedRecords(Buffer.concat([at(0), at(1, 4)]), 3)
    expect(records.equals(at(0))).toBe(true)
    expect(problem).toMatch(/epoch 4/)
  })

  test('sizes that lie', () => {
    const bytes = at(0)
    bytes.writeInt32BE(-5, 8)
    expect(checkReplicatedRecords(bytes, 3)).toMatchObject({ problem: expect.stringMatching(/bytes/) })
  })
})

describe('errors', () => {
  test('lead to a rest, a search or a wait', () => {
    expect(reactionTo(errorCodes.OFFSET_OUT_OF_RANGE)).toBe('findOffsets')
    expect(reactionTo(errorCodes.FENCED_LEADER_EPOCH)).toBe('awaitMetadata')
    expect(reactionTo(errorCodes.UNKNOWN_LEADER_EPOCH)).toBe('retry')
    expect(reactionTo(errorCodes.KAFKA_STORAGE_ERROR)).toBe('retry')
  })

  test('rests grow to replica.fetch.backoff.ms', () => {
    const rests = [1, 2, 3, 4, 5, 6, 7, 8, 9, 100].map((failuresCount) => restAfter(failuresCount, 1000))
    expect(rests).toEqual([10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000])
    expect(restAfter(1, 0)).toBe(0)
  })
})

test('the version of Fetch is that of the metadata version', () => {
  const versions = [7, 8, 9, 10, 18, 19, 20, 21, 26, 27, 30].map(replicaFetchVersion)
  expect(versions).toEqual([13, 13, 14, 15, 15, 16, 16, 17, 17, 18, 18])
})

describe('throttles', () => {
  test('name replicas, or all', () => {
    expect(isThrottledReplica('*', 7, 1)).toBe(true)
    expect(isThrottledReplica('0:1,7:1', 7, 1)).toBe(true)
    expect(isThrottledReplica('7:10,17:1', 7, 1)).toBe(false)
    expect(isThrottledReplica('', 7, 1)).toBe(false)
    expect(isThrottledReplica(undefined, 7, 1)).toBe(false)
  })

  test('let through what the rate allows, whatever the pieces', () => {
    let nowMs = 0
    let taken = 0
    const quota = new ReplicationQuota(() => 1000)
    for (; nowMs < 60_000; nowMs += 10) {
      if (quota.waitMs(nowMs) > 0) continue
      quota.onBytes(700, nowMs)
      taken += 700
    }
    expect(taken).toBeGreaterThanOrEqual(59_000)
    expect(taken).toBeLessThanOrEqual(62_000)
  })

  test('no rate lets nothing through, until there is one', () => {
    let rate = 0
    const quota = new ReplicationQuota(() => rate)
    expect(quota.waitMs(0)).toBeGreaterThan(0)
    expect(quota.waitMs(5000)).toBeGreaterThan(0)
    rate = 100
    expect(quota.waitMs(5010)).toBe(0)
  })
})
