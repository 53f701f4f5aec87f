/**
 * BrokerRegistration (62) and ControllerRegistration (70) at the controller. A broker id belongs to one process at a
 * time: while a session lives, another incarnation is refused, unless the runtime knows that the process before is gone.
 */

import { isReservedDirectoryId } from '../metadata/directory-id.ts'
import type { MetadataImage } from '../metadata/metadata-image.ts'
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-record.ts'
import {
  kraftVersionFeature,
  metadataVersionFeature,
  registerBrokerRecordVersion,
  supportsControllerRegistration,
  supportsDirectoryAssignment,
} from '../metadata/metadata-version.ts'
import type { BrokerRegistrationRequest, BrokerRegistrationResponse } from '../protocol/api/62-broker-registration.ts'
import type {
  ControllerRegistrationRequest,
  ControllerRegistrationResponse,
} from '../protocol/api/70-controller-registration.ts'
import { KafkaError } from '../protocol/errors.ts'
import { clearPredecessor } from './broker-transitions.ts'
import type { ControllerResult } from './controller-result.ts'
import type { ControllerState } from './controller-state.ts'

export interface RegistrationCircumstances {
  readonly nowMs: number
  /** The process that registered this broker id before is known to be dead: its session need not run out. */
  readonly isPredecessorGone: boolean
}

/** Throws KafkaError when the broker is refused. */
export function registerBroker(
  state: ControllerState,
  request: BrokerRegistrationRequest,
  circumstances: RegistrationCircumstances,
): ControllerResult<BrokerRegistrationResponse> {
  checkIdentity(state, request, circumstances)
  if (supportsDirectoryAssignment(state.image.metadataVersion)) checkDirectories(state.image, request)
  checkFeatures(state, request)
  const records: MetadataRecord[] = []
  const existing = state.image.cluster.broker(request.brokerId)
  const isAmendment = existing?.incarnationId === request.incarnationId
  const brokerEpoch = isAmendment ? existing.epoch : state.image.nextOffset
  if (!isAmendment) {
    clearPredecessor(state, request.brokerId, existing?.epoch === request.previousBrokerEpoch, records)
  }
  const version = registerBrokerRecordVersion(state.image.metadataVersion)
  records.push(
    metadataRecord('RegisterBrokerRecord', version, {
      brokerId: request.brokerId,
      incarnationId: request.incarnationId,
      brokerEpoch,
      endPoints: request.listeners,
      features: request.features,
      rack: request.rack,
      fenced: isAmendment ? existing.isFenced : true,
      inControlledShutdown: isAmendment ? existing.isInControlledShutdown : false,
      logDirs: version >= 3 ? request.logDirs : [],
    }),
  )
  return { records, response: { throttleTimeMs: 0, errorCode: 0, brokerEpoch } }
}

function checkIdentity(
  state: ControllerState,
  request: BrokerRegistrationRequest,
  circumstances: RegistrationCircumstances,
): void {
  const { clusterId } = state
  if (request.clusterId !== clusterId) {
    throw new KafkaError(
      'INCONSISTENT_CLUSTER_ID',
      `Expected cluster ID ${clusterId}, but got cluster ID ${request.clusterId}`,
    )
  }
  const existing = state.image.cluster.broker(request.brokerId)
  if (
    existing !== undefined &&
    existing.incarnationId !== request.incarnationId &&
    !circumstances.isPredecessorGone &&
    state.heartbeats.hasValidSession(existing.id, existing.epoch, circumstances.nowMs)
  ) {
    throw new KafkaError(
      'DUPLICATE_BROKER_REGISTRATION',
      'Another broker is registered with that broker id. If the broker was recently restarted this should self-resolve ' +
        "once the heartbeat manager expires the broker's session.",
    )
  }
  if (request.isMigratingZkBroker) {
    throw new KafkaError('BROKER_ID_NOT_REGISTERED', 'Controller does not support registering ZK brokers.')
  }
}

function checkDirectories(image: MetadataImage, request: BrokerRegistrationRequest): void {
  const directories = request.logDirs
  const refuse = (message: string) => new KafkaError('INVALID_REGISTRATION', message)
  if (directories.length === 0) throw refuse('No directories specified in request')
  if (directories.some(isReservedDirectoryId)) throw refuse('Reserved directory ID in request')
  if (new Set(directories).size !== directories.length) throw refuse('Duplicate directory ID in request')
  for (const other of image.cluster.brokers()) {
    if (other.id === request.brokerId) continue
    const shared = directories.find((directory) => other.directories.includes(directory))
    if (shared !== undefined) throw refuse(`Broker ${other.id} is already registered with directory ${shared}`)
  }
}

/** Every finalized level above 0 must be in the range that the broker supports; what is not named is supported at 0. */
function checkFeatures(state: ControllerState, request: BrokerRegistrationRequest): void {
  const finalized = new Map(state.image.features)
  if (state.kraftVersion > 0) finalized.set(kraftVersionFeature, state.kraftVersion)
  for (const feature of request.features) {
    // Kafka's controllers take metadata.version to be at least 1.
    const level = finalized.get(feature.name) ?? (feature.name === metadataVersionFeature ? 1 : 0)
    checkFeature(feature.name, level, feature.minSupportedVersion, feature.maxSupportedVersion)
  }
  const named = new Set(request.features.map((feature) => feature.name))
  if (!named.has(metadataVersionFeature)) {
    throw new KafkaError('INVALID_REGISTRATION', "Request features do not contain 'metadata.version'")
  }
  for (const [name, level] of finalized) {
    if (!named.has(name)) checkFeature(name, level, 0, 0)
  }
}

function checkFeature(name: string, level: number, min: number, max: number): void {
  if (level >= min && level <= max) return
  throw new KafkaError(
    'UNSUPPORTED_VERSION',
    `Unable to register because the broker does not support finalized version ${level} of ${name}. ` +
      `The broker wants a version between ${min} and ${max}, inclusive.`,
  )
}

export function registerController(
  state: ControllerState,
  request: ControllerRegistrationRequest,
): ControllerResult<ControllerRegistrationResponse> {
  if (!supportsControllerRegistration(state.image.metadataVersion)) {
    throw new KafkaError(
      'UNSUPPORTED_VERSION',
      'The current MetadataVersion is too old to support controller registrations.',
    )
  }
  const record = metadataRecord('RegisterControllerRecord', 0, {
    controllerId: request.controllerId,
    incarnationId: request.incarnationId,
    endPoints: request.listeners,
    features: request.features,
  })
  return { records: [record], response: { throttleTimeMs: 0, errorCode: 0, errorMessage: null } }
}
