/**
 * Raft requests as Kafka's RPCs: Fetch, Vote, BeginQuorumEpoch, EndQuorumEpoch, FetchSnapshot, AddRaftVoter,
 * RemoveRaftVoter, UpdateRaftVoter, both ways. The network layer around it only frames and sends. There is one partition,
 * `__cluster_metadata`/0: whatever asks about another is not understood.
 */
import { metadataTopicId, zeroUuid } from '../base/uuid.ts'
import type { FetchRequest as FetchMessage, FetchRequestInput } from '../protocol/api/01-fetch.ts'
import type { VoteRequest as VoteMessage, VoteRequestInput } from '../protocol/api/52-vote.ts'
import type {
  BeginQuorumEpochRequest as BeginMessage,
  BeginQuorumEpochRequestInput,
} from '../protocol/api/53-begin-quorum-epoch.ts'
import type {
  EndQuorumEpochRequest as EndMessage,
  EndQuorumEpochRequestInput,
} from '../protocol/api/54-end-quorum-epoch.ts'
import type {
  FetchSnapshotRequest as FetchSnapshotMessage,
  FetchSnapshotRequestInput,
} from '../protocol/api/59-fetch-snapshot.ts'
import type { AddRaftVoterRequest, AddRaftVoterRequestInput } from '../protocol/api/80-add-raft-voter.ts'
import type { RemoveRaftVoterRequest, RemoveRaftVoterRequestInput } from '../protocol/api/81-remove-raft-voter.ts'
import type { UpdateRaftVoterRequest, UpdateRaftVoterRequestInput } from '../protocol/api/82-update-raft-voter.ts'
import type {
  AddVoterRequest,
  BeginQuorumEpochRequest,
  EndQuorumEpochRequest,
  FetchRequest,
  FetchSnapshotRequest,
  RaftRequest,
  RemoveVoterRequest,
  UpdateVoterRequest,
  VoteRequest,
} from './messages.ts'

export const metadataTopicName = '__cluster_metadata'

/** The API and the version in which each kind of request is sent, and the first whose answers tell where nodes are. */
export const raftApis = {
  fetch: { apiKey: 1, version: 18, nodeEndpoints: 16 },
  vote: { apiKey: 52, version: 2, nodeEndpoints: 1 },
  beginQuorumEpoch: { apiKey: 53, version: 1, nodeEndpoints: 1 },
  endQuorumEpoch: { apiKey: 54, version: 1, nodeEndpoints: 1 },
  fetchSnapshot: { apiKey: 59, version: 1, nodeEndpoints: 1 },
  addVoter: { apiKey: 80, version: 1 },
  removeVoter: { apiKey: 81, version: 0 },
  updateVoter: { apiKey: 82, version: 0 },
} as const satisfies Record<RaftRequest['kind'], { apiKey: number; version: number; nodeEndpoints?: number }>

/** The first version of Fetch with replicaState. */
const replicaStateVersion = 15

/**
 * The body to send, for the schema of `raftApis[request.kind]` and at most its version. Encoding it fails where an older
 * version cannot say it: pre-votes before version 2, a fetch before 13.
 */
export function encodeRaftRequest(request: RaftRequest, version: number = raftApis[request.kind].version): object {
  switch (request.kind) {
    case 'fetch':
      return encodeFetch(request, version)
    case 'vote':
      return encodeVote(request)
    case 'beginQuorumEpoch':
      return encodeBegin(request)
    case 'endQuorumEpoch':
      return encodeEnd(request)
    case 'fetchSnapshot':
      return encodeFetchSnapshot(request)
    case 'addVoter':
      return encodeAddVoter(request, version)
    case 'removeVoter':
      return encodeRemoveVoter(request)
    case 'updateVoter':
      return encodeUpdateVoter(request)
  }
}

/** The request in a decoded body; undefined when it is not about the metadata log: INVALID_REQUEST. */
export function decodeRaftRequest(apiKey: number, message: object): RaftRequest | undefined {
  switch (apiKey) {
    case raftApis.fetch.apiKey:
      return decodeFetch(message as FetchMessage)
    case raftApis.vote.apiKey:
      return decodeVote(message as VoteMessage)
    case raftApis.beginQuorumEpoch.apiKey:
      return decodeBegin(message as BeginMessage)
    case raftApis.endQuorumEpoch.apiKey:
      return decodeEnd(message as EndMessage)
    case raftApis.fetchSnapshot.apiKey:
      return decodeFetchSnapshot(message as FetchSnapshotMessage)
    case raftApis.addVoter.apiKey:
      return decodeAddVoter(message as AddRaftVoterRequest)
    case raftApis.removeVoter.apiKey:
      return decodeRemoveVoter(message as RemoveRaftVoterRequest)
    case raftApis.updateVoter.apiKey:
      return decodeUpdateVoter(message as UpdateRaftVoterRequest)
    default:
      return undefined
  }
}

