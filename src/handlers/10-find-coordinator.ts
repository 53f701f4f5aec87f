/**
 * FindCoordinator (10)
 *
 * *Behavior.* Names the broker that leads the partition of `__consumer_offsets` to which a group belongs. The first one to
 * ask makes the topic exist, and is answered when its partitions serve, if that takes no longer than a second: Kafka
 * answers COORDINATOR_NOT_AVAILABLE at once, and clients come back. It is also the answer when the topic cannot be
 * created, which the log then explains once, and while the partition has no leader. When it is this broker, the answer
 * waits until the partition is read, up to two seconds: Kafka answers at once and the client's next request meets
 * COORDINATOR_LOAD_IN_PROGRESS, at which some clients' consumers start anew.
 *
 * Coordinators of transactions and of share partitions are not served yet: INVALID_REQUEST, which clients do not retry.
 *
 * *Version notes.* Before 1 all keys are groups. From 4 many keys, each with its own error. Before 6 no share partitions.
 */
import type {
  Coordinator,
  FindCoordinatorRequest,
  FindCoordinatorResponse,
} from '../protocol/api/10-find-coordinator.ts'
import { type ErrorCode, errorCodes, errorName } from '../protocol/errors.ts'
import { offsetsTopicName } from '../runtime/coordinator/group-coordinator-factory.ts'
import type { Broker } from './broker.ts'
import { brokerEndpoint } from './broker-endpoint.ts'
import type { RequestContext } from './handler.ts'

const groupKeyType = 0
const manyKeysVersion = 4
/** How long a client's first question waits for the topic. */
const creationWaitMsMax = 1_000
/** How long it waits for this broker to have read the group's partition. */
const loadWaitMsMax = 2_000

export async function handleFindCoordinator(
  broker: Broker,
  request: FindCoordinatorRequest,
  context: RequestContext,
): Promise<FindCoordinatorResponse> {
  const isMany = context.apiVersion >= manyKeysVersion
  const keys = isMany ? request.coordinatorKeys : [request.key]
  const isWanted = request.keyType === groupKeyType && keys.some((key) => isAllowed(broker, context, key))
  if (isWanted && broker.image.topics.getByName(offsetsTopicName) === undefined) await createOffsetsTopic(broker)
  const coordinators = keys.map((key) => findCoordinator(broker, request.keyType, key, context))
  await untilLoaded(broker, coordinators)
  const response = { throttleTimeMs: 0, errorCode: 0, errorMessage: null, nodeId: 0, host: '', port: 0 }
  if (isMany) return { ...response, coordinators }
  const { nodeId, host, port, errorCode, errorMessage } = coordinators[0]!
  const message = errorMessage || errorName(errorCode)
  return { ...response, nodeId, host, port, errorCode, errorMessage: message, coordinators: [] }
}

function isAllowed(broker: Broker, context: RequestContext, groupId: string): boolean {
  return broker.authorize(context, 'Describe', 'Group', groupId)
}

function findCoordinator(broker: Broker, keyType: number, key: string, context: RequestContext): Coordinator {
  if (keyType !== groupKeyType) {
    return notFound(key, errorCodes.INVALID_REQUEST, `Coordinators of key type ${keyType} are not served.`)
  }
  if (!isAllowed(broker, context, key)) return notFound(key, errorCodes.GROUP_AUTHORIZATION_FAILED)
  const topic = broker.image.topics.getByName(offsetsTopicName)
  const nodeId = topic?.partitions.get(broker.groupCoordinator.partitionFor(key))?.leader ?? -1
  const endpoint = nodeId < 0 ? undefined : brokerEndpoint(broker, nodeId, context.connection)
  if (endpoint === undefined) return notFound(key, errorCodes.COORDINATOR_NOT_AVAILABLE)
  const { host, port } = endpoint
  return { key, nodeId, host, port, errorCode: 0, errorMessage: '' }
}

async function untilLoaded({ nodeId, groupCoordinator }: Broker, coordinators: readonly Coordinator[]): Promise<void> {
  const led = coordinators.filter((coordinator) => coordinator.nodeId === nodeId)
  const groups = new Map(led.map(({ key }) => [groupCoordinator.partitionFor(key), key]))
  await Promise.all([...groups.values()].map((key) => groupCoordinator.untilLoaded(key, loadWaitMsMax)))
}

function notFound(key: string, errorCode: ErrorCode, errorMessage = ''): Coordinator {
  return { key, nodeId: -1, host: '', port: -1, errorCode, errorMessage }
}

const warned = new WeakSet<Broker>()

async function createOffsetsTopic(broker: Broker): Promise<void> {
  const codes = await broker.autoTopicCreation.create([offsetsTopicName], creationWaitMsMax)
  const code = codes.get(offsetsTopicName) ?? 0
  const isExpected = code === 0 || code === errorCodes.TOPIC_ALREADY_EXISTS || code === errorCodes.REQUEST_TIMED_OUT
  if (isExpected || warned.has(broker)) return
  warned.add(broker)
  const factor = broker.config.offsetsTopicReplicationFactor
  const alive = broker.image.aliveBrokers().length
  const reason =
    code === errorCodes.INVALID_REPLICATION_FACTOR
      ? `offsets.topic.replication.factor is ${factor} but ${alive} broker(s) are alive: set it to ${alive} or start more`
      : errorName(code)
  broker.logger.warn(`${offsetsTopicName} cannot be created, so there are no groups: ${reason}`)
}
