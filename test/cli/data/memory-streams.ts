/** Streams of a command in a test: what it reads is given, what it prints is kept. */
import { Readable, Writable } from 'node:stream'
import type { ToolStreams } from '../../../src/cli/tools/tool.ts'

export class MemoryStreams implements ToolStreams {
  readonly input: Readable
  readonly output: Writable
  readonly errors: Writable
  readonly #printed: Buffer[] = []
  readonly #told: Buffer[] = []

  constructor(...input: readonly (string | Buffer)[]) {
    this.input = Readable.from(
      input.map((part) => Buffer.from(part)),
      { objectMode: false },
    )
    this.output = keep(this.#printed)
    this.errors = keep(this.#told)
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
}

function keep(chunks: Buffer[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk)
      done()
    },
  })
}
