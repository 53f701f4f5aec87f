/**
 * The order in which a Java HashMap goes through its keys: stock tools print what they keep in one in that order, and a
 * script that compares lines sees the same from ours.
 */
import type { PartitionName } from '../../client/list-offsets.ts'
import { javaStringHash } from '../../coordinator/java-string-hash.ts'

const defaultCapacity = 16

/** `names` as they come out of a map, into which they were put in their order; `expected` entries if it was made for so many. */
export function inHashMapOrder(names: Iterable<string>, expected?: number): string[] {
  return hashMapOrder([...new Set(names)], javaStringHash, expected)
}

/** The same for a map whose keys are partitions. */
export function partitionsInHashMapOrder<Partition extends PartitionName>(
  partitions: readonly Partition[],
): Partition[] {
  const hashOf = ({ topic, partition }: PartitionName): number =>
    (Math.imul(31, 31 + partition) + javaStringHash(topic)) | 0
  return hashMapOrder(partitions, hashOf)
}

/** Numbers once each, as they come out of a set. */
export function numbersInHashMapOrder(numbers: Iterable<number>): number[] {
  return hashMapOrder([...new Set(numbers)], (each) => each)
}

function hashMapOrder<Key>(keys: readonly Key[], hashOf: (key: Key) => number, expected?: number): Key[] {
  let capacity = expected === undefined ? defaultCapacity : 1
  while (expected !== undefined && capacity < expected) capacity *= 2
  while (keys.length > capacity * 0.75) capacity *= 2
  const buckets = new Map<number, Key[]>()
  for (const key of keys) {
    const hash = hashOf(key)
    const bucket = (hash ^ (hash >>> 16)) & (capacity - 1)
    const known = buckets.get(bucket)
    if (known === undefined) buckets.set(bucket, [key])
    else known.push(key)
  }
  return [...buckets].sort(([left], [right]) => left - right).flatMap(([, each]) => each)
}
