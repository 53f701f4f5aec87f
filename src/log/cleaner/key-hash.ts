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
  readonly #state = new Int32Array(4)

  constructor(random: Random) {
    const bytes = random.bytes(16)
    assert(bytes.length === 16, 'a secret of 128 bits')
    this.#secret = Int32Array.from([0, 4, 8, 12], (at) => bytes.readInt32LE(at))
  }

  /** Hashes `size` bytes from `start`. */
  hash(bytes: Buffer, start: number, size: number): void {
    const secret = this.#secret
    this.#run(secret[0]!, secret[1]!, bytes, start, size)
    this.first = this.#state[1]! ^ this.#state[3]!
    this.second = this.#state[0]! ^ this.#state[2]!
    this.#run(secret[2]!, secret[3]!, bytes, start, size)
    this.third = this.#state[1]! ^ this.#state[3]!
    this.fourth = this.#state[0]! ^ this.#state[2]!
  }

  #run(key0: number, key1: number, bytes: Buffer, start: number, size: number): void {
    const state = this.#state
    state[0] = key0
    state[1] = key1
    state[2] = 0x6c796765 ^ key0
    state[3] = 0x74656462 ^ key1
    const end = start + size
    let at = start
    for (; at + 4 <= end; at += 4) {
      const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
      absorb(state, word)
    }
    let last = size << 24
    for (let shift = 0; at < end; at++, shift += 8) last |= bytes[at]! << shift
    absorb(state, last)
    state[2]! ^= 0xff
    for (let rounds = 3; rounds > 0; rounds--) mix(state)
  }
}

function absorb(state: Int32Array, word: number): void {
  state[3]! ^= word
  mix(state)
  state[0]! ^= word
}

/** One round of HalfSipHash. */
function mix(state: Int32Array): void {
  let v0 = state[0]!
  let v1 = state[1]!
  let v2 = state[2]!
  let v3 = state[3]!
  v0 = (v0 + v1) | 0
  v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
  v0 = (v0 << 16) | (v0 >>> 16)
  v2 = (v2 + v3) | 0
  v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
  v0 = (v0 + v3) | 0
  v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
  v2 = (v2 + v1) | 0
  v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
  v2 = (v2 << 16) | (v2 >>> 16)
  state[0] = v0
  state[1] = v1
  state[2] = v2
  state[3] = v3
}
