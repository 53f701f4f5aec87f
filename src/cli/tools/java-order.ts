/**
 * The order in which a Java HashMap goes through names: stock tools print what they keep in one in that order, and a
 * script that compares lines sees the same from ours.
 */
import { javaStringHash } from '../../coordinator/java-string-hash.ts'

/** `names` as they come out of a map made for `expected` entries, into which they were put in their order. */
export function inHashMapOrder(names: Iterable<string>, expected = 12): string[] {
  const unique = [...new Set(names)]
  let capacity = 1
  while (capacity < expected) capacity *= 2
  if (expected === 12) capacity = 16
  while (unique.length > capacity * 0.75) capacity *= 2
  const buckets = new Map<number, string[]>()
  for (const name of unique) {
    const hash = javaStringHash(name)
    const bucket = (hash ^ (hash >>> 16)) & (capacity - 1)
    const known = buckets.get(bucket)
    if (known === undefined) buckets.set(bucket, [name])
    else known.push(name)
  }
  return [...buckets].sort(([left], [right]) => left - right).flatMap(([, each]) => each)
}
