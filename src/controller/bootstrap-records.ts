/**
 * What the first controller of a new cluster writes: one metadata transaction with the finalized features and, because
 * eligible leader replicas are on, a cluster-wide min.insync.replicas (KIP-966 needs one value for all). A controller
 * that takes over closes a transaction that its predecessor left open.
 */

import { configResourceTypes } from '../metadata/config-resource.ts'
import type { MetadataImage } from '../metadata/metadata-image.ts'
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-record.ts'
import {
  bootstrapFeatures,
  elrFeature,
  latestMetadataVersion,
  metadataVersionFeature,
} from '../metadata/metadata-version.ts'

/** Features of a new cluster as 4.3.1 finalizes them, metadata.version first. */
export function defaultBootstrapRecords(): MetadataRecord[] {
  const features = [[metadataVersionFeature, latestMetadataVersion] as const, ...bootstrapFeatures]
  return features.map(([name, featureLevel]) => metadataRecord('FeatureLevelRecord', 0, { name, featureLevel }))
}

function hasElr(records: readonly MetadataRecord[]): boolean {
  return records.some(
    (record) => record.type === 'FeatureLevelRecord' && record.data.name === elrFeature && record.data.featureLevel > 0,
  )
}

function setsMinInSyncReplicas(record: MetadataRecord): boolean {
  return (
    record.type === 'ConfigRecord' &&
    record.data.resourceType === configResourceTypes.broker &&
    record.data.resourceName === '' &&
    record.data.name === 'min.insync.replicas'
  )
}

/**
 * What a controller writes before anything else; nothing when the log is in order. `bootstrap` is what a new cluster
 * starts with, `minInSyncReplicas` what the file sets.
 */
export function activationRecords(
  image: MetadataImage,
  bootstrap: readonly MetadataRecord[],
  minInSyncReplicas: number,
): MetadataRecord[] {
  const records: MetadataRecord[] = []
  if (image.isInTransaction)
    records.push(metadataRecord('AbortTransactionRecord', 0, { reason: 'Controller failover' }))
  if (image.isBootstrapped) return records
  records.push(metadataRecord('BeginTransactionRecord', 0, { name: 'Bootstrap records' }), ...bootstrap)
  if (hasElr(bootstrap) && !bootstrap.some(setsMinInSyncReplicas)) {
    records.push(
      metadataRecord('ConfigRecord', 0, {
        resourceType: configResourceTypes.broker,
        resourceName: '',
        name: 'min.insync.replicas',
        value: String(minInSyncReplicas),
      }),
    )
  }
  records.push(metadataRecord('EndTransactionRecord', 0, {}))
  return records
}

/**
 * What makes min.insync.replicas one value for the whole cluster before eligible leader replicas are turned on: a default
 * for all brokers, and none of a broker's own.
 */
export function elrSafetyRecords(image: MetadataImage, minInSyncReplicas: number): MetadataRecord[] {
  const name = 'min.insync.replicas'
  const record = (resourceName: string, value: string | null): MetadataRecord =>
    metadataRecord('ConfigRecord', 0, { resourceType: configResourceTypes.broker, resourceName, name, value })
  const records = image.configs.brokerDefaults.has(name) ? [] : [record('', String(minInSyncReplicas))]
  for (const { resource, values } of image.configs.values()) {
    const isBroker = resource.type === configResourceTypes.broker && resource.name !== ''
    if (isBroker && values.has(name)) records.push(record(resource.name, null))
  }
  return records
}
