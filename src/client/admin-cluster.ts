/**
 * What an administrator asks of the cluster as a whole: its brokers, its controllers' quorum, its log directories. Each
 * function sends its requests through a KafkaClient, which tries again what fails for a passing reason.
 */
import { describeLogDirsRequest, describeLogDirsResponse } from '../protocol/api/35-describe-log-dirs.ts'
import { describeQuorumRequest, describeQuorumResponse } from '../protocol/api/55-describe-quorum.ts'
import { describeClusterRequest, describeClusterResponse } from '../protocol/api/60-describe-cluster.ts'
import { unregisterBrokerRequest, unregisterBrokerResponse } from '../protocol/api/64-unregister-broker.ts'
import { addRaftVoterRequest, addRaftVoterResponse } from '../protocol/api/80-add-raft-voter.ts'
import { removeRaftVoterRequest, removeRaftVoterResponse } from '../protocol/api/81-remove-raft-voter.ts'
import { adminError, throwFirst, throwPassing } from './admin-error.ts'
import type { BrokerNode } from './cluster-metadata.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { PartitionName } from './list-offsets.ts'

export interface ClusterNode extends BrokerNode {
  readonly isFenced: boolean
}

export interface ClusterDescription {
  readonly clusterId: string
  /** -1: none is known. */
  readonly controllerId: number
  /** By their ids. */
  readonly nodes: readonly ClusterNode[]
}

export interface QuorumReplica {
  readonly id: number
  readonly directoryId: string
  readonly logEndOffset: number
  /** Milliseconds; -1: not known. */
  readonly lastFetchTimestamp: number
  readonly lastCaughtUpTimestamp: number
  /** NAME://host:port */
  readonly endpoints: readonly string[]
}

export interface QuorumDescription {
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly highWatermark: number
  readonly voters: readonly QuorumReplica[]
  readonly observers: readonly QuorumReplica[]
}

export interface LogDirPartition extends PartitionName {
  readonly size: number
  readonly offsetLag: number
  readonly isFuture: boolean
}

export interface LogDirDescription {
  readonly path: string
  /** A Kafka error code; 0: none. */
  readonly errorCode: number
  /** Of the file system, in bytes; -1: not known. */
  readonly totalBytes: number
  readonly usableBytes: number
  readonly partitions: readonly LogDirPartition[]
}

const describeExchange = { request: describeClusterRequest, response: describeClusterResponse }
const logDirsExchange = { request: describeLogDirsRequest, response: describeLogDirsResponse }
const quorumExchange = { request: describeQuorumRequest, response: describeQuorumResponse }
const unregisterExchange = { request: unregisterBrokerRequest, response: unregisterBrokerResponse }
const addVoterExchange = { request: addRaftVoterRequest, response: addRaftVoterResponse }
const removeVoterExchange = { request: removeRaftVoterRequest, response: removeRaftVoterResponse }

const metadataTopic = '__cluster_metadata'

/** All brokers that are alive, by their ids. */
export async function brokersOf(client: KafkaClient): Promise<readonly BrokerNode[]> {
  await client.loadTopics([])
  return client.metadata.brokers
}

/** `endpointType` 1 asks a broker for brokers, 2 a controller for controllers (KIP-919). */
export async function describeCluster(
  client: KafkaClient,
  {
    endpointType = 1,
    includesFenced = false,
  }: { readonly endpointType?: 1 | 2; readonly includesFenced?: boolean } = {},
): Promise<ClusterDescription> {
  const message = {
    ...(endpointType === 1 ? {} : { endpointType }),
    ...(includesFenced ? { includeFencedBrokers: true } : {}),
  }
  const answer = await client.ask(describeExchange, message)
  throwFirst([answer])
  const { clusterId, controllerId, brokers } = answer
  const nodes = brokers
    .map(({ brokerId, host, port, rack, isFenced }) => ({ nodeId: brokerId, host, port, rack, isFenced }))
    .sort((left, right) => left.nodeId - right.nodeId)
  return { clusterId, controllerId, nodes }
}

