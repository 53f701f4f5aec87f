/**
 * `meta.properties`: whose data a log directory holds. Written when it is formatted, checked at every start so that a
 * directory is never used by another cluster or node.
 *
 *   version=1
 *   cluster.id=vPeOCWypqUOSepEvx0cbog
 *   node.id=1
 *   directory.id=1mZ5HGQ0Qd6VYFRzVCRbHQ
 */
import { isUuid, type Uuid } from '../base/uuid.ts'

/** A data directory that is not this node's, or whose identity cannot be read: the operator must look. */
export class MetaPropertiesError extends Error {
  override name = 'MetaPropertiesError'
}

export const metaPropertiesName = 'meta.properties'

export interface MetaProperties {
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: Uuid
}

export function encodeMetaProperties({ clusterId, nodeId, directoryId }: MetaProperties): string {
  return `#\ncluster.id=${clusterId}\ndirectory.id=${directoryId}\nnode.id=${nodeId}\nversion=1\n`
}

/** Throws an Error that says what is wrong. */
export function decodeMetaProperties(text: string, path: string): MetaProperties {
  const values = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#!\s=:][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line)
    if (match !== null) values.set(match[1]!, match[2]!.replaceAll('\\', ''))
  }
  const version = values.get('version')
  if (version !== '1')
    throw new MetaPropertiesError(`${path} has version ${version ?? 'none'}; only version 1 (KRaft) is known`)
  const clusterId = values.get('cluster.id')
  const nodeId = Number(values.get('node.id') ?? Number.NaN)
  const directoryId = values.get('directory.id')
  if (clusterId === undefined || clusterId === '') throw new MetaPropertiesError(`${path} has no cluster.id`)
  if (!Number.isInteger(nodeId) || nodeId < 0) throw new MetaPropertiesError(`${path} has no valid node.id`)
  if (directoryId === undefined || !isUuid(directoryId))
    throw new MetaPropertiesError(`${path} has no valid directory.id`)
  return { clusterId, nodeId, directoryId }
}
