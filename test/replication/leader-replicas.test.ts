import { describe, expect, test } from 'vitest'
import { LeaderReplicas, type LeaderReplicasOptions } from '../../src/replication/leader-replicas.ts'

const lagTimeMaxMs = 30_000

function leader(overrides: Partial<LeaderReplicasOptions> & { replicas?: number[]; isr?: number[] } = {}) {
  const { replicas = [1, 2, 3], isr = replicas, ...options } = overrides
  return new LeaderReplicas({
    brokerId: 1,
    assignment: { replicas, inSyncReplicas: isr, leaderEpoch: 5, partitionEpoch: 7 },
    logEndOffset: 0,
    highWatermark: 0,
    leaderEpochStartOffset: 0,
    minInSyncReplicas: 1,
    lagTimeMaxMs,
    eligibility: { isEligible: () => true, isSuperseded: () => false },
    nowMs: 0,
    ...options,
  })
}

describe('high watermark', () => {
  test('of the only replica is the end of its log', () => {
    const replicas = leader({ replicas: [1], logEndOffset: 10, highWatermark: 3 })
    expect(replicas.highWatermark).toBe(10)
    expect(replicas.onLogEndOffset(12, 1)).toBe(true)
    expect(replicas.highWatermark).toBe(12)
    expect(replicas.onLogEndOffset(12, 1)).toBe(false)
  })

  test('is the lowest end in the ISR', () => {
    const replicas = leader()
    replicas.onLogEndOffset(10, 1)
    expect(replicas.onFollowerFetch(2, -1, 8, 0, 2)).toBe(false)
    expect(replicas.onFollowerFetch(3, -1, 6, 0, 3)).toBe(true)
    expect(replicas.highWatermark).toBe(6)
    expect(replicas.onFollowerFetch(3, -1, 10, 0, 4)).toBe(true)
    expect(replicas.highWatermark).toBe(8)
  })

  test('never goes back', () => {
    const replicas = leader({ replicas: [1, 2] })
    replicas.onLogEndOffset(10, 1)
    replicas.onFollowerFetch(2, -1, 10, 0, 2)
    expect(replicas.onFollowerFetch(2, -1, 4, 0, 3)).toBe(false)
    expect(replicas.highWatermark).toBe(10)
  })

  test('waits for followers of the ISR that have not fetched from this leader yet', () => {
    const replicas = leader({ logEndOffset: 10, highWatermark: 4 })
    expect(replicas.highWatermark).toBe(4)
  })

  test('does not wait for one outside of the ISR that is far behind', () => {
    const replicas = leader({ isr: [1, 2] })
    replicas.onLogEndOffset(10, 1)
    replicas.onFollowerFetch(3, -1, 2, 0, 2)
    replicas.onFollowerFetch(2, -1, 10, 0, 3)
    expect(replicas.highWatermark).toBe(10)
  })

  test('does not wait for one that was taken out of the ISR until it fetches again', () => {
    const replicas = leader()
    replicas.onLogEndOffset(10, 1)
    for (const id of [2, 3]) replicas.onFollowerFetch(id, -1, 10, 0, 2)
    const without = { replicas: [1, 2, 3], inSyncReplicas: [1, 2], leaderEpoch: 5, partitionEpoch: 8 }
    replicas.updateAssignment(without, 3)
    expect(replicas.maybeExpand(3)).toBeUndefined()
    replicas.onLogEndOffset(15, 4)
    expect(replicas.onFollowerFetch(2, -1, 15, 0, 5)).toBe(true)
    expect(replicas.highWatermark).toBe(15)
    replicas.onFollowerFetch(3, -1, 15, 0, 6)
    expect(replicas.maybeExpand(3)).toBeDefined()
  })

  test('waits for one outside of the ISR that is caught up, if it is eligible', () => {
    for (const isEligible of [true, false]) {
      const replicas = leader({ isr: [1, 2], eligibility: { isEligible: () => isEligible, isSuperseded: () => false } })
      replicas.onLogEndOffset(10, 1)
      replicas.onFollowerFetch(3, -1, 10, 0, 2)
      replicas.onLogEndOffset(15, 3)
      replicas.onFollowerFetch(2, -1, 15, 0, 4)
      expect(replicas.highWatermark).toBe(isEligible ? 10 : 15)
    }
  })

  test('stands still while the ISR is below min.insync.replicas', () => {
    const replicas = leader({ isr: [1], minInSyncReplicas: 2 })
    expect(replicas.onLogEndOffset(10, 1)).toBe(false)
    expect(replicas.isUnderMinInSyncReplicas).toBe(true)
    expect(replicas.updateMinInSyncReplicas(1, 2)).toBe(true)
    expect(replicas.highWatermark).toBe(10)
  })

  test('asks for no more in-sync replicas than there are replicas', () => {
    const replicas = leader({ replicas: [1], minInSyncReplicas: 2 })
    expect(replicas.effectiveMinInSyncReplicas).toBe(1)
    expect(replicas.onLogEndOffset(10, 1)).toBe(true)
  })
})

