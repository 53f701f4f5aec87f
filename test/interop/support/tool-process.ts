/** A client program that runs while the test goes on: its lines can be awaited. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { repositoryRoot } from './broker-process.ts'
import { watch } from './watched-process.ts'

export class ToolProcess {
  readonly lines: string[] = []
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown[]>
  readonly #waiting = new Set<{ matches: (line: string) => boolean; resolve: (line: string) => void }>()
  #errors = ''

  /** A stock tool of Apache Kafka by its class name. */
  static java(className: string, words: readonly string[]): ToolProcess {
    return new ToolProcess(join(repositoryRoot, 'test/interop/reference/kafka.sh'), ['tool', className, ...words])
  }

  constructor(command: string, words: readonly string[]) {
    this.#child = spawn(command, words)
    this.#ended = once(this.#child, 'close')
    watch([command, ...words].join(' ').slice(0, 300), this.#child)
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.lines.push(line)
      for (const waiting of this.#waiting) {
        if (waiting.matches(line) && this.#waiting.delete(waiting)) waiting.resolve(line)
      }
    })
    this.#child.stderr!.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString()
    })
  }

  /** The first line from now on that matches; rejects when the program ends before. */
  async line(matches: (line: string) => boolean): Promise<string> {
    const found = new Promise<string>((resolve) => this.#waiting.add({ matches, resolve }))
    const ended = this.#ended.then(() => {
      throw new Error(`the tool ended: ${this.lines.join('\n')}\n${this.#errors}`)
    })
    return await Promise.race([found, ended])
  }

  stop(): void {
    this.#child.kill('SIGTERM')
  }

  /** Resolves with the exit code. */
  async end(): Promise<number | null> {
    const [code] = (await this.#ended) as [number | null]
    return code
  }
}
