/**
 * The versions in which brokers of a cluster ask one another: nothing is negotiated between them, the level of
 * metadata.version decides, which no broker would be let in without.
 */

/** Of Fetch. */
export function replicaFetchVersion(metadataVersion: number): number {
  if (metadataVersion >= 27) return 18
  if (metadataVersion >= 21) return 17
  if (metadataVersion >= 19) return 16
  if (metadataVersion >= 10) return 15
  return metadataVersion >= 9 ? 14 : 13
}

/** Of ListOffsets, for the start and the end of a log: every broker that can be in a cluster knows it. */
export const replicaListOffsetsVersion = 7
