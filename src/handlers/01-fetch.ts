/**
 * Fetch (1)
 *
 * *Behavior.* Reads the partitions in order until `maxBytes`; the first batch of the first partition with data comes whole
 * whatever the limits (KIP-74), a batch is returned whole although the fetch begins within it, and consumers see nothing
 * above the high watermark, or the last stable offset for read_committed, with the aborted transactions beside. While
 * there is less than `minBytes` the answer waits, at most `maxWaitMs`; an error is answered at once. A session (KIP-227)
 * keeps the partitions, so that requests and answers name only what changed; partitions that got data go to the end of
 * its order. Records are not copied: the answer holds slices of memory and regions of files, which the connection
 * releases; one budget bounds those of all answers under way. Followers serve consumers up to the high watermark that they
 * know of; with replica.selector.class a leader sends consumers that tell their rack to a follower in it (KIP-392).
 *
 * *Version notes.* 5 tells log start offsets. 7 has sessions. 9 checks the leader epoch. 11 tells the rack. 12 finds a divergence from
 * `lastFetchedEpoch`. From 13 topics are named by id. 15 moves the replica id into `replicaState`. 16 names the leader in
 * answers of NOT_LEADER_OR_FOLLOWER and FENCED_LEADER_EPOCH. 18 lets a follower tell the high watermark that it knows.
 */
import type { FetchRequest, FetchResponseInput } from '../protocol/api/01-fetch.ts'
import { type ErrorCode, errorCodes, type KafkaError } from '../protocol/errors.ts'
import { ConnectionFetches, DelayedFetch } from '../runtime/fetch/delayed-fetch.ts'
import { FetchContext } from '../runtime/fetch/fetch-context.ts'
import type { FetchReader, PartitionAnswer } from '../runtime/fetch/fetch-reader.ts'
import type { FetchTarget } from '../runtime/fetch/fetch-target.ts'
import type { ReaderPlace } from '../runtime/replica/preferred-replicas.ts'
import type { Broker } from './broker.ts'
import type { ConnectionInfo, RequestContext } from './handler.ts'
import { isLeaderError, LeaderHints } from './leader-hint.ts'

const rackVersion = 11
const topicIdVersion = 13
const replicaStateVersion = 15
const leaderHintVersion = 16
const clusterName = 'kafka-cluster'
const noRecords = Buffer.alloc(0)

interface TopicAnswer {
  readonly topic: string
  readonly topicId: string
  readonly partitions: PartitionAnswer[]
}

export function handleFetch(
  broker: Broker,
  request: FetchRequest,
  context: RequestContext,
): FetchResponseInput | Promise<FetchResponseInput> {
  const { isolationLevel, maxWaitMs } = request
  const replicaId = replicaIdOf(request, context.apiVersion)
  const isFollower = replicaId >= 0
  const usesTopicIds = context.apiVersion >= topicIdVersion
  const { sessionId, sessionEpoch, topics, forgottenTopicsData } = request
  const view = isolationLevel * 2 + (context.apiVersion < rackVersion ? 0 : 1)
  const facts = { sessionId, sessionEpoch, topics, forgottenTopicsData, isFollower, usesTopicIds, view }
  const opened = FetchContext.open(broker.fetchSessions, facts, (topicId) => broker.image.topicName(topicId))
  if (!(opened instanceof FetchContext)) return refused(opened)
  const targets = opened.targets.toRead()
  authorizeTargets(broker, targets, context, isFollower)
  // As in Apache Kafka nobody looks at it where there is nothing to read.
  if ((isolationLevel < 0 || isolationLevel > 1) && targets.some((target) => isReadable(broker, target))) {
    return refuseRequest(request, errorCodes.UNKNOWN_SERVER_ERROR, context.apiVersion)
  }
  const maxBytes = isFollower ? request.maxBytes : Math.min(request.maxBytes, broker.config.number('fetch.max.bytes'))
  const order = {
    params: {
      replicaId,
      replicaEpoch: request.replicaState.replicaEpoch,
      isReadCommitted: isolationLevel === 1,
      place: isFollower || context.apiVersion < rackVersion ? undefined : placeOf(request, context),
      maxBytes,
      onlyChanges: opened.isIncremental,
    },
    targets: opened.targets,
    minBytes: Math.min(request.minBytes, maxBytes),
    maxWaitMs,
  }
  const fetched = DelayedFetch.fetch(broker.fetches, order, fetchesOf(context.connection))
  return fetched instanceof Promise
    ? fetched.then((reader) => answer(broker, request, opened, reader, context))
    : answer(broker, request, opened, fetched, context)
}

