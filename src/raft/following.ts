/**
 * A replica that follows: fetches from the leader, one request at a time, appends what comes, cuts its log where the
 * leader's parted from it, downloads a snapshot when it is too far behind; and one that looks for the leader. It
 * promises to acknowledge by its next fetch only what is on disk.
 */
import { assert } from '../base/assert.ts'
import { onLeaderless } from './leader-gone.ts'
import { splitByEpoch } from './log-batches.ts'
import type {
  FetchRequest,
  FetchResponse,
  FetchSnapshotResponse,
  ResponseHead,
  VoterChangeResponse,
} from './messages.ts'
import type { RaftCore } from './raft-core.ts'
import type { Destination } from './raft-io.ts'
import type { Follower } from './roles.ts'
import { becomeFollower, becomeProspective, becomeUnattached, ownVoter } from './transitions.ts'
import { type Endpoint, VoterSet } from './voter-set.ts'

/** What every answer tells: a higher epoch counts, and so does a leader that was not known. */
export function learn(core: RaftCore, head: ResponseHead): void {
  if (head.isTopLevel && head.error !== 'NONE') return
  if (head.epoch < core.epoch) return
  const isLeaderNamed = head.leaderId >= 0 && head.leaderId !== core.self.id
  const endpoint = head.leaderEndpoint ?? core.voters.endpointOf(head.leaderId)
  if (head.epoch > core.epoch) {
    if (isLeaderNamed && endpoint !== undefined) becomeFollower(core, head.epoch, head.leaderId, endpoint)
    else becomeUnattached(core, head.epoch, isLeaderNamed ? head.leaderId : -1)
    return
  }
  if (!isLeaderNamed || (core.leaderId !== -1 && core.leaderId !== head.leaderId)) return
  const isSearching = core.role.name === 'unattached' || (core.leaderId === -1 && core.role.name !== 'follower')
  if (!isSearching || endpoint === undefined) return
  becomeFollower(core, head.epoch, head.leaderId, endpoint)
}

/** Sends what is due to the leader; true when the role changed. */
export function pollFollower(core: RaftCore, role: Follower): boolean {
  if (core.installing !== undefined) return false
  if (core.isVoter) {
    if (core.nowMs >= role.fetchDeadlineMs) {
      becomeProspective(core)
      return true
    }
    core.wakeAt(role.fetchDeadlineMs)
  }
  if (core.log.flushedOffset < core.log.endOffset) return false
  const leader = { id: core.leaderId, endpoint: role.leaderEndpoint }
  const readyAtMs = core.requests.readyAtMs(leader.id, core.nowMs)
  if (readyAtMs > core.nowMs) {
    core.wakeAt(readyAtMs)
    // An observer has no elections to find a new leader by: while the old one fails, it asks around.
    if (!core.isVoter && !core.requests.isUnderWay(leader.id, core.nowMs)) pollBootstrap(core)
    return false
  }
  sendToLeader(core, role, leader)
  core.wakeAt(core.requests.readyAtMs(leader.id, core.nowMs))
  return false
}

function sendToLeader(core: RaftCore, role: Follower, leader: Destination): void {
  const { clusterId, fetchSnapshotBytesMax } = core.config
  if (core.nowMs >= role.updateVoterDeadlineMs && maybeChangeVoters(core, role, leader)) return
  if (role.download === undefined) {
    core.send(leader, fetchRequest(core))
    return
  }
  core.send(leader, {
    kind: 'fetchSnapshot',
    clusterId,
    replica: core.self,
    epoch: core.epoch,
    snapshotId: role.download.id,
    position: role.download.position,
    maxBytes: fetchSnapshotBytesMax,
  })
}

function fetchRequest(core: RaftCore): FetchRequest {
  return {
    kind: 'fetch',
    clusterId: core.config.clusterId,
    replica: core.self,
    epoch: core.epoch,
    fetchOffset: core.log.endOffset,
    lastFetchedEpoch: core.log.lastEpoch,
    highWatermark: core.highWatermark,
    maxWaitMs: core.config.fetchWaitMsMax,
    maxBytes: core.config.fetchBytesMax,
  }
}

/** Asks any server for the leader: unattached replicas, and observers whose leader does not answer. */
export function pollBootstrap(core: RaftCore): void {
  if (core.installing !== undefined || core.log.flushedOffset < core.log.endOffset) return
  const servers = bootstrapDestinations(core)
  if (servers.length === 0) return
  const underWay = servers.find(({ id }) => core.requests.isUnderWay(id, core.nowMs))
  if (underWay !== undefined) {
    core.wakeAt(core.requests.readyAtMs(underWay.id, core.nowMs))
    return
  }
  const ready = servers.filter(({ id }) => core.requests.isReady(id, core.nowMs))
  if (ready.length === 0) {
    for (const { id } of servers) core.wakeAt(core.requests.readyAtMs(id, core.nowMs))
    return
  }
  const server = ready[core.random.integer(ready.length)]!
  core.send(server, fetchRequest(core))
  core.wakeAt(core.requests.readyAtMs(server.id, core.nowMs))
}

/**
 * Configured servers, which have no id until they answer, and the voters that this replica knows of: the configured ones
 * may all have left the quorum since.
 */
function bootstrapDestinations(core: RaftCore): readonly Destination[] {
  const configured = core.config.bootstrapServers.map((endpoint, index) => ({ id: -2 - index, endpoint }))
  const known = core.voters.voters
    .filter((voter) => voter.id !== core.self.id && voter.endpoints.length > 0)
    .map((voter) => ({ id: voter.id, endpoint: voter.endpoints[0]! }))
    .filter(({ endpoint: { host, port } }) => !configured.some((server) => isAt(server.endpoint, host, port)))
  return [...configured, ...known]
}