describe('shrinking', () => {
  test('drops who was not caught up for the lag time, and counts only once it is committed', () => {
    const replicas = leader()
    replicas.onLogEndOffset(10, 1_000)
    replicas.onFollowerFetch(2, 102, 10, 0, 2_000)
    expect(replicas.maybeShrink(lagTimeMaxMs)).toBeUndefined()
    const proposal = replicas.maybeShrink(lagTimeMaxMs + 1)
    expect(proposal).toEqual({
      inSyncReplicas: [
        { brokerId: 1, brokerEpoch: -1 },
        { brokerId: 2, brokerEpoch: 102 },
      ],
      leaderEpoch: 5,
      partitionEpoch: 7,
    })
    expect(replicas.highWatermark).toBe(0)
    const assignment = { replicas: [1, 2, 3], inSyncReplicas: [1, 2], leaderEpoch: 5, partitionEpoch: 8 }
    expect(replicas.updateAssignment(assignment, lagTimeMaxMs + 2)).toBe(true)
    expect(replicas.highWatermark).toBe(10)
    expect(replicas.proposal).toBeUndefined()
  })

  test('spares a follower that reaches the end that the leader had at its last fetch', () => {
    const replicas = leader({ replicas: [1, 2] })
    replicas.onLogEndOffset(10, 0)
    replicas.onFollowerFetch(2, -1, 0, 0, 20_000)
    replicas.onLogEndOffset(20, 40_000)
    replicas.onFollowerFetch(2, -1, 10, 0, 40_000)
    expect(replicas.maybeShrink(20_000 + lagTimeMaxMs)).toBeUndefined()
    expect(replicas.maybeShrink(20_001 + lagTimeMaxMs)).toBeDefined()
  })

  test('spares a follower that is level though it has nothing to fetch', () => {
    const replicas = leader({ replicas: [1, 2] })
    replicas.onLogEndOffset(10, 0)
    replicas.onFollowerFetch(2, -1, 10, 0, 1)
    expect(replicas.maybeShrink(10 * lagTimeMaxMs)).toBeUndefined()
  })
})

describe('expanding', () => {
  test('takes who has all that is committed, and from then on the high watermark waits for it', () => {
    const replicas = leader({ isr: [1, 2] })
    replicas.onLogEndOffset(10, 1)
    replicas.onFollowerFetch(2, -1, 10, 0, 2)
    replicas.onFollowerFetch(3, 103, 9, 0, 3)
    expect(replicas.maybeExpand(3)).toBeUndefined()
    replicas.onFollowerFetch(3, 103, 10, 0, 4)
    expect(replicas.maybeExpand(3)?.inSyncReplicas.map((one) => one.brokerId)).toEqual([1, 2, 3])
    expect(replicas.maximalInSyncReplicas).toEqual([1, 2, 3])
    replicas.onLogEndOffset(20, 5)
    replicas.onFollowerFetch(2, -1, 20, 0, 100_000)
    expect(replicas.highWatermark).toBe(10)
  })

  test('refuses who is behind the start of the epoch, is not eligible, or is no replica', () => {
    const behind = leader({ isr: [1], logEndOffset: 10, leaderEpochStartOffset: 8, minInSyncReplicas: 2 })
    behind.onFollowerFetch(2, -1, 7, 0, 1)
    expect(behind.maybeExpand(2)).toBeUndefined()
    behind.onFollowerFetch(2, -1, 8, 0, 1)
    expect(behind.maybeExpand(2)).toBeDefined()
    const fenced = leader({
      isr: [1],
      eligibility: { isEligible: (id, epoch) => id === 2 && epoch === 7, isSuperseded: () => false },
    })
    fenced.onFollowerFetch(2, 6, 0, 0, 1)
    expect(fenced.maybeExpand(2)).toBeUndefined()
    fenced.onFollowerFetch(2, 7, 0, 0, 1)
    expect(fenced.maybeExpand(2)).toBeDefined()
    expect(fenced.onFollowerFetch(9, -1, 0, 0, 1)).toBe(false)
    expect(fenced.maybeExpand(9)).toBeUndefined()
  })

  test('makes one proposal at a time, and another after a refusal', () => {
    const replicas = leader({ isr: [1] })
    replicas.onFollowerFetch(2, -1, 0, 0, 1)
    replicas.onFollowerFetch(3, -1, 0, 0, 1)
    const proposal = replicas.maybeExpand(2)!
    expect(replicas.maybeExpand(3)).toBeUndefined()
    replicas.onProposalFailed(proposal, 2)
    expect(replicas.maximalInSyncReplicas).toEqual([1])
    expect(replicas.maybeExpand(3)).toBeDefined()
  })
})

test('an older assignment changes nothing, a new one keeps what is known of replicas that stay', () => {
  const replicas = leader({ replicas: [1, 2, 3] })
  replicas.onLogEndOffset(10, 1)
  replicas.onFollowerFetch(2, -1, 10, 0, 1)
  const older = { replicas: [1], inSyncReplicas: [1], leaderEpoch: 5, partitionEpoch: 6 }
  expect(replicas.updateAssignment(older, 2)).toBe(false)
  expect(replicas.assignment.partitionEpoch).toBe(7)
  const newer = { replicas: [1, 2, 4], inSyncReplicas: [1, 2], leaderEpoch: 5, partitionEpoch: 8 }
  expect(replicas.updateAssignment(newer, 3)).toBe(true)
  expect(replicas.highWatermark).toBe(10)
  expect(replicas.follower(3)).toBeUndefined()
  expect(replicas.follower(4)?.logEndOffset).toBe(-1)
})
