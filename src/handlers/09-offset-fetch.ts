/**
 * OffsetFetch (9)
 *
 * *Behavior.* The committed offsets of groups: of the partitions asked for, or of all that a group has (null topics).
 * What was never committed, and groups and topics that do not exist, are -1 without an error. With `requireStable`
 * partitions that a transaction is committing are UNSTABLE_OFFSET_COMMIT. Topics that may not be described are an error
 * when they were asked for, and left out otherwise.
 *
 * *Version notes.* 1 has no error for the group: its partitions carry it. From 8 many groups. From 10 topics are named
 * by id; an unknown one is UNKNOWN_TOPIC_ID, and of all offsets those of topics that do not exist are left out.
 */
import { type Uuid, zeroUuid } from '../base/uuid.ts'
import type {
  OffsetFetchRequest,
  OffsetFetchRequestGroup,
  OffsetFetchResponse,
  OffsetFetchResponseGroup,
  OffsetFetchResponsePartitions,
  OffsetFetchResponseTopics,
} from '../protocol/api/09-offset-fetch.ts'
import { type ErrorCode, errorCodes } from '../protocol/errors.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

const groupErrorVersion = 2
const groupsVersion = 8
const topicIdVersion = 10

interface FetchedTopic {
  readonly name: string
  readonly topicId: Uuid
  readonly partitionIndexes: readonly number[]
}

export async function handleOffsetFetch(
  broker: Broker,
  request: OffsetFetchRequest,
  context: RequestContext,
): Promise<OffsetFetchResponse> {
  const fetch = (group: OffsetFetchRequestGroup) => fetchGroup(broker, group, request.requireStable, context)
  if (context.apiVersion >= groupsVersion) {
    const groups = await Promise.all(request.groups.map(fetch))
    return { throttleTimeMs: 0, topics: [], errorCode: 0, groups }
  }
  const asked = request.topics?.map((topic) => ({ ...topic, topicId: zeroUuid })) ?? null
  const group = await fetch({ groupId: request.groupId, memberId: null, memberEpoch: -1, topics: asked })
  const { errorCode } = group
  const isPerPartition = errorCode !== 0 && context.apiVersion < groupErrorVersion
  const topics = isPerPartition ? refused(asked ?? [], errorCode as ErrorCode) : group.topics
  return { throttleTimeMs: 0, topics, errorCode, groups: [] }
}

async function fetchGroup(
  broker: Broker,
  group: OffsetFetchRequestGroup,
  requireStable: boolean,
  context: RequestContext,
): Promise<OffsetFetchResponseGroup> {
  const { groupId } = group
  if (!broker.authorize(context, 'Describe', 'Group', groupId)) {
    return { groupId, topics: [], errorCode: errorCodes.GROUP_AUTHORIZATION_FAILED }
  }
  if (group.topics === null) {
    const fetched = await broker.groupCoordinator.fetchOffsets({ groupId, topics: null }, requireStable)
    return { ...fetched, topics: visible(broker, fetched.topics, context) }
  }
  return new TopicsFetch(broker, context).fetch(groupId, group.topics, requireStable)
}

/** All offsets of a group, less those of topics that the client may not see or, by id, cannot name. */
function visible(
  broker: Broker,
  topics: readonly OffsetFetchResponseTopics[],
  context: RequestContext,
): OffsetFetchResponseTopics[] {
  const allowed = topics.filter(({ name }) => broker.authorize(context, 'Describe', 'Topic', name))
  if (context.apiVersion < topicIdVersion) return allowed
  return allowed.flatMap((topic) => {
    const image = broker.image.topics.getByName(topic.name)
    return image === undefined ? [] : [{ ...topic, topicId: image.id }]
  })
}

/** The topics that a client asked for: some are refused here, the others the coordinator answers. */
class TopicsFetch {
  readonly #broker: Broker
  readonly #context: RequestContext

  constructor(broker: Broker, context: RequestContext) {
    this.#broker = broker
    this.#context = context
  }

  async fetch(
    groupId: string,
    asked: readonly FetchedTopic[],
    requireStable: boolean,
  ): Promise<OffsetFetchResponseGroup> {
    const errors = asked.map((topic) => this.#topicError(topic))
    const topics = asked.filter((_topic, index) => errors[index] === 0).map((topic) => this.#named(topic))
    const fetched = await this.#broker.groupCoordinator.fetchOffsets({ groupId, topics }, requireStable)
    if (fetched.errorCode !== 0) return fetched
    const answers = fetched.topics.values()
    const merged = asked.map((topic, index) => {
      const { name, topicId } = topic
      const error = errors[index]!
      return error === 0 ? { ...answers.next().value!, name, topicId } : refused([topic], error)[0]!
    })
    return { ...fetched, topics: merged }
  }

  #topicError(topic: FetchedTopic): ErrorCode {
    const { name } = this.#named(topic)
    if (this.#isById && name === '') return errorCodes.UNKNOWN_TOPIC_ID
    return this.#broker.authorize(this.#context, 'Describe', 'Topic', name) ? 0 : errorCodes.TOPIC_AUTHORIZATION_FAILED
  }

  #named(topic: FetchedTopic): FetchedTopic {
    if (!this.#isById) return topic
    return { ...topic, name: this.#broker.image.topics.get(topic.topicId)?.name ?? '' }
  }

  get #isById(): boolean {
    return this.#context.apiVersion >= topicIdVersion
  }
}

function refused(topics: readonly FetchedTopic[], errorCode: ErrorCode): OffsetFetchResponseTopics[] {
  return topics.map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map(
      (partitionIndex): OffsetFetchResponsePartitions => ({
        partitionIndex,
        committedOffset: -1n,
        committedLeaderEpoch: -1,
        metadata: '',
        errorCode,
      }),
    ),
  }))
}
