/**
 * The leader's answers to Fetch and FetchSnapshot of voters and observers (KIP-595, KIP-630, KIP-1166). A fetch is also
 * an acknowledgement: its offset says what the replica has on disk. Records leave only once the leader itself has them on
 * disk. Order of an answer: error, snapshot, diverging epoch, records, a newer high watermark; else the fetch waits.
 */
import type { ErrorName } from '../protocol/errors.ts'
import { leaderHighWatermark, maybeAdvanceHighWatermark, recordContact, recordFetch } from './leadership.ts'
import type { OffsetAndEpoch } from './log-view.ts'
import type { FetchRequest, FetchResponse, FetchSnapshotRequest } from './messages.ts'
import type { RaftCore } from './raft-core.ts'
import type { Token } from './raft-io.ts'
import type { Leader, ParkedFetch } from './roles.ts'
import { isSameReplica } from './voter-set.ts'

const noRecords = Buffer.alloc(0)
const parkedFetchesMax = 10_000
const waitMsMax = 60_000

export function handleFetch(core: RaftCore, token: Token, request: FetchRequest): void {
  const clusterError = core.clusterError(request.clusterId)
  if (clusterError !== undefined) {
    refuse(core, token, clusterError, true)
    return
  }
  if (request.fetchOffset < 0 || request.lastFetchedEpoch < 0 || request.epoch < 0 || request.maxWaitMs < 0) {
    refuse(core, token, 'INVALID_REQUEST', true)
    return
  }
  const error = core.leaderError(request.epoch)
  if (error !== undefined) {
    refuse(core, token, error, false)
    return
  }
  const { leader } = core
  recordContact(core, leader, request.replica)
  const check = core.log.checkPosition(request.fetchOffset, request.lastFetchedEpoch)
  if (check.kind === 'valid' && recordFetch(core, leader, request)) maybeAdvanceHighWatermark(core, leader)
  const waitMs = leader.parkedFetches.length < parkedFetchesMax ? Math.min(request.maxWaitMs, waitMsMax) : 0
  const fetch = { token, request, deadlineMs: core.nowMs + waitMs }
  replaceParked(core, leader, request)
  if (!maybeAnswer(core, leader, fetch)) leader.parkedFetches.push(fetch)
}

/** A replica that fetches again has given up its fetch before: nobody waits for that answer. */
function replaceParked(core: RaftCore, leader: Leader, request: FetchRequest): void {
  if (request.replica.id < 0) return
  const index = leader.parkedFetches.findIndex((fetch) => isSameReplica(fetch.request.replica, request.replica))
  if (index < 0) return
  const [old] = leader.parkedFetches.splice(index, 1)
  core.emit({ kind: 'reply', token: old!.token, response: fetchResponse(core, leader) })
}

/** Answers when there is something to say, or when waiting is over. */
function maybeAnswer(core: RaftCore, leader: Leader, { token, request, deadlineMs }: ParkedFetch): boolean {
  const { fetchOffset, lastFetchedEpoch } = request
  const check = core.log.checkPosition(fetchOffset, lastFetchedEpoch)
  if (check.kind !== 'valid') {
    const response =
      check.kind === 'snapshot'
        ? fetchResponse(core, leader, check.id)
        : fetchResponse(core, leader, undefined, check.end)
    core.emit({ kind: 'reply', token, response })
    return true
  }
  if (fetchOffset < core.log.flushedOffset) {
    const bytesMax = Math.max(0, Math.min(request.maxBytes, core.config.fetchBytesMax))
    const response = fetchResponse(core, leader)
    const endOffset = core.log.flushedOffset
    core.emit({ kind: 'replyWithRecords', token, response, startOffset: fetchOffset, endOffset, bytesMax })
    return true
  }
  const isNews = leaderHighWatermark(core, leader) > request.highWatermark
  if (!isNews && core.nowMs < deadlineMs) return false
  core.emit({ kind: 'reply', token, response: fetchResponse(core, leader) })
  return true
}

export function pollParkedFetches(core: RaftCore, leader: Leader): void {
  if (leader.parkedFetches.length === 0) return
  leader.parkedFetches = leader.parkedFetches.filter((fetch) => !maybeAnswer(core, leader, fetch))
  for (const fetch of leader.parkedFetches) core.wakeAt(fetch.deadlineMs)
}

function fetchResponse(
  core: RaftCore,
  leader: Leader,
  snapshotId?: OffsetAndEpoch,
  divergingEpoch?: OffsetAndEpoch,
): FetchResponse {
  return {
    ...core.head(),
    kind: 'fetch',
    highWatermark: leaderHighWatermark(core, leader),
    logStartOffset: core.log.startOffset,
    divergingEpoch,
    snapshotId,
    records: noRecords,
  }
}

function refuse(core: RaftCore, token: Token, error: ErrorName, isTopLevel: boolean): void {
  core.emit({ kind: 'reply', token, response: refusedFetch(core, error, isTopLevel) })
}

function refusedFetch(core: RaftCore, error: ErrorName, isTopLevel: boolean): FetchResponse {
  return {
    ...core.head(error, isTopLevel),
    kind: 'fetch',
    highWatermark: -1,
    logStartOffset: -1,
    divergingEpoch: undefined,
    snapshotId: undefined,
    records: noRecords,
  }
}

/** The driver reads the file; here it is only decided whether there is one to read. */
export function handleFetchSnapshot(core: RaftCore, token: Token, request: FetchSnapshotRequest): void {
  const clusterError = core.clusterError(request.clusterId)
  const error = clusterError ?? core.leaderError(request.epoch) ?? snapshotError(core, request)
  const response = {
    ...core.head(error ?? 'NONE', clusterError !== undefined),
    kind: 'fetchSnapshot' as const,
    snapshotId: request.snapshotId,
    size: 0,
    position: request.position,
    bytes: noRecords,
  }
  if (error !== undefined) {
    core.emit({ kind: 'reply', token, response })
    return
  }
  recordContact(core, core.leader, request.replica)
  const bytesMax = Math.max(1, Math.min(request.maxBytes, core.config.fetchSnapshotBytesMax))
  core.emit({ kind: 'replyWithSnapshot', token, response, bytesMax })
}

function snapshotError(core: RaftCore, request: FetchSnapshotRequest): ErrorName | undefined {
  if (!core.log.hasSnapshot(request.snapshotId)) return 'SNAPSHOT_NOT_FOUND'
  return request.position < 0 ? 'POSITION_OUT_OF_RANGE' : undefined
}
