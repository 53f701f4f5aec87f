/**
 * The hint that the leader's process is gone: its connection broke and a new one was refused. It decides one thing, that
 * the fetch timeout of this follower counts as elapsed: it grants pre-votes from then on, and after a short delay by its
 * rank among the voters asks for pre-votes itself. Votes, epochs and what is committed stay Raft's: a hint that is wrong
 * costs pre-votes that others refuse, and a fetch that is answered takes it back. Observers need none: while the requests
 * to their leader fail they ask everybody else.
 *
 * The elections that follow are hurried: the rivals are at hand and awake, and the second of random backoff that Kafka
 * waits after a lost one would be most of the time without a leader. So are those of voters that have just started, once a
 * majority is up and says that nobody leads: a new cluster need not wait for a timeout to find that out. Each takes twice as long as the one before, for slow
 * disks, and after `hurriesMax` in vain Kafka's times count again until a leader is heard.
 */
import type { RaftCore } from './raft-core.ts'

/** Time for the others to notice too, so that they grant. */
const noticeMs = 10
/** An election is a few round trips and one flush at each voter. */
const rankDelayMs = 40
const jitterMs = 10
const firstElectionMs = 100
const hurriesMax = 8

export function onPeerGone(core: RaftCore, id: number): void {
  const { role } = core
  if (role.name !== 'follower' || id !== core.leaderId || !core.isVoter || role.isLeaderGone) return
  core.hurry ??= { goneId: id, electionsCount: 0 }
  if (!isHurried(core)) return
  role.isLeaderGone = true
  role.hasFetched = false
  role.fetchDeadlineMs = Math.min(role.fetchDeadlineMs, core.nowMs + noticeMs + turnDelayMs(core, id))
}

/** A voter that is asked who leads does not know of anybody. */
export function onLeaderless(core: RaftCore, voterId: number): void {
  const { role } = core
  if (role.name !== 'unattached' || role.leaderlessIds === undefined || !core.isVoter) return
  if (voterId === core.self.id || core.voters.get(voterId) === undefined) return
  role.leaderlessIds.add(voterId)
  if (role.leaderlessIds.size + 1 < core.voters.majorityCount) return
  delete role.leaderlessIds
  core.hurry ??= { goneId: core.self.id, electionsCount: 0 }
  role.electionDeadlineMs = Math.min(role.electionDeadlineMs, core.nowMs + noticeMs + turnDelayMs(core, core.self.id))
}

/** Spread over twice the configured time, so that candidates do not collide for ever. */
export function electionDeadlineMs(core: RaftCore): number {
  const { electionTimeoutMs } = core.config
  const { hurry } = core
  if (hurry === undefined || !isHurried(core)) {
    return core.nowMs + electionTimeoutMs + core.random.integer(electionTimeoutMs)
  }
  const hurriedMs = firstElectionMs * 2 ** Math.max(0, hurry.electionsCount - 1)
  return core.nowMs + Math.min(hurriedMs, electionTimeoutMs) + turnDelayMs(core, hurry.goneId)
}

/** How long a candidate waits when it has lost. */
export function lostElectionBackoffMs(core: RaftCore): number {
  if (core.hurry !== undefined && isHurried(core)) return turnDelayMs(core, core.hurry.goneId)
  return core.random.integer(core.config.electionBackoffMsMax)
}

function isHurried({ hurry }: RaftCore): boolean {
  return hurry !== undefined && hurry.electionsCount < hurriesMax
}

/** No two voters have the same turn. */
function turnDelayMs(core: RaftCore, goneId: number): number {
  const rank = core.voters.ids.filter((id) => id !== goneId && id < core.self.id).length
  return Math.min(rank * rankDelayMs, core.config.electionTimeoutMs) + core.random.integer(jitterMs)
}
