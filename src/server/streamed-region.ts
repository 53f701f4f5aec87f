/**
 * Records in an answer that are not all in memory: what a RecordsRegion of a Fetch answer must be able to do for the
 * connection that sends it. runtime/fetched-records.ts is one. Whoever holds an answer releases its regions exactly
 * once, sent or not; `releaseRegions` does so for an answer that was never encoded.
 */
import type { Chunk, RecordsRegion } from '../protocol/records-region.ts'

/** A stretch of a file. */
export interface RegionPart {
  readonly sizeInBytes: number
  /** Fills `buffer` from `offset` bytes into the part; returns the bytes read, fewer only at its end. */
  read(buffer: Buffer, offset: number): Promise<number>
}

export interface StreamedRegion extends RecordsRegion {
  readonly slices: readonly (Buffer | RegionPart)[]
  release(): void
}

export function isStreamedRegion(chunk: Chunk | object): chunk is StreamedRegion {
  return !Buffer.isBuffer(chunk) && 'slices' in chunk && 'release' in chunk
}

/** Releases the regions within a message of any shape. Only for answers that will not be sent. */
export function releaseRegions(message: unknown): void {
  if (message === null || typeof message !== 'object' || Buffer.isBuffer(message)) return
  if (isStreamedRegion(message)) message.release()
  else for (const value of Object.values(message)) releaseRegions(value)
}

/** Releases the regions among encoded chunks that were not sent. */
export function releaseChunks(chunks: readonly Chunk[]): void {
  for (const chunk of chunks) if (isStreamedRegion(chunk)) chunk.release()
}
