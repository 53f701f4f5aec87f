/**
 * The features that this house supports, and what a level of metadata.version means for the records it writes. Levels
 * and derived versions are 4.3.1's; level 31 (4.4) is not production there and not supported here.
 */
export interface VersionRange {
  readonly min: number
  readonly max: number
}

export const metadataVersionFeature = 'metadata.version'
export const kraftVersionFeature = 'kraft.version'
export const elrFeature = 'eligible.leader.replicas.version'

/** 3.3-IV3, the first that 4.x still reads, to 4.3-IV0. */
export const minMetadataVersion = 7
export const latestMetadataVersion = 30

/** What a 4.3.1 node says in ApiVersions and at registration. */
export const supportedFeatures: ReadonlyMap<string, VersionRange> = new Map([
  [metadataVersionFeature, { min: minMetadataVersion, max: latestMetadataVersion }],
  [kraftVersionFeature, { min: 0, max: 1 }],
  [elrFeature, { min: 0, max: 1 }],
  ['group.version', { min: 0, max: 1 }],
  ['share.version', { min: 0, max: 1 }],
  ['streams.version', { min: 0, max: 1 }],
  ['transaction.version', { min: 0, max: 2 }],
])

/** What a new cluster of 4.3.1 finalizes beside metadata.version, in the order in which it writes them. */
export const bootstrapFeatures: readonly (readonly [name: string, level: number])[] = [
  [elrFeature, 1],
  ['group.version', 1],
  ['share.version', 1],
  ['streams.version', 1],
  ['transaction.version', 2],
]

/** 3.7-IV2: replicas have directories. */
export function supportsDirectoryAssignment(metadataVersion: number): boolean {
  return metadataVersion >= 17
}

/** 3.7-IV0: controllers register. */
export function supportsControllerRegistration(metadataVersion: number): boolean {
  return metadataVersion >= 15
}

/** 4.0-IV1 (KIP-966). */
export function supportsElr(metadataVersion: number): boolean {
  return metadataVersion >= 23
}

/** The version of RegisterBrokerRecord: 2 since 3.4-IV0, 3 with directories, 4 with cordoned ones. */
export function registerBrokerRecordVersion(metadataVersion: number): number {
  if (metadataVersion >= 30) return 4
  if (metadataVersion >= 17) return 3
  return metadataVersion >= 8 ? 2 : 1
}

/** The version of PartitionRecord and PartitionChangeRecord. */
export function partitionRecordVersion(metadataVersion: number): number {
  if (metadataVersion >= 23) return 2
  return metadataVersion >= 17 ? 1 : 0
}

/** 3.6-IV0 and up: an ISR shrink alone no longer moves the leader epoch (KAFKA-15021). */
export function bumpsLeaderEpochOnIsrShrink(metadataVersion: number): boolean {
  return metadataVersion < 12
}

/** Versions that brought records which an older one cannot hold: below each of them lies information that would be lost. */
const metadataChanges: readonly number[] = [7, 8, 11, 13, 14, 15, 17, 23, 30]

/** Whether a metadata log of version `newer` may hold what version `older` cannot. */
export function changedMetadataBetween(older: number, newer: number): boolean {
  return metadataChanges.some((version) => version > older && version <= newer)
}

/** Which other features must have at least which level before the feature may have this one. */
export function featureDependencies(name: string, level: number): readonly (readonly [name: string, level: number])[] {
  return name === elrFeature && level > 0 ? [[metadataVersionFeature, 23]] : []
}
