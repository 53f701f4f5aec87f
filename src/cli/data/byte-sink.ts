/**
 * Collects what a command prints and writes it in large pieces: bytes of records stay bytes, whatever they are. The
 * commands flush after each round of records, which waits for whoever reads.
 */
import type { Writable } from 'node:stream'

const firstSize = 64 * 1024

export class ByteSink {
  readonly #output: Writable
  #bytes = Buffer.allocUnsafe(firstSize)
  #length = 0
  #isBroken = false

  constructor(output: Writable) {
    this.#output = output
    output.on('error', () => {
      this.#isBroken = true
    })
  }

  /** Nobody reads any more. */
  get isBroken(): boolean {
    return this.#isBroken || this.#output.destroyed
  }

  /** Bytes that wait to be written. */
  get length(): number {
    return this.#length
  }

  text(text: string): void {
    this.#reserve(text.length * 3)
    this.#length += this.#bytes.write(text, this.#length)
  }

  bytes(bytes: Buffer): void {
    this.#reserve(bytes.length)
    bytes.copy(this.#bytes, this.#length)
    this.#length += bytes.length
  }

  async flush(): Promise<void> {
    if (this.#length === 0 || this.isBroken) return
    const bytes = this.#bytes.subarray(0, this.#length)
    // The stream keeps what it is given until it is written.
    this.#bytes = Buffer.allocUnsafe(firstSize)
    this.#length = 0
    if (this.#output.write(bytes)) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        for (const event of ['drain', 'close', 'error']) this.#output.off(event, done)
        resolve()
      }
      for (const event of ['drain', 'close', 'error']) this.#output.on(event, done)
    })
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + size))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
