/**
 * The limits that hold before memory is taken, in one place. Each says what it protects; a configuration key that
 * lowers one is named beside it.
 */
export const limits = {
  /** Elements of one array of one message. 200,000 partitions fit well. */
  maxArrayLength: 1_048_576,
  /** Elements of all arrays of one message together: a frame of 100 MB may not become gigabytes of small objects. */
  maxElementsPerMessage: 2_097_152,
  /** Tagged fields of one structure that a message may carry, known and unknown. */
  maxTaggedFields: 1024,
  /** Bytes of a string on the wire: the signed 16 bits that Kafka counts it with. */
  maxStringSize: 32_767,
  /** Requests of one connection that are handled or wait for their answer to leave; then its socket is not read. */
  maxRequestsInFlight: 64,
  /** Bytes of those requests; one larger request is let through when it is alone. */
  maxRequestBytesInFlight: 32 * 1024 * 1024,
  /** Bytes of answers that a connection's client has not taken, beyond which its next request waits. */
  maxUnsentBytes: 1024 * 1024,
  /** Bytes that all clients together may have in memory; queued.max.request.bytes replaces it. */
  maxInFlightBytes: 256 * 1024 * 1024,
} as const
