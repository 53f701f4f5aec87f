/**
 * BrokerHeartbeat (63) at the controller: the life of a broker after its registration.
 *
 *   fenced --(caught up, wants to serve)--> unfenced --(wants to shut down, leads)--> controlled shutdown --> shut down
 *     ^-----------(wants to be fenced, or its session ran out)---'                    (leads nothing, others caught up)
 *
 * Fenced brokers, and unfenced ones that lead nothing, may shut down at once.
 */

import { type BrokerRegistration, isActive } from '../metadata/broker-registration.ts'
import type { MetadataRecord } from '../metadata/metadata-record.ts'
import { supportsDirectoryAssignment } from '../metadata/metadata-version.ts'
import type { BrokerHeartbeatRequest, BrokerHeartbeatResponse } from '../protocol/api/63-broker-heartbeat.ts'
import { KafkaError } from '../protocol/errors.ts'
import {
  beginControlledShutdown,
  brokerChange,
  fenceBroker,
  hasLeaderships,
  takeDirectoriesOffline,
  unfenceBroker,
} from './broker-transitions.ts'
import type { ControllerResult } from './controller-result.ts'
import type { ControllerState } from './controller-state.ts'

type BrokerState = 'fenced' | 'unfenced' | 'controlledShutdown' | 'shutdownNow'

/** 4.3-IV0: cordoned directories are recorded. */
const cordonedDirectoriesMetadataVersion = 30

/** The registered broker; throws STALE_BROKER_EPOCH unless it is registered with this epoch. */
export function brokerAtEpoch(state: ControllerState, brokerId: number, brokerEpoch: number): BrokerRegistration {
  const broker = state.image.cluster.broker(brokerId)
  if (broker === undefined) {
    throw new KafkaError('STALE_BROKER_EPOCH', `No broker registration found for broker id ${brokerId}`)
  }
  if (broker.epoch !== brokerEpoch) {
    throw new KafkaError(
      'STALE_BROKER_EPOCH',
      `Expected broker epoch ${broker.epoch}, but got broker epoch ${brokerEpoch}`,
    )
  }
  return broker
}

/** Notes the contact; throws STALE_BROKER_EPOCH for a broker that must register again. */
export function processBrokerHeartbeat(
  state: ControllerState,
  request: BrokerHeartbeatRequest,
  nowMs: number,
): ControllerResult<BrokerHeartbeatResponse> {
  const broker = brokerAtEpoch(state, request.brokerId, request.brokerEpoch)
  const registrationOffset = state.image.cluster.registrationOffset(broker.id)
  const current = currentState(broker)
  const next = nextState(state, broker, current, request, registrationOffset)
  const records: MetadataRecord[] = []
  if (next !== current) transition(state, broker, next, records)
  state.heartbeats.touch(broker.id, broker.epoch, request.currentMetadataOffset, nowMs)
  const isFenced = next === 'fenced' || next === 'shutdownNow'
  if (isFenced) state.heartbeats.endControlledShutdown(broker.id)
  // Who was told to stop is gone: its successor need not wait for a session to run out, as it must with Apache Kafka.
  if (next === 'shutdownNow') state.heartbeats.remove(broker.id)
  if (next === 'controlledShutdown') {
    // Others must have read the records that move its leaderships away.
    state.heartbeats.beginControlledShutdown(broker.id, broker.epoch, state.image.nextOffset + records.length - 1)
  }
  const { metadataVersion } = state.image
  if (supportsDirectoryAssignment(metadataVersion)) {
    takeDirectoriesOffline(state, broker, request.offlineLogDirs, records)
  }
  if (metadataVersion >= cordonedDirectoriesMetadataVersion) noteCordoned(broker, request.cordonedLogDirs, records)
  return {
    records,
    response: {
      throttleTimeMs: 0,
      errorCode: 0,
      isCaughtUp: request.currentMetadataOffset >= registrationOffset,
      isFenced,
      shouldShutDown: next === 'shutdownNow',
    },
  }
}