/** A bootstrap server has no id, but perhaps the address of a voter; -1 when it has not. */
function voterIdOf(core: RaftCore, destinationId: number): number {
  if (destinationId >= 0) return destinationId
  const server = core.config.bootstrapServers[-2 - destinationId]
  const voter = core.voters.voters.find(
    ({ endpoints: [first] }) => first !== undefined && server !== undefined && isAt(first, server.host, server.port),
  )
  return voter?.id ?? -1
}

function isAt(endpoint: Endpoint, host: string, port: number): boolean {
  return endpoint.host === host && endpoint.port === port
}

export function onFetchResponse(core: RaftCore, senderId: number, response: FetchResponse): void {
  const { role } = core
  const isFromLeader = role.name === 'follower' && senderId === core.leaderId && response.epoch === core.epoch
  if (!isFromLeader || response.error !== 'NONE') {
    if (response.leaderId === -1 && !response.isTopLevel) onLeaderless(core, voterIdOf(core, senderId))
    core.requests.backOff(senderId, core.nowMs)
    return
  }
  onLeaderHeard(core, role)
  if (response.divergingEpoch !== undefined) {
    core.truncate(core.log.truncationOffset(response.divergingEpoch))
    return
  }
  if (response.snapshotId !== undefined) {
    role.download = { id: response.snapshotId, position: 0 }
    return
  }
  if (response.records.length > 0 && !appendFetched(core, response.records)) core.requests.backOff(senderId, core.nowMs)
  role.leaderHighWatermark = Math.max(role.leaderHighWatermark, response.highWatermark)
  onFollowerFlushed(core, role)
}

function onLeaderHeard(core: RaftCore, role: Follower): void {
  role.hasFetched = true
  role.isLeaderGone = false
  core.hurry = undefined
  role.fetchDeadlineMs = core.nowMs + core.config.fetchTimeoutMs
}

/** False when the bytes are not what should come next: nothing is appended then, and the next fetch asks again. */
function appendFetched(core: RaftCore, records: Buffer): boolean {
  const runs = splitByEpoch(records, core.log.endOffset, core.log.lastEpoch, core.epoch)
  if (runs === undefined) return false
  for (const run of runs) core.append(run.bytes, run.endOffset, run.epoch)
  return true
}

/** More of the log is on disk: what the leader called committed may be so here too. */
export function onFollowerFlushed(core: RaftCore, role: Follower): void {
  core.advanceHighWatermark(Math.min(role.leaderHighWatermark, core.log.flushedOffset))
}

export function onFetchSnapshotResponse(core: RaftCore, senderId: number, response: FetchSnapshotResponse): void {
  const { role } = core
  if (role.name !== 'follower' || role.download === undefined || senderId !== core.leaderId) return
  const { id, position } = role.download
  const { snapshotId, bytes, size } = response
  const isExpected =
    response.error === 'NONE' &&
    response.epoch === core.epoch &&
    snapshotId.endOffset === id.endOffset &&
    snapshotId.epoch === id.epoch &&
    response.position === position &&
    bytes.length > 0 &&
    position + bytes.length <= size
  if (!isExpected) {
    role.download = undefined
    core.requests.backOff(senderId, core.nowMs)
    return
  }
  onLeaderHeard(core, role)
  core.emit({ kind: 'writeSnapshotChunk', id, position, bytes })
  role.download.position += bytes.length
  if (role.download.position < size) return
  role.download = undefined
  core.installing = id
  core.emit({ kind: 'installSnapshot', id })
}

/** The snapshot stands where the log was. */
export function onSnapshotInstalled(core: RaftCore): void {
  assert(core.installing !== undefined, 'a snapshot was to be installed')
  core.log.resetTo(core.installing)
  core.advanceHighWatermark(core.installing.endOffset)
  core.installing = undefined
  if (core.role.name === 'follower') core.role.fetchDeadlineMs = core.nowMs + core.config.fetchTimeoutMs
}

/**
 * The leader keeps the voter set: it hears when this voter's endpoints or versions are others than it has, and when a
 * controller that is none yet wants to be a voter by itself (KIP-853, KIP-1186). A voter that lost its disk is another
 * replica under an id that is taken: the one that it was leaves first. In a static quorum every voter tells the leader
 * its directory, which an upgrade of kraft.version writes into the log.
 */
function maybeChangeVoters(core: RaftCore, role: Follower, leader: Destination): boolean {
  const { config, epoch } = core
  const { clusterId } = config
  role.updateVoterDeadlineMs = core.nowMs + config.fetchTimeoutMs
  const { kraftVersion, voters } = core.history.latest
  const own = ownVoter(core)
  const known = voters.get(core.self.id)
  if (core.isVoter) {
    if (kraftVersion < 1) {
      if (role.hasToldSelf) return false
      role.hasToldSelf = true
    } else if (known === undefined || new VoterSet([known]).equals(new VoterSet([own]))) return false
    core.send(leader, { kind: 'updateVoter', clusterId, epoch, voter: own })
    return true
  }
  if (kraftVersion < 1 || !config.canVote || config.joinsQuorum !== true || core.log.endOffset > core.highWatermark)
    return false
  if (known !== undefined) core.send(leader, { kind: 'removeVoter', clusterId, voter: known })
  else {
    const timeoutMs = config.requestTimeoutMs
    core.send(leader, { kind: 'addVoter', clusterId, voter: own, timeoutMs, ackWhenCommitted: false })
  }
  return true
}

export function onUpdateVoterResponse(core: RaftCore, senderId: number, response: VoterChangeResponse): void {
  if (response.error === 'NONE') return
  core.requests.backOff(senderId, core.nowMs)
  if (core.role.name === 'follower') core.role.hasToldSelf = false
}
