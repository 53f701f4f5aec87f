/** Streams of a command in a test: what it reads is given, what it prints is kept. */
import { Readable, Writable } from 'node:stream'
import type { ToolStreams } from '../../../src/cli/tools/tool.ts'

export class MemoryStreams implements ToolStreams {
  readonly input: Readable
  readonly output: Writable
  readonly errors: Writable
  readonly #printed: Buffer[] = []
  readonly #told: Buffer[] = []
  readonly #waiting = new Set<() => void>()

  constructor(...input: readonly (string | Buffer)[]) {
    this.input = Readable.from(
      input.map((part) => Buffer.from(part)),
      { objectMode: false },
    )
    this.output = this.#keep(this.#printed)
    this.errors = this.#keep(this.#told)
  }

  get printedBytes(): Buffer {
    return Buffer.concat(this.#printed)
  }

  get printed(): string {
    return this.printedBytes.toString()
  }

  get told(): string {
    return Buffer.concat(this.#told).toString()
  }

  /** Resolves when something was printed or told and `isThere` is true. */
  until(isThere: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isThere()) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  #keep(chunks: Buffer[]): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        chunks.push(chunk)
        for (const look of this.#waiting) look()
        done()
      },
    })
  }
}
