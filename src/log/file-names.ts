/**
 * Names of the files and directories of Apache Kafka's log layout: what a segment's files are called, how a partition's
 * directory is spelled while it lives, waits for removal or was put aside. Pure text, used by everything in this room.
 */

export const fileSuffixes = {
  log: '.log',
  offsetIndex: '.index',
  timeIndex: '.timeindex',
  transactionIndex: '.txnindex',
  snapshot: '.snapshot',
  deleted: '.deleted',
  cleaned: '.cleaned',
  swap: '.swap',
} as const

export const epochCheckpointName = 'leader-epoch-checkpoint'
export const partitionMetadataName = 'partition.metadata'

/** The partition of the raft log, which the log manager leaves alone. */
export const metadataPartitionName = '__cluster_metadata-0'

/** `00000000000000000042.log` */
export function offsetFileName(offset: number, suffix: string): string {
  return offset.toString().padStart(20, '0') + suffix
}

/** The offset and the suffix of a segment's file; undefined for any other name. Suffixes may be stacked: `.log.deleted`. */
export function parseOffsetFileName(name: string): { readonly offset: number; readonly suffix: string } | undefined {
  const match = /^(\d{20})(\.[a-z.]+)$/.exec(name)
  if (match === null) return undefined
  const offset = Number(match[1])
  return Number.isSafeInteger(offset) ? { offset, suffix: match[2]! } : undefined
}

export function partitionDirectoryName(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

export type PartitionDirectoryState = 'live' | 'deleted' | 'stray' | 'future'

export interface PartitionDirectoryName {
  readonly topic: string
  readonly partition: number
  readonly state: PartitionDirectoryState
}

const asidePattern = /^(.+)-(\d+)\.([0-9a-f]{32})-(delete|stray|future)$/
const livePattern = /^(.+)-(\d+)$/

/** Undefined when `name` is not that of a partition's directory. */
export function parsePartitionDirectoryName(name: string): PartitionDirectoryName | undefined {
  const aside = asidePattern.exec(name)
  if (aside !== null) {
    const state = aside[4] === 'delete' ? 'deleted' : (aside[4] as 'stray' | 'future')
    return { topic: aside[1]!, partition: Number(aside[2]), state }
  }
  const live = livePattern.exec(name)
  if (live === null || live[2]!.length > 10 || Number(live[2]) > 0x7fffffff) return undefined
  return { topic: live[1]!, partition: Number(live[2]), state: 'live' }
}

/**
 * `<topic>-<partition>.<32 hex digits>-delete` or `-stray`. A topic's name is cut where the whole would be longer than
 * the 255 bytes that a file name may have.
 */
export function asideDirectoryName(
  topic: string,
  partition: number,
  uniqueId: string,
  state: 'delete' | 'stray',
): string {
  const suffix = `-${partition}.${uniqueId}-${state}`
  return topic.slice(0, 255 - suffix.length) + suffix
}

/** `<topic>-<partition>.<32 hex digits>-future`: where a replica is copied to that moves. Undefined when that is too long for a name. */
export function futureDirectoryName(topic: string, partition: number, uniqueId: string): string | undefined {
  const name = `${partitionDirectoryName(topic, partition)}.${uniqueId}-future`
  return name.length > 255 ? undefined : name
}

export function joinPath(directory: string, name: string): string {
  return `${directory}/${name}`
}

export function parentPath(path: string): string {
  const end = path.lastIndexOf('/')
  return end < 0 ? '.' : path.slice(0, Math.max(end, 1))
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
