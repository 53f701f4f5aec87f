/**
 * Brokers and controllers as the metadata log describes them: immutable values, replaced as a whole by each change.
 */
import type { Uuid } from '../base/uuid.ts'
import { directoryIds } from './directory-id.ts'
import { type MetadataRecordData, type MetadataRecordOf, metadataRecord } from './metadata-record.ts'
import { registerBrokerRecordVersion, type VersionRange } from './metadata-version.ts'

export interface Endpoint {
  /** The listener's name. */
  readonly name: string
  readonly host: string
  readonly port: number
  /** 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL. */
  readonly securityProtocol: number
}

export interface BrokerRegistration {
  readonly id: number
  readonly epoch: number
  readonly incarnationId: Uuid
  readonly endpoints: readonly Endpoint[]
  readonly features: ReadonlyMap<string, VersionRange>
  readonly rack: string | null
  readonly isFenced: boolean
  readonly isInControlledShutdown: boolean
  readonly isMigratingZkBroker: boolean
  /** Ids of its log directories that work. */
  readonly directories: readonly Uuid[]
  /** Directories that take no new replicas; null until the broker has said so. */
  readonly cordonedDirectories: readonly Uuid[] | null
}

export interface ControllerRegistration {
  readonly id: number
  readonly incarnationId: Uuid
  readonly isZkMigrationReady: boolean
  readonly endpoints: readonly Endpoint[]
  readonly features: ReadonlyMap<string, VersionRange>
}

interface FeatureData {
  readonly name: string
  readonly minSupportedVersion: number
  readonly maxSupportedVersion: number
}

function featuresFrom(features: readonly FeatureData[]): ReadonlyMap<string, VersionRange> {
  return new Map(features.map((each) => [each.name, { min: each.minSupportedVersion, max: each.maxSupportedVersion }]))
}

function featuresToRecord(features: ReadonlyMap<string, VersionRange>): FeatureData[] {
  return [...features].map(([name, range]) => ({
    name,
    minSupportedVersion: range.min,
    maxSupportedVersion: range.max,
  }))
}

/** Whether the broker may lead and be in an ISR. */
export function isActive(broker: BrokerRegistration | undefined): boolean {
  return broker !== undefined && !broker.isFenced && !broker.isInControlledShutdown
}

export function brokerFromRecord(data: MetadataRecordData<'RegisterBrokerRecord'>): BrokerRegistration {
  return {
    id: data.brokerId,
    epoch: data.brokerEpoch,
    incarnationId: data.incarnationId,
    endpoints: data.endPoints,
    features: featuresFrom(data.features),
    rack: data.rack,
    isFenced: data.fenced,
    isInControlledShutdown: data.inControlledShutdown,
    isMigratingZkBroker: data.isMigratingZkBroker,
    directories: data.logDirs,
    cordonedDirectories: data.cordonedLogDirs,
  }
}

export function brokerToRecord(
  broker: BrokerRegistration,
  metadataVersion: number,
): MetadataRecordOf<'RegisterBrokerRecord'> {
  const version = registerBrokerRecordVersion(metadataVersion)
  return metadataRecord('RegisterBrokerRecord', version, {
    brokerId: broker.id,
    isMigratingZkBroker: version >= 2 && broker.isMigratingZkBroker,
    incarnationId: broker.incarnationId,
    brokerEpoch: broker.epoch,
    endPoints: broker.endpoints.map((endpoint) => ({ ...endpoint })),
    features: featuresToRecord(broker.features),
    rack: broker.rack,
    fenced: broker.isFenced,
    inControlledShutdown: broker.isInControlledShutdown,
    logDirs: version >= 3 ? [...broker.directories] : [],
    cordonedLogDirs: version >= 4 && broker.cordonedDirectories !== null ? [...broker.cordonedDirectories] : null,
  })
}

export function mergeBrokerChange(
  broker: BrokerRegistration,
  change: MetadataRecordData<'BrokerRegistrationChangeRecord'>,
): BrokerRegistration {
  return {
    ...broker,
    isFenced: change.fenced === 0 ? broker.isFenced : change.fenced > 0,
    isInControlledShutdown: broker.isInControlledShutdown || change.inControlledShutdown === 1,
    directories: change.logDirs.length > 0 ? change.logDirs : broker.directories,
    cordonedDirectories: change.cordonedLogDirs ?? broker.cordonedDirectories,
  }
}

export function controllerFromRecord(data: MetadataRecordData<'RegisterControllerRecord'>): ControllerRegistration {
  return {
    id: data.controllerId,
    incarnationId: data.incarnationId,
    isZkMigrationReady: data.zkMigrationReady,
    endpoints: data.endPoints,
    features: featuresFrom(data.features),
  }
}

export function controllerToRecord(controller: ControllerRegistration): MetadataRecordOf<'RegisterControllerRecord'> {
  return metadataRecord('RegisterControllerRecord', 0, {
    controllerId: controller.id,
    incarnationId: controller.incarnationId,
    zkMigrationReady: controller.isZkMigrationReady,
    endPoints: controller.endpoints.map((endpoint) => ({ ...endpoint })),
    features: featuresToRecord(controller.features),
  })
}

/** The directory to record for a new replica on `broker`: a real one when it has just one to choose. */
export function defaultDirectory(broker: BrokerRegistration | undefined): Uuid {
  if (broker === undefined) return directoryIds.unassigned
  if (broker.directories.length === 0) return directoryIds.migrating
  return broker.directories.length === 1 ? broker.directories[0]! : directoryIds.unassigned
}