/** The only partition of the only topic, when that is the one. */
function onlyPartition<Partition>(
  topics: readonly { readonly partitions: readonly Partition[] }[],
  isMetadata: (topic: never) => boolean,
  indexOf: (partition: Partition) => number,
): Partition | undefined {
  const [topic] = topics
  const partition = topic?.partitions[0]
  if (topics.length !== 1 || topic?.partitions.length !== 1 || partition === undefined) return undefined
  return isMetadata(topic as never) && indexOf(partition) === 0 ? partition : undefined
}

const isNamed = (topic: { readonly topicName: string }) => topic.topicName === metadataTopicName

function encodeFetch(request: FetchRequest, version: number): FetchRequestInput {
  const { id: replicaId } = request.replica
  return {
    clusterId: request.clusterId,
    ...(version < replicaStateVersion ? { replicaId } : { replicaState: { replicaId, replicaEpoch: -1 } }),
    maxWaitMs: request.maxWaitMs,
    minBytes: 0,
    maxBytes: request.maxBytes,
    topics: [
      {
        topicId: metadataTopicId,
        partitions: [
          {
            partition: 0,
            currentLeaderEpoch: request.epoch,
            fetchOffset: request.fetchOffset,
            lastFetchedEpoch: request.lastFetchedEpoch,
            logStartOffset: -1,
            partitionMaxBytes: 0,
            replicaDirectoryId: request.replica.directoryId,
            highWatermark: request.highWatermark,
          },
        ],
      },
    ],
  }
}

function decodeFetch(message: FetchMessage): FetchRequest | undefined {
  const isMetadata = (topic: { readonly topicId: string }) => topic.topicId === metadataTopicId
  const partition = onlyPartition(message.topics, isMetadata, ({ partition: index }) => index)
  if (partition === undefined) return undefined
  const { replicaId } = message.replicaState
  return {
    kind: 'fetch',
    clusterId: message.clusterId,
    // Up to version 14 the replica's id stands in the request itself.
    replica: { id: replicaId === -1 ? message.replicaId : replicaId, directoryId: partition.replicaDirectoryId },
    epoch: partition.currentLeaderEpoch,
    fetchOffset: partition.fetchOffset,
    lastFetchedEpoch: partition.lastFetchedEpoch,
    highWatermark: partition.highWatermark,
    maxWaitMs: message.maxWaitMs,
    maxBytes: message.maxBytes,
  }
}

function encodeVote(request: VoteRequest): VoteRequestInput {
  return {
    clusterId: request.clusterId,
    voterId: request.voter.id,
    topics: [
      {
        topicName: metadataTopicName,
        partitions: [
          {
            partitionIndex: 0,
            replicaEpoch: request.epoch,
            replicaId: request.candidate.id,
            replicaDirectoryId: request.candidate.directoryId,
            voterDirectoryId: request.voter.directoryId,
            lastOffsetEpoch: request.lastEpoch,
            lastOffset: request.lastOffset,
            preVote: request.isPreVote,
          },
        ],
      },
    ],
  }
}

function decodeVote(message: VoteMessage): VoteRequest | undefined {
  const partition = onlyPartition(message.topics, isNamed, ({ partitionIndex }) => partitionIndex)
  if (partition === undefined) return undefined
  return {
    kind: 'vote',
    clusterId: message.clusterId,
    voter: { id: message.voterId, directoryId: partition.voterDirectoryId },
    epoch: partition.replicaEpoch,
    candidate: { id: partition.replicaId, directoryId: partition.replicaDirectoryId },
    lastEpoch: partition.lastOffsetEpoch,
    lastOffset: partition.lastOffset,
    isPreVote: partition.preVote,
  }
}

function encodeBegin(request: BeginQuorumEpochRequest): BeginQuorumEpochRequestInput {
  return {
    clusterId: request.clusterId,
    voterId: request.voter.id,
    topics: [
      {
        topicName: metadataTopicName,
        partitions: [
          {
            partitionIndex: 0,
            voterDirectoryId: request.voter.directoryId,
            leaderId: request.leaderId,
            leaderEpoch: request.epoch,
          },
        ],
      },
    ],
    leaderEndpoints: request.endpoints,
  }
}

function decodeBegin(message: BeginMessage): BeginQuorumEpochRequest | undefined {
  const partition = onlyPartition(message.topics, isNamed, ({ partitionIndex }) => partitionIndex)
  if (partition === undefined) return undefined
  return {
    kind: 'beginQuorumEpoch',
    clusterId: message.clusterId,
    voter: { id: message.voterId, directoryId: partition.voterDirectoryId },
    leaderId: partition.leaderId,
    epoch: partition.leaderEpoch,
    endpoints: message.leaderEndpoints,
  }
}

