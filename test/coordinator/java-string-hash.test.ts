import { describe, expect, test } from 'vitest'
import { coordinatorPartition, javaStringHash } from '../../src/coordinator/java-string-hash.ts'

describe("Java's hash", () => {
  // Computed by java.lang.String.hashCode.
  test.each([
    ['', 0],
    ['a', 97],
    ['hello', 99162322],
    ['consumer-group', -1738392088],
    ['polygenelubricants', -2147483648],
    ['größe', 98762257],
    ['😀', 1772899],
    ['console-consumer-12345', 158455506],
  ])('of %j', (text, hash) => {
    expect(javaStringHash(text)).toBe(hash)
  })

  test('gives the partition in which Apache Kafka keeps a group', () => {
    const partitions = { simple: 26, s: 15, a: 47, d: 0, tg: 49, cg: 22, '': 0 }
    for (const [groupId, partition] of Object.entries(partitions)) {
      expect(coordinatorPartition(groupId, 50)).toBe(partition)
    }
    // Its absolute value does not exist in 32 bits.
    expect(coordinatorPartition('polygenelubricants', 50)).toBe(0)
  })
})