function placeOf({ rackId }: FetchRequest, { connection: { listenerName } }: RequestContext): ReaderPlace {
  return { rack: rackId, listenerName }
}

function replicaIdOf(request: FetchRequest, version: number): number {
  return version >= replicaStateVersion ? request.replicaState.replicaId : request.replicaId
}

function isReadable({ image }: Broker, target: FetchTarget): boolean {
  return target.isAuthorized && image.topics.getByName(target.topic)?.partitions.has(target.index) === true
}

function refused(errorCode: ErrorCode, sessionId = 0): FetchResponseInput {
  return { throttleTimeMs: 0, errorCode, sessionId, responses: [], nodeEndpoints: [] }
}

/** The whole request. Before topic ids the error is at each of its partitions too: at first there was no other place. */
function refuseRequest({ topics, sessionId }: FetchRequest, errorCode: ErrorCode, version: number): FetchResponseInput {
  if (version >= topicIdVersion) return refused(errorCode, sessionId)
  const responses = topics.map(({ topic, topicId, partitions }) => ({
    topic,
    topicId,
    partitions: partitions.map(({ partition }) => ({
      partitionIndex: partition,
      errorCode,
      highWatermark: -1,
      records: noRecords,
    })),
  }))
  return { ...refused(errorCode, sessionId), responses }
}

/** The answer to a request that failed. */
export function refuseFetch(
  request: FetchRequest,
  error: KafkaError,
  { apiVersion }: RequestContext,
): FetchResponseInput {
  return refuseRequest(request, error.code, apiVersion)
}

/** Followers need ClusterAction, consumers may Read topic by topic. */
function authorizeTargets(
  broker: Broker,
  targets: readonly FetchTarget[],
  context: RequestContext,
  isFollower: boolean,
): void {
  if (isFollower) {
    const isAllowed = broker.authorize(context, 'ClusterAction', 'Cluster', clusterName)
    for (const target of targets) target.isAuthorized = isAllowed
    return
  }
  let topic: string | undefined
  let isAllowed = true
  for (const target of targets) {
    if (target.topic === '' && target.isById) target.topic = broker.image.topicName(target.topicId) ?? ''
    if (target.topic !== topic) {
      topic = target.topic
      isAllowed = topic === '' || broker.authorize(context, 'Read', 'Topic', topic)
    }
    target.isAuthorized = isAllowed
  }
}

function answer(
  broker: Broker,
  request: FetchRequest,
  opened: FetchContext,
  reader: FetchReader,
  context: RequestContext,
): FetchResponseInput {
  const { sessionId, error } = opened.close(reader)
  if (error !== 0) {
    reader.release()
    return refused(error)
  }
  const responses: TopicAnswer[] = []
  let topic: TopicAnswer | undefined
  let hints: LeaderHints | undefined
  for (let index = 0; index < reader.answers.length; index++) {
    const partition = reader.answers[index]!
    const target = reader.answeredTargets[index]!
    if (topic === undefined || (target.isById ? topic.topicId !== target.topicId : topic.topic !== target.topic)) {
      topic = { topic: target.topic, topicId: target.topicId, partitions: [] }
      responses.push(topic)
    }
    topic.partitions.push(partition)
    if (context.apiVersion >= leaderHintVersion && isLeaderError(partition.errorCode)) {
      hints ??= new LeaderHints(broker, context.connection)
      partition.currentLeader = hints.leaderOf(target.topicId, target.index)
    }
  }
  // Followers know where the others are.
  const isFollower = replicaIdOf(request, context.apiVersion) >= 0
  const nodeEndpoints = isFollower || hints === undefined ? [] : hints.endpoints
  return { throttleTimeMs: 0, errorCode: 0, sessionId, responses, nodeEndpoints }
}

const fetchesByConnection = new WeakMap<ConnectionInfo, ConnectionFetches>()

function fetchesOf(connection: ConnectionInfo): ConnectionFetches {
  let fetches = fetchesByConnection.get(connection)
  if (fetches === undefined) {
    const created = new ConnectionFetches()
    connection.onClose(() => created.onClose())
    fetchesByConnection.set(connection, created)
    fetches = created
  }
  return fetches
}