function encodeEnd(request: EndQuorumEpochRequest): EndQuorumEpochRequestInput {
  return {
    clusterId: request.clusterId,
    topics: [
      {
        topicName: metadataTopicName,
        partitions: [
          {
            partitionIndex: 0,
            leaderId: request.leaderId,
            leaderEpoch: request.epoch,
            preferredSuccessors: request.preferredCandidates.map(({ id }) => id),
            preferredCandidates: request.preferredCandidates.map(({ id, directoryId }) => ({
              candidateId: id,
              candidateDirectoryId: directoryId,
            })),
          },
        ],
      },
    ],
    leaderEndpoints: request.endpoints,
  }
}

function decodeEnd(message: EndMessage): EndQuorumEpochRequest | undefined {
  const partition = onlyPartition(message.topics, isNamed, ({ partitionIndex }) => partitionIndex)
  if (partition === undefined) return undefined
  const candidates = partition.preferredCandidates.map(({ candidateId, candidateDirectoryId }) => ({
    id: candidateId,
    directoryId: candidateDirectoryId,
  }))
  const successors = partition.preferredSuccessors.map((id) => ({ id, directoryId: zeroUuid }))
  return {
    kind: 'endQuorumEpoch',
    clusterId: message.clusterId,
    leaderId: partition.leaderId,
    epoch: partition.leaderEpoch,
    preferredCandidates: candidates.length > 0 ? candidates : successors,
    endpoints: message.leaderEndpoints,
  }
}

function encodeFetchSnapshot(request: FetchSnapshotRequest): FetchSnapshotRequestInput {
  return {
    clusterId: request.clusterId,
    replicaId: request.replica.id,
    maxBytes: request.maxBytes,
    topics: [
      {
        name: metadataTopicName,
        partitions: [
          {
            partition: 0,
            currentLeaderEpoch: request.epoch,
            snapshotId: { ...request.snapshotId },
            position: request.position,
            replicaDirectoryId: request.replica.directoryId,
          },
        ],
      },
    ],
  }
}

function decodeFetchSnapshot(message: FetchSnapshotMessage): FetchSnapshotRequest | undefined {
  const isMetadata = (topic: { readonly name: string }) => topic.name === metadataTopicName
  const partition = onlyPartition(message.topics, isMetadata, ({ partition: index }) => index)
  if (partition === undefined) return undefined
  return {
    kind: 'fetchSnapshot',
    clusterId: message.clusterId,
    replica: { id: message.replicaId, directoryId: partition.replicaDirectoryId },
    epoch: partition.currentLeaderEpoch,
    snapshotId: partition.snapshotId,
    position: partition.position,
    maxBytes: message.maxBytes,
  }
}

function encodeAddVoter(request: AddVoterRequest, version: number): AddRaftVoterRequestInput {
  const { voter } = request
  return {
    clusterId: request.clusterId,
    timeoutMs: request.timeoutMs,
    voterId: voter.id,
    voterDirectoryId: voter.directoryId,
    listeners: voter.endpoints,
    ...(version > 0 && { ackWhenCommitted: request.ackWhenCommitted }),
  }
}

/** The versions that the voter supports are not in the request: the network asks it and puts them in. */
function decodeAddVoter(message: AddRaftVoterRequest): AddVoterRequest {
  return {
    kind: 'addVoter',
    clusterId: message.clusterId,
    voter: {
      id: message.voterId,
      directoryId: message.voterDirectoryId,
      endpoints: message.listeners,
      kraftVersionMin: 0,
      kraftVersionMax: 1,
    },
    timeoutMs: message.timeoutMs,
    ackWhenCommitted: message.ackWhenCommitted,
  }
}

function encodeRemoveVoter(request: RemoveVoterRequest): RemoveRaftVoterRequestInput {
  const { clusterId, voter } = request
  return { clusterId, voterId: voter.id, voterDirectoryId: voter.directoryId }
}

function decodeRemoveVoter(message: RemoveRaftVoterRequest): RemoveVoterRequest {
  const { clusterId, voterId, voterDirectoryId } = message
  return { kind: 'removeVoter', clusterId, voter: { id: voterId, directoryId: voterDirectoryId } }
}

function encodeUpdateVoter(request: UpdateVoterRequest): UpdateRaftVoterRequestInput {
  const { voter } = request
  return {
    clusterId: request.clusterId,
    currentLeaderEpoch: request.epoch,
    voterId: voter.id,
    voterDirectoryId: voter.directoryId,
    listeners: voter.endpoints,
    kRaftVersionFeature: {
      minSupportedVersion: voter.kraftVersionMin,
      maxSupportedVersion: voter.kraftVersionMax,
    },
  }
}

function decodeUpdateVoter(message: UpdateRaftVoterRequest): UpdateVoterRequest {
  return {
    kind: 'updateVoter',
    clusterId: message.clusterId,
    epoch: message.currentLeaderEpoch,
    voter: {
      id: message.voterId,
      directoryId: message.voterDirectoryId,
      endpoints: message.listeners,
      kraftVersionMin: message.kRaftVersionFeature.minSupportedVersion,
      kraftVersionMax: message.kRaftVersionFeature.maxSupportedVersion,
    },
  }
}
