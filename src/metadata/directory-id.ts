/**
 * Ids of log directories (KIP-858). The first hundred UUIDs are reserved: three of them say why a replica has no real
 * directory yet.
 */
import { type Uuid, zeroUuid } from '../base/uuid.ts'

export const directoryIds = {
  /** From before directories were recorded. */
  migrating: zeroUuid,
  /** The broker has not said yet where it put the replica. */
  unassigned: 'AAAAAAAAAAAAAAAAAAAAAQ',
  /** In a directory that the broker lost. */
  lost: 'AAAAAAAAAAAAAAAAAAAAAg',
} as const

/** Whether `id` is one of the first hundred UUIDs, which no directory may have. */
export function isReservedDirectoryId(id: Uuid): boolean {
  const bytes = Buffer.from(id, 'base64url')
  return bytes.readBigUInt64BE(0) === 0n && bytes.readBigUInt64BE(8) < 100n
}

/** Whether a replica in `directory` is served by a broker whose directories `onlineDirectories` work; none listed: all do. */
export function isOnlineDirectory(directory: Uuid, onlineDirectories: readonly Uuid[]): boolean {
  if (directory === directoryIds.unassigned || directory === directoryIds.migrating) return true
  if (directory === directoryIds.lost) return false
  return onlineDirectories.length === 0 || onlineDirectories.includes(directory)
}
