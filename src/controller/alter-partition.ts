/**
 * AlterPartition (56) at the controller: a leader asks for another ISR, or tells that it has recovered. Only the current
 * leader, knowing the current epochs, may; who goes into the ISR must be up and be the incarnation that the leader means.
 */

import { isActive } from '../metadata/broker-registration.ts'
import type { MetadataRecord } from '../metadata/metadata-record.ts'
import {
  leaderRecoveryStates,
  mergeChange,
  noLeaderChange,
  type PartitionRegistration,
} from '../metadata/partition-registration.ts'
import type { TopicImage } from '../metadata/topic-image.ts'
import type { AlterPartitionRequest, AlterPartitionResponse } from '../protocol/api/56-alter-partition.ts'
import { type ErrorName, errorCodes } from '../protocol/errors.ts'
import { brokerAtEpoch } from './broker-heartbeat-request.ts'
import { changeBasis } from './broker-transitions.ts'
import type { ControllerResult } from './controller-result.ts'
import type { ControllerState } from './controller-state.ts'
import { partitionChange } from './partition-change.ts'

type RequestPartition = AlterPartitionRequest['topics'][number]['partitions'][number]
type ResponsePartition = AlterPartitionResponse['topics'][number]['partitions'][number]

interface IsrMember {
  readonly brokerId: number
  /** -1: whichever incarnation is registered. */
  readonly brokerEpoch: number
}

/** Throws STALE_BROKER_EPOCH when the sender must register again. */
export function alterPartition(
  state: ControllerState,
  request: AlterPartitionRequest,
): ControllerResult<AlterPartitionResponse> {
  brokerAtEpoch(state, request.brokerId, request.brokerEpoch)
  const records: MetadataRecord[] = []
  const topics = request.topics.map(({ topicId, partitions }) => {
    const topic = state.image.topics.get(topicId)
    return {
      topicId,
      partitions: partitions.map((partition) =>
        topic === undefined
          ? failure(partition.partitionIndex, 'UNKNOWN_TOPIC_ID')
          : alterOne(state, request.brokerId, topic, partition, records),
      ),
    }
  })
  return { records, response: { throttleTimeMs: 0, errorCode: 0, topics } }
}

function failure(partitionIndex: number, error: ErrorName): ResponsePartition {
  return {
    partitionIndex,
    errorCode: errorCodes[error],
    leaderId: 0,
    leaderEpoch: 0,
    isr: [],
    leaderRecoveryState: 0,
    partitionEpoch: 0,
  }
}

function alterOne(
  state: ControllerState,
  brokerId: number,
  topic: TopicImage,
  request: RequestPartition,
  records: MetadataRecord[],
): ResponsePartition {
  const { partitionIndex } = request
  const partition = topic.partitions.get(partitionIndex)
  if (partition === undefined) return failure(partitionIndex, 'UNKNOWN_TOPIC_OR_PARTITION')
  const members = isrMembers(request)
  const error = refusal(state, brokerId, partition, request, members)
  if (error !== undefined) return failure(partitionIndex, error)
  const record = partitionChange({
    ...changeBasis(state, topic, partitionIndex, partition),
    isr: members.map((member) => member.brokerId),
    leaderRecoveryState:
      request.leaderRecoveryState === 1 ? leaderRecoveryStates.recovering : leaderRecoveryStates.recovered,
  })
  if (record !== undefined) records.push(record)
  const after = record === undefined ? partition : mergeChange(partition, record.data)
  if (record !== undefined && record.data.leader !== noLeaderChange && record.data.leader !== brokerId) {
    // The change completed a reassignment that took the sender out.
    return failure(partitionIndex, 'NEW_LEADER_ELECTED')
  }
  return {
    partitionIndex,
    errorCode: 0,
    leaderId: after.leader,
    leaderEpoch: after.leaderEpoch,
    isr: [...after.isr],
    leaderRecoveryState: after.leaderRecoveryState,
    partitionEpoch: after.partitionEpoch,
  }
}

function isrMembers(request: RequestPartition): IsrMember[] {
  if (request.newIsrWithEpochs.length > 0) return request.newIsrWithEpochs
  return request.newIsr.map((brokerId) => ({ brokerId, brokerEpoch: -1 }))
}

/** The order of the checks is Kafka's: a sender that knows more than this controller is told to look for another. */
function refusal(
  state: ControllerState,
  brokerId: number,
  partition: PartitionRegistration,
  request: RequestPartition,
  members: readonly IsrMember[],
): ErrorName | undefined {
  if (request.leaderEpoch > partition.leaderEpoch) return 'NOT_CONTROLLER'
  if (request.partitionEpoch > partition.partitionEpoch) return 'NOT_CONTROLLER'
  if (request.leaderEpoch < partition.leaderEpoch) return 'FENCED_LEADER_EPOCH'
  if (brokerId !== partition.leader) return 'INVALID_REQUEST'
  if (request.partitionEpoch < partition.partitionEpoch) return 'INVALID_UPDATE_VERSION'
  const ids = members.map((member) => member.brokerId)
  const isValidIsr = new Set(ids).size === ids.length && ids.every((id) => partition.replicas.includes(id))
  if (!isValidIsr || !ids.includes(partition.leader)) return 'INVALID_REQUEST'
  const isRecovering = request.leaderRecoveryState === leaderRecoveryStates.recovering
  if (isRecovering && ids.length > 1) return 'INVALID_REQUEST'
  if (isRecovering && partition.leaderRecoveryState === leaderRecoveryStates.recovered) return 'INVALID_REQUEST'
  return members.every((member) => isEligible(state, member)) ? undefined : 'INELIGIBLE_REPLICA'
}

function isEligible(state: ControllerState, member: IsrMember): boolean {
  const broker = state.image.cluster.broker(member.brokerId)
  return isActive(broker) && (member.brokerEpoch === -1 || member.brokerEpoch === broker!.epoch)
}