function currentState(broker: BrokerRegistration): BrokerState {
  if (broker.isFenced) return 'fenced'
  return broker.isInControlledShutdown ? 'controlledShutdown' : 'unfenced'
}

function nextState(
  state: ControllerState,
  broker: BrokerRegistration,
  current: BrokerState,
  request: BrokerHeartbeatRequest,
  registrationOffset: number,
): BrokerState {
  switch (current) {
    case 'fenced':
      if (request.wantShutDown) return 'shutdownNow'
      return !request.wantFence && request.currentMetadataOffset >= registrationOffset ? 'unfenced' : 'fenced'
    case 'unfenced':
      if (request.wantFence) return request.wantShutDown ? 'shutdownNow' : 'fenced'
      if (!request.wantShutDown) return 'unfenced'
      return hasLeaderships(state, broker.id) ? 'controlledShutdown' : 'shutdownNow'
    default:
      return mayShutDown(state, broker) ? 'shutdownNow' : 'controlledShutdown'
  }
}

function mayShutDown(state: ControllerState, broker: BrokerRegistration): boolean {
  if (hasLeaderships(state, broker.id)) return false
  const shutdownOffset = state.heartbeats.controlledShutdownOffset(broker.id) ?? -1
  for (const other of state.image.cluster.brokers()) {
    if (isActive(other) && state.heartbeats.metadataOffset(other.id) < shutdownOffset) return false
  }
  return true
}

function transition(
  state: ControllerState,
  broker: BrokerRegistration,
  next: BrokerState,
  records: MetadataRecord[],
): void {
  switch (next) {
    case 'unfenced':
      unfenceBroker(state, broker, records)
      break
    case 'controlledShutdown':
      beginControlledShutdown(state, broker, records)
      break
    default:
      if (!broker.isFenced) fenceBroker(state, broker, records)
  }
}

function noteCordoned(broker: BrokerRegistration, cordoned: readonly string[] | null, records: MetadataRecord[]): void {
  if (cordoned === null) return
  const known = broker.cordonedDirectories
  const isSame = known?.length === cordoned.length && cordoned.every((directory) => known.includes(directory))
  if (!isSame) records.push(brokerChange(broker, { cordonedLogDirs: [...cordoned] }))
}

/** Fences the brokers whose session has run out. */
export function fenceStaleBrokers(state: ControllerState, nowMs: number): ControllerResult<undefined> {
  const records: MetadataRecord[] = []
  for (const broker of state.image.cluster.brokers()) {
    if (broker.isFenced || state.heartbeats.hasValidSession(broker.id, broker.epoch, nowMs)) continue
    fenceBroker(state, broker, records)
    // One at a time: the next is judged by the image in which this one is gone.
    break
  }
  return { records, response: undefined }
}

/** Fences the broker of that epoch at once: its process is known to be gone, and the next one need not wait for its session. */
export function fenceGoneBroker(
  state: ControllerState,
  brokerId: number,
  brokerEpoch: number,
): ControllerResult<undefined> {
  const records: MetadataRecord[] = []
  const broker = state.image.cluster.broker(brokerId)
  if (broker !== undefined && broker.epoch === brokerEpoch && !broker.isFenced) {
    fenceBroker(state, broker, records)
    state.heartbeats.remove(brokerId)
  }
  return { records, response: undefined }
}

/** When the next session runs out, if nobody is heard of; undefined when no broker is unfenced. */
export function nextSessionExpiryMs(state: ControllerState, nowMs: number): number | undefined {
  let first: number | undefined
  for (const broker of state.image.cluster.brokers()) {
    if (broker.isFenced) continue
    const expiryMs = state.heartbeats.expiryMs(broker.id) ?? nowMs
    if (first === undefined || expiryMs < first) first = expiryMs
  }
  return first
}
