/**
 * Asserts catch our own mistakes, never a client's. They stay on in production: a broker that has lost its own
 * invariants must not go on writing to disk.
 */
export class AssertionError extends Error {
  override name = 'AssertionError'
}

/** Throws AssertionError unless `condition` holds. The message says what was expected, with the figures that broke it. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** For the default branch of a switch over a discriminated union: a case that the types say cannot happen. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`)
}
