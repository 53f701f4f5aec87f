/**
 * What DescribeQuorum tells: voters and observers with the offsets and times that the leader keeps of them. Only the
 * leader knows more than the epoch.
 */
import { leaderHighWatermark, progressOf } from './leadership.ts'
import type { RaftCore } from './raft-core.ts'
import type { ReplicaProgress } from './roles.ts'
import type { ReplicaKey, Voter } from './voter-set.ts'

export interface ReplicaDescription extends ReplicaKey {
  /** -1 when not known. */
  readonly logEndOffset: number
  /** Wall clock; -1 when not known, and of the leader itself. */
  readonly lastFetchTimestamp: number
  readonly lastCaughtUpTimestamp: number
}

export interface QuorumDescription {
  readonly leaderId: number
  readonly epoch: number
  /** -1 when the leader has not committed in its epoch, and when this node does not lead. */
  readonly highWatermark: number
  readonly isLeader: boolean
  readonly voters: readonly ReplicaDescription[]
  readonly observers: readonly ReplicaDescription[]
  /** With endpoints. */
  readonly nodes: readonly Voter[]
}

export function describeQuorum(core: RaftCore): QuorumDescription {
  const { leaderId, epoch, role } = core
  const nodes = core.voters.voters
  if (role.name !== 'leader') {
    return { leaderId, epoch, highWatermark: -1, isLeader: false, voters: [], observers: [], nodes }
  }
  const self = (key: ReplicaKey): ReplicaDescription => ({
    id: key.id,
    directoryId: key.directoryId,
    logEndOffset: core.log.endOffset,
    lastFetchTimestamp: core.time.wallMs,
    lastCaughtUpTimestamp: core.time.wallMs,
  })
  const voters = nodes.map((voter) =>
    voter.id === core.self.id ? self(voter) : describe(voter, progressOf(role, voter)),
  )
  const observers = [...role.replicas.values()]
    .filter(({ key }) => !core.voters.isVoter(key))
    .map((progress) => describe(progress.key, progress))
  return {
    leaderId,
    epoch,
    highWatermark: leaderHighWatermark(core, role),
    isLeader: true,
    voters,
    observers,
    nodes,
  }
}

function describe(key: ReplicaKey, progress: ReplicaProgress | undefined): ReplicaDescription {
  return {
    id: key.id,
    directoryId: key.directoryId,
    logEndOffset: progress?.endOffset ?? -1,
    lastFetchTimestamp: progress?.lastFetchTimestamp ?? -1,
    lastCaughtUpTimestamp: progress?.lastCaughtUpTimestamp ?? -1,
  }
}
