/**
 * What the three APIs of access control lists check before anything else: no part of an entry or a filter may be Kafka's
 * number of the unknown, 0. Numbers that nobody knows are let through.
 */
import { CloseConnection } from './handler.ts'

const unknownCode = 0

/** Throws CloseConnection where Apache Kafka gives no answer. */
export function refuseUnknownElements(...codes: readonly number[]): void {
  if (codes.includes(unknownCode)) throw new CloseConnection('an access control entry with unknown elements')
}
