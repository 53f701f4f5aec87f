/**
 * Record batches that a message carries without holding them. A Fetch answer names a stretch of a segment file; the
 * encoder counts its bytes and leaves a gap for it in the list of chunks, and the connection fills the gap when the
 * socket drains. Anything with a size can stand in: only who made the region and who writes it know what it is.
 */
export interface RecordsRegion {
  /** Bytes that the region will put on the wire, exactly; 0 to 2^31-1. */
  readonly sizeInBytes: number
}

/** One piece of an encoded frame: bytes, or a region whose bytes follow when the socket takes them. */
export type Chunk = Buffer | RecordsRegion
