/**
 * UpdateFeatures (57) at the controller: all updates or none. A feature may be set to what this controller, every broker and
 * every controller that is registered support; down only when the request says so, and metadata.version never to one
 * that could not hold what the log has. kraft.version is the raft layer's: which is told to raise it.
 */

import { type MetadataRecord, metadataRecord } from '../metadata/metadata-record.ts'
import type { VersionRange } from '../metadata/metadata-version.ts'
import {
  changedMetadataBetween,
  elrFeature,
  featureDependencies,
  kraftVersionFeature,
  metadataVersionFeature,
  supportedFeatures,
  supportsControllerRegistration,
} from '../metadata/metadata-version.ts'
import type { UpdateFeaturesRequest, UpdateFeaturesResponse } from '../protocol/api/57-update-features.ts'
import { KafkaError } from '../protocol/errors.ts'
import { elrSafetyRecords } from './bootstrap-records.ts'
import type { ControllerResult } from './controller-result.ts'
import type { ControllerState } from './controller-state.ts'

const upgradeTypes = { upgrade: 1, safeDowngrade: 2, unsafeDowngrade: 3 } as const

interface FeatureUpdate {
  readonly name: string
  readonly level: number
  readonly upgradeType: number
}

/** What the features would be if all updates were applied. */
type ProposedLevels = ReadonlyMap<string, number>

/** Throws INVALID_UPDATE_VERSION for the first update that is not allowed. */
export function updateFeatures(
  state: ControllerState,
  request: UpdateFeaturesRequest,
): ControllerResult<UpdateFeaturesResponse> {
  const updates = new Map<string, FeatureUpdate>()
  for (const { feature, maxVersionLevel, upgradeType } of request.featureUpdates) {
    updates.set(feature, { name: feature, level: maxVersionLevel, upgradeType })
  }
  const proposed = new Map(state.image.features)
  for (const { name, level } of updates.values()) proposed.set(name, level)
  const records: MetadataRecord[] = []
  for (const update of updates.values()) records.push(...recordsOf(state, update, proposed))
  if ((updates.get(elrFeature)?.level ?? 0) > 0) {
    records.unshift(...elrSafetyRecords(state.image, state.config.minInSyncReplicas))
  }
  if (request.validateOnly) records.length = 0
  const kraftUpdate = request.validateOnly ? undefined : updates.get(kraftVersionFeature)
  return {
    records,
    ...(kraftUpdate === undefined ? {} : { kraftVersion: kraftUpdate.level }),
    response: { throttleTimeMs: 0, errorCode: 0, errorMessage: null, results: [] },
  }
}

function failure(message: string): KafkaError {
  const prefix = 'The update failed for all features since the following feature had an error: '
  return new KafkaError('INVALID_UPDATE_VERSION', `${prefix}${message}`)
}

function recordsOf(state: ControllerState, update: FeatureUpdate, proposed: ProposedLevels): MetadataRecord[] {
  const { name, level, upgradeType } = update
  const refuse = (reason: string) => failure(`Invalid update version ${level} for feature ${name}. ${reason}`)
  if (upgradeType < upgradeTypes.upgrade || upgradeType > upgradeTypes.unsafeDowngrade) {
    throw refuse('The controller does not support the given upgrade type.')
  }
  const current = name === kraftVersionFeature ? state.kraftVersion : state.image.featureLevel(name)
  if (level < 0) throw refuse('A feature version cannot be less than 0.')
  const problem = supportProblem(state, name, level)
  if (problem !== undefined) throw refuse(problem)
  const isUpgrade = upgradeType === upgradeTypes.upgrade
  if (level < current && isUpgrade) {
    throw refuse(
      "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.",
    )
  }
  if (level > current && !isUpgrade) throw refuse("Can't downgrade to a newer version.")
  if (name === kraftVersionFeature) return kraftVersionRecords(update, current, refuse)
  if (name === metadataVersionFeature) checkMetadataVersion(current, level, upgradeType)
  else checkDependencies(name, level, proposed, refuse)
  return [metadataRecord('FeatureLevelRecord', 0, { name, featureLevel: level })]
}

/** Why this controller, or one of the nodes that registered, cannot have the feature at this level. */
function supportProblem(state: ControllerState, name: string, level: number): string | undefined {
  const { cluster, metadataVersion } = state.image
  const local = rangeProblem(`Local controller ${state.config.nodeId}`, level, supportedFeatures.get(name))
  if (local !== undefined) return local
  for (const { id, features } of cluster.brokers()) {
    const problem = rangeProblem(`Broker ${id}`, level, features.get(name))
    if (problem !== undefined) return problem
  }
  if (!supportsControllerRegistration(metadataVersion)) return undefined
  for (const { id, features } of cluster.controllers()) {
    const problem = id === state.config.nodeId ? undefined : rangeProblem(`Controller ${id}`, level, features.get(name))
    if (problem !== undefined) return problem
  }
  return undefined
}

/** A feature that is not known to someone is one that is disabled there, which is level 0. */
function rangeProblem(who: string, level: number, range: VersionRange | undefined): string | undefined {
  const { min, max } = range ?? { min: 0, max: 0 }
  if (level >= min && level <= max) return undefined
  return max === 0 ? `${who} does not support this feature.` : `${who} only supports versions ${min}-${max}`
}

/** The finalized kraft.version is not in the image: the record is what the answer waits for. */
function kraftVersionRecords(
  { level, upgradeType }: FeatureUpdate,
  current: number,
  refuse: (reason: string) => KafkaError,
): MetadataRecord[] {
  if (level < current) throw refuse("Can't downgrade the version of this feature.")
  return upgradeType === upgradeTypes.upgrade ? [metadataRecord('NoOpRecord', 0, {})] : []
}

function checkMetadataVersion(current: number, level: number, upgradeType: number): void {
  if (level >= current || !changedMetadataBetween(level, current)) return
  const reason =
    upgradeType === upgradeTypes.unsafeDowngrade
      ? 'Unsafe metadata downgrade is not supported in this version.'
      : 'Refusing to perform the requested downgrade because it might delete metadata information.'
  throw failure(`Unsupported metadata.version downgrade from ${current} to ${level}. ${reason}`)
}

function checkDependencies(
  name: string,
  level: number,
  proposed: ProposedLevels,
  refuse: (reason: string) => KafkaError,
): void {
  if (!supportedFeatures.has(name)) throw refuse(`Feature ${name} not found.`)
  for (const [neededName, neededLevel] of featureDependencies(name, level)) {
    if ((proposed.get(neededName) ?? 0) >= neededLevel) continue
    throw refuse(`${name} could not be set to ${level} because it depends on ${neededName} level ${neededLevel}`)
  }
}
