/**
 * Which partition a record goes to. With a key the one that the Java client chooses (murmur2 of the key), so that tools
 * and applications agree; without one a partition at random that stays until its batch is full.
 */
const seed = 0x9747b28c
const multiplier = 0x5bd1e995

/** MurmurHash2 of 32 bits with Kafka's seed; a signed integer, as Java has it. */
export function murmur2(bytes: Buffer): number {
  const end = bytes.length & ~3
  let hash = seed ^ bytes.length
  for (let at = 0; at < end; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), multiplier)
    word = Math.imul(word ^ (word >>> 24), multiplier)
    hash = Math.imul(hash, multiplier) ^ word
  }
  const rest = bytes.length - end
  if (rest === 3) hash ^= bytes[end + 2]! << 16
  if (rest >= 2) hash ^= bytes[end + 1]! << 8
  if (rest >= 1) hash = Math.imul(hash ^ bytes[end]!, multiplier)
  hash = Math.imul(hash ^ (hash >>> 13), multiplier)
  return hash ^ (hash >>> 15)
}

export function partitionOfKey(key: Buffer, partitionsCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionsCount
}
