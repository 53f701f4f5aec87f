/**
 * Raft answers as Kafka's RPCs, both ways; the requests are in raft-rpc-requests.ts. An error that concerns the whole
 * request stands at the top and leaves the topics out.
 */
import { metadataTopicId } from '../base/uuid.ts'
import type { FetchResponse as FetchMessage, FetchResponseInput } from '../protocol/api/01-fetch.ts'
import type { VoteResponse as VoteMessage, VoteResponseInput } from '../protocol/api/52-vote.ts'
import type {
  BeginQuorumEpochResponse as BeginMessage,
  BeginQuorumEpochResponseInput,
} from '../protocol/api/53-begin-quorum-epoch.ts'
import type {
  FetchSnapshotResponse as FetchSnapshotMessage,
  FetchSnapshotResponseInput,
} from '../protocol/api/59-fetch-snapshot.ts'
import type { AddRaftVoterResponse } from '../protocol/api/80-add-raft-voter.ts'
import type { UpdateRaftVoterResponse } from '../protocol/api/82-update-raft-voter.ts'
import { type ErrorName, errorCodes, errorName } from '../protocol/errors.ts'
import type { FetchResponse, FetchSnapshotResponse, RaftRequest, RaftResponse, ResponseHead } from './messages.ts'
import { metadataTopicName, raftApis } from './raft-rpc-requests.ts'
import type { Endpoint } from './voter-set.ts'

const noRecords = Buffer.alloc(0)
const none = errorCodes.NONE

/** The body to answer with in `version` of the API; the newest when missing. */
export function encodeRaftResponse(response: RaftResponse, version: number = raftApis[response.kind].version): object {
  const body = encodeBody(response)
  const { nodeEndpoints: since = 0 } = raftApis[response.kind] as { readonly nodeEndpoints?: number }
  if (version >= since) return body
  const { nodeEndpoints: _, ...rest } = body as { nodeEndpoints?: unknown }
  return rest
}

function encodeBody(response: RaftResponse): object {
  switch (response.kind) {
    case 'fetch':
      return encodeFetch(response)
    case 'fetchSnapshot':
      return encodeFetchSnapshot(response)
    case 'vote':
      return encodeVoterAnswer(response, { voteGranted: response.isGranted }) satisfies VoteResponseInput
    case 'beginQuorumEpoch':
    case 'endQuorumEpoch':
      return encodeVoterAnswer(response, {}) satisfies BeginQuorumEpochResponseInput
    case 'updateVoter':
      // Another cluster is told nothing.
      if (response.error === 'INCONSISTENT_CLUSTER_ID') return { errorCode: errorCodes[response.error] }
      return {
        errorCode: errorCodes[response.error],
        currentLeader: {
          leaderId: response.leaderId,
          leaderEpoch: response.epoch,
          host: response.leaderEndpoint?.host ?? '',
          port: response.leaderEndpoint?.port ?? 0,
        },
      }
    default:
      return { errorCode: errorCodes[response.error], errorMessage: response.message }
  }
}

/** How a request that `decodeRaftRequest` does not understand is answered. */
export function encodeRaftError(error: ErrorName): object {
  return { errorCode: errorCodes[error] }
}

/** The answer to a request of `kind` in a decoded body; undefined when it is not about the metadata log. */
export function decodeRaftResponse(kind: RaftRequest['kind'], message: object): RaftResponse | undefined {
  switch (kind) {
    case 'fetch':
      return decodeFetch(message as FetchMessage)
    case 'fetchSnapshot':
      return decodeFetchSnapshot(message as FetchSnapshotMessage)
    case 'vote': {
      const answer = decodeVoterAnswer(message as VoteMessage)
      return answer && { ...answer.head, kind, isGranted: answer.partition?.voteGranted ?? false }
    }
    case 'beginQuorumEpoch':
    case 'endQuorumEpoch': {
      const answer = decodeVoterAnswer(message as BeginMessage)
      return answer && { ...answer.head, kind }
    }
    case 'updateVoter':
      return { ...headOfUpdate(message as UpdateRaftVoterResponse), kind, message: null }
    default: {
      const { errorCode, errorMessage } = message as AddRaftVoterResponse
      return { ...topLevelHead(errorCode), kind, message: errorMessage }
    }
  }
}

interface NodeEndpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

function nodeEndpointsOf({ leaderId, leaderEndpoint }: ResponseHead): NodeEndpoint[] {
  if (leaderId < 0 || leaderEndpoint === undefined) return []
  return [{ nodeId: leaderId, host: leaderEndpoint.host, port: leaderEndpoint.port }]
}

function topLevelHead(code: number): ResponseHead {
  return { error: errorName(code), isTopLevel: true, leaderId: -1, epoch: -1, leaderEndpoint: undefined }
}

function partitionHead(
  code: number,
  leader: { readonly leaderId: number; readonly leaderEpoch: number },
  endpoints: readonly NodeEndpoint[],
): ResponseHead {
  const found = endpoints.find(({ nodeId }) => nodeId === leader.leaderId)
  const leaderEndpoint: Endpoint | undefined = found && { name: '', host: found.host, port: found.port }
  return {
    error: errorName(code),
    isTopLevel: false,
    leaderId: leader.leaderId,
    epoch: leader.leaderEpoch,
    leaderEndpoint,
  }
}

