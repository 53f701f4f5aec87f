/**
 * Randomness of the operating system, for identifiers, elections' jitter and whatever must not be guessed. Small numbers
 * are cut from one block at a time, because each call into crypto costs more than the bytes.
 */
import { randomFillSync } from 'node:crypto'
import type { Random } from '../base/random.ts'

const blockSize = 1024

export class NodeRandom implements Random {
  readonly #block = Buffer.allocUnsafeSlow(blockSize)
  #used = blockSize

  next(): number {
    return this.#take48() / 2 ** 48
  }

  integer(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  bytes(count: number): Buffer {
    return randomFillSync(Buffer.allocUnsafe(count))
  }

  #take48(): number {
    if (this.#used + 6 > blockSize) {
      randomFillSync(this.#block)
      this.#used = 0
    }
    this.#used += 6
    return this.#block.readUIntBE(this.#used - 6, 6)
  }
}
