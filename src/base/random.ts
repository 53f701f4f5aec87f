/**
 * Randomness as a parameter, so that a run replays from its seed. io/node-random.ts is the real one.
 */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** Uniform integer in [0, bound); bound from 1 to 2^31-1. */
  integer(bound: number): number
  /** `count` random bytes. */
  bytes(count: number): Buffer
}

/** A seeded generator (mulberry32): fast and repeatable, not for secrets. */
export class SeededRandom implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }

  integer(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count)
    for (let index = 0; index < count; index++) bytes[index] = this.integer(256)
    return bytes
  }
}