function encodeVoterAnswer<Extra extends object>(response: ResponseHead, extra: Extra) {
  const errorCode = errorCodes[response.error]
  if (response.isTopLevel && errorCode !== none) return { errorCode }
  const partition = {
    partitionIndex: 0,
    errorCode,
    leaderId: response.leaderId,
    leaderEpoch: response.epoch,
    ...extra,
  }
  return {
    errorCode: none,
    topics: [{ topicName: metadataTopicName, partitions: [partition] }],
    nodeEndpoints: nodeEndpointsOf(response),
  }
}

interface VoterAnswer<Partition> {
  readonly errorCode: number
  readonly topics: readonly { readonly partitions: readonly Partition[] }[]
  readonly nodeEndpoints: readonly NodeEndpoint[]
}

function decodeVoterAnswer<
  Partition extends { readonly errorCode: number; readonly leaderId: number; readonly leaderEpoch: number },
>(
  message: VoterAnswer<Partition>,
): { readonly head: ResponseHead; readonly partition: Partition | undefined } | undefined {
  if (message.errorCode !== none) return { head: topLevelHead(message.errorCode), partition: undefined }
  const partition = message.topics[0]?.partitions[0]
  if (partition === undefined) return undefined
  return { head: partitionHead(partition.errorCode, partition, message.nodeEndpoints), partition }
}

function encodeFetch(response: FetchResponse): FetchResponseInput {
  const errorCode = errorCodes[response.error]
  if (response.isTopLevel && errorCode !== none) return { errorCode }
  const { divergingEpoch, snapshotId } = response
  return {
    responses: [
      {
        topicId: metadataTopicId,
        partitions: [
          {
            partitionIndex: 0,
            errorCode,
            highWatermark: response.highWatermark,
            lastStableOffset: -1,
            logStartOffset: response.logStartOffset,
            ...(divergingEpoch && { divergingEpoch: { ...divergingEpoch } }),
            currentLeader: { leaderId: response.leaderId, leaderEpoch: response.epoch },
            ...(snapshotId && { snapshotId: { endOffset: snapshotId.endOffset, epoch: snapshotId.epoch } }),
            abortedTransactions: [],
            records: response.records,
          },
        ],
      },
    ],
    nodeEndpoints: nodeEndpointsOf(response),
  }
}

function decodeFetch(message: FetchMessage): FetchResponse | undefined {
  const rest = { highWatermark: -1, logStartOffset: -1, divergingEpoch: undefined, snapshotId: undefined }
  if (message.errorCode !== none) {
    return { ...topLevelHead(message.errorCode), kind: 'fetch', ...rest, records: noRecords }
  }
  const partition = message.responses[0]?.partitions[0]
  if (partition === undefined) return undefined
  const { divergingEpoch, snapshotId, highWatermark, logStartOffset } = partition
  return {
    ...partitionHead(partition.errorCode, partition.currentLeader, message.nodeEndpoints),
    kind: 'fetch',
    highWatermark,
    logStartOffset,
    divergingEpoch: divergingEpoch.epoch < 0 || divergingEpoch.endOffset < 0 ? undefined : divergingEpoch,
    snapshotId: snapshotId.epoch < 0 || snapshotId.endOffset < 0 ? undefined : snapshotId,
    records: partition.records ?? noRecords,
  }
}

function encodeFetchSnapshot(response: FetchSnapshotResponse): FetchSnapshotResponseInput {
  const errorCode = errorCodes[response.error]
  if (response.isTopLevel && errorCode !== none) return { errorCode }
  return {
    topics: [
      {
        name: metadataTopicName,
        partitions: [
          {
            index: 0,
            errorCode,
            snapshotId: { endOffset: response.snapshotId.endOffset, epoch: response.snapshotId.epoch },
            currentLeader: { leaderId: response.leaderId, leaderEpoch: response.epoch },
            size: response.size,
            position: response.position,
            unalignedRecords: response.bytes,
          },
        ],
      },
    ],
    nodeEndpoints: nodeEndpointsOf(response),
  }
}

function decodeFetchSnapshot(message: FetchSnapshotMessage): FetchSnapshotResponse | undefined {
  if (message.errorCode !== none) {
    const nothing = { snapshotId: { endOffset: -1, epoch: -1 }, size: 0, position: 0, bytes: noRecords }
    return { ...topLevelHead(message.errorCode), kind: 'fetchSnapshot', ...nothing }
  }
  const partition = message.topics[0]?.partitions[0]
  if (partition === undefined) return undefined
  return {
    ...partitionHead(partition.errorCode, partition.currentLeader, message.nodeEndpoints),
    kind: 'fetchSnapshot',
    snapshotId: partition.snapshotId,
    size: partition.size,
    position: partition.position,
    bytes: partition.unalignedRecords,
  }
}

function headOfUpdate({ errorCode, currentLeader }: UpdateRaftVoterResponse): ResponseHead {
  const { leaderId, leaderEpoch, host, port } = currentLeader
  const endpoints = host === '' ? [] : [{ nodeId: leaderId, host, port }]
  if (leaderEpoch < 0) return topLevelHead(errorCode)
  return partitionHead(errorCode, { leaderId, leaderEpoch }, endpoints)
}
