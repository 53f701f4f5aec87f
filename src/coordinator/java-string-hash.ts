/**
 * Java's String.hashCode, by which Kafka spreads groups and transactional ids over the partitions of an internal topic:
 * clients, tools and other brokers compute the same, so it can never change.
 */
import { assert } from '../base/assert.ts'

/** A signed 32-bit integer over the UTF-16 units of `text`. */
export function javaStringHash(text: string): number {
  let hash = 0
  for (let index = 0; index < text.length; index++) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0
  return hash
}

/** The partition of the internal topic that coordinates `key`. Kafka's absolute value of -2^31 is 0. */
export function coordinatorPartition(key: string, partitionCount: number): number {
  assert(partitionCount > 0, `a topic has partitions: ${partitionCount}`)
  const hash = javaStringHash(key)
  return hash === -0x80000000 ? 0 : Math.abs(hash) % partitionCount
}
