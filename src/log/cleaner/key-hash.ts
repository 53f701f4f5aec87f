/**
 * 128 bits of a record's key, for the offset map, which cannot hold keys themselves. Two keys with one hash would lose a
 * record, so nobody may be able to make them: HalfSipHash-1-3, twice, each under 64 random bits that never leave the
 * process. (Kafka takes MD5, which costs more here than the rest of the cleaning.) One instance per map; `hash` leaves
 * its result in four fields, so that nothing is allocated per record.
 */
import { assert } from '../../base/assert.ts'
import type { Random } from '../../base/random.ts'

export class KeyHash {
  first = 0
  second = 0
  third = 0
  fourth = 0
  readonly #secret: Int32Array

  constructor(random: Random) {
    const bytes = random.bytes(16)
    assert(bytes.length === 16, 'a secret of 128 bits')
    this.#secret = Int32Array.from([0, 4, 8, 12], (at) => bytes.readInt32LE(at))
  }

  /** Hashes `size` bytes from `start`. Both hashes in one pass, in local variables: this runs for every record. */
  hash(bytes: Buffer, start: number, size: number): void {
    const secret = this.#secret
    let [v0, v1, w0, w1] = [secret[0]!, secret[1]!, secret[2]!, secret[3]!]
    let [v2, v3, w2, w3] = [0x6c796765 ^ v0, 0x74656462 ^ v1, 0x6c796765 ^ w0, 0x74656462 ^ w1]
    const wordsCount = size >>> 2
    let at = start
    // The words, the rest with the size, three rounds at the end.
    for (let step = 0; step < wordsCount + 4; step++) {
      let word = 0
      if (step < wordsCount) {
        word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
        at += 4
      } else if (step === wordsCount) {
        word = size << 24
        for (let shift = 0; at < start + size; at++, shift += 8) word |= bytes[at]! << shift
      } else if (step === wordsCount + 1) {
        v2 ^= 0xff
        w2 ^= 0xff
      }
      v3 ^= word
      w3 ^= word
      v0 = (v0 + v1) | 0
      w0 = (w0 + w1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      w1 = ((w1 << 5) | (w1 >>> 27)) ^ w0
      v0 = (v0 << 16) | (v0 >>> 16)
      w0 = (w0 << 16) | (w0 >>> 16)
      v2 = (v2 + v3) | 0
      w2 = (w2 + w3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      w3 = ((w3 << 8) | (w3 >>> 24)) ^ w2
      v0 = (v0 + v3) | 0
      w0 = (w0 + w3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      w3 = ((w3 << 7) | (w3 >>> 25)) ^ w0
      v2 = (v2 + v1) | 0
      w2 = (w2 + w1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      w1 = ((w1 << 13) | (w1 >>> 19)) ^ w2
      v2 = (v2 << 16) | (v2 >>> 16)
      w2 = (w2 << 16) | (w2 >>> 16)
      v0 ^= word
      w0 ^= word
    }
    this.first = v1 ^ v3
    this.second = v0 ^ v2
    this.third = w1 ^ w3
    this.fourth = w0 ^ w2
  }
}
