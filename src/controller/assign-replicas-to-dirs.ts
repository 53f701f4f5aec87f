/**
 * AssignReplicasToDirs (73) at the controller: a broker with several log directories tells where it put its replicas.
 */
import type { Uuid } from '../base/uuid.ts'
import type { BrokerRegistration } from '../metadata/broker-registration.ts'
import type { MetadataRecord } from '../metadata/metadata-record.ts'
import type {
  AssignReplicasToDirsRequest,
  AssignReplicasToDirsResponse,
} from '../protocol/api/73-assign-replicas-to-dirs.ts'
import { type ErrorName, errorCodes } from '../protocol/errors.ts'
import { brokerAtEpoch } from './broker-heartbeat-request.ts'
import { changeBasis } from './broker-transitions.ts'
import type { ControllerResult } from './controller-result.ts'
import type { ControllerState } from './controller-state.ts'
import { partitionChange } from './partition-change.ts'

/** Throws STALE_BROKER_EPOCH when the sender must register again. */
export function assignReplicasToDirs(
  state: ControllerState,
  request: AssignReplicasToDirsRequest,
): ControllerResult<AssignReplicasToDirsResponse> {
  const broker = brokerAtEpoch(state, request.brokerId, request.brokerEpoch)
  const records: MetadataRecord[] = []
  const directories = request.directories.map(({ id, topics }) => ({
    id,
    topics: topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: errorCodes[assign(state, broker, id, topicId, partitionIndex, records)],
      })),
    })),
  }))
  return { records, response: { throttleTimeMs: 0, errorCode: 0, directories } }
}

function assign(
  state: ControllerState,
  broker: BrokerRegistration,
  directory: Uuid,
  topicId: Uuid,
  partitionId: number,
  records: MetadataRecord[],
): ErrorName {
  const topic = state.image.topics.get(topicId)
  if (topic === undefined) return 'UNKNOWN_TOPIC_ID'
  const partition = topic.partitions.get(partitionId)
  if (partition === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION'
  if (!partition.replicas.includes(broker.id)) return 'NOT_LEADER_OR_FOLLOWER'
  const isOnline = broker.directories.includes(directory)
  const record = partitionChange({
    ...changeBasis(state, topic, partitionId, partition, isOnline ? {} : { leaving: broker.id }),
    directories: new Map([[broker.id, directory]]),
    // A replica in a directory that is gone can neither stay in sync nor lead.
    isr: isOnline ? partition.isr : partition.isr.filter((id) => id !== broker.id),
  })
  if (record !== undefined) records.push(record)
  return 'NONE'
}