/** Who votes on the metadata, who only reads it, and how far they are. */
export async function describeQuorum(client: KafkaClient): Promise<QuorumDescription> {
  const message = { topics: [{ topicName: metadataTopic, partitions: [{ partitionIndex: 0 }] }] }
  // A broker asks the controller that leads; among controllers that one must be asked itself.
  const answer = await client.ask(quorumExchange, message, 'controller', {
    judge: ({ topics }) => throwPassing(topics[0]?.partitions ?? []),
  })
  throwFirst([answer])
  const partition = answer.topics[0]!.partitions[0]!
  throwFirst([partition])
  const endpoints = new Map(
    answer.nodes.map(({ nodeId, listeners }) => [
      nodeId,
      listeners.map(({ name, host, port }) => `${name}://${host}:${port}`),
    ]),
  )
  const replicaOf = (state: (typeof partition.currentVoters)[number]): QuorumReplica => ({
    id: state.replicaId,
    directoryId: state.replicaDirectoryId,
    logEndOffset: state.logEndOffset,
    lastFetchTimestamp: state.lastFetchTimestamp,
    lastCaughtUpTimestamp: state.lastCaughtUpTimestamp,
    endpoints: endpoints.get(state.replicaId) ?? [],
  })
  return {
    leaderId: partition.leaderId,
    leaderEpoch: partition.leaderEpoch,
    highWatermark: partition.highWatermark,
    voters: partition.currentVoters.map(replicaOf),
    observers: partition.observers.map(replicaOf),
  }
}

/** The log directories of one broker and what lies in them. */
export async function describeLogDirs(client: KafkaClient, nodeId: number): Promise<LogDirDescription[]> {
  const answer = await client.ask(logDirsExchange, { topics: null }, { nodeId })
  throwFirst([answer])
  return answer.results.map(({ errorCode, logDir, topics, totalBytes, usableBytes }) => ({
    path: logDir,
    errorCode,
    totalBytes,
    usableBytes,
    partitions: topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, partitionSize, offsetLag, isFutureKey }) => ({
        topic: name,
        partition: partitionIndex,
        size: partitionSize,
        offsetLag,
        isFuture: isFutureKey,
      })),
    ),
  }))
}

/** Forgets a broker that will not come back. */
export async function unregisterBroker(client: KafkaClient, brokerId: number): Promise<void> {
  const judge = (answer: { readonly errorCode: number }): void => throwPassing([answer])
  const answer = await client.ask(unregisterExchange, { brokerId }, 'controller', { judge })
  throwFirst([answer])
}

/** The quorum has another leader by now. */
function judgeVoters(answer: { readonly errorCode: number }): void {
  throwPassing([answer])
}

export interface Voter {
  readonly id: number
  readonly directoryId: string
}

/** Rejects with UNSUPPORTED_VERSION where the set of voters is static. */
export async function removeVoter(client: KafkaClient, { id, directoryId }: Voter): Promise<void> {
  const message = { clusterId: null, voterId: id, voterDirectoryId: directoryId }
  const answer = await client.ask(removeVoterExchange, message, 'controller', { judge: judgeVoters })
  throwFirst([answer])
}

export async function addVoter(
  client: KafkaClient,
  { id, directoryId }: Voter,
  listeners: readonly { readonly name: string; readonly host: string; readonly port: number }[],
): Promise<void> {
  const message = {
    clusterId: null,
    timeoutMs: 30_000,
    voterId: id,
    voterDirectoryId: directoryId,
    listeners: [...listeners],
  }
  const answer = await client.ask(addVoterExchange, message, 'controller', {
    extraTimeoutMs: 30_000,
    judge: judgeVoters,
  })
  if (answer.errorCode !== 0) throw adminError(answer.errorCode, answer.errorMessage)
}
