/** Apache Kafka 4.3.1 as a process, from a properties file. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { repositoryRoot, startTimeoutMs } from './broker-process.ts'
import { isListening } from './ports.ts'
import { watch } from './watched-process.ts'

export class KafkaProcess {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  readonly #tail: () => string

  /** Waits for nothing. `broker` formats the directories first, if they are new. */
  constructor(command: 'broker' | 'serve', properties: string, heap?: string) {
    const script = join(repositoryRoot, 'test/interop/reference/kafka.sh')
    const env = {
      REFERENCE_LOG_LEVEL: 'warn',
      ...process.env,
      ...(heap === undefined ? {} : { KAFKA_HEAP_OPTS: heap }),
    }
    // A group of its own: the script, and the JVM that it becomes.
    const options = { env, stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'], detached: true }
    this.#child = spawn(script, [command, properties], options)
    this.#closed = once(this.#child, 'close')
    this.#tail = watch(`Apache Kafka, ${properties}`, this.#child, true).tail
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Resolves when it accepts connections there; rejects with what it said, and leaves nothing running. */
  async listening(port: number): Promise<void> {
    const deadlineMs = performance.now() + startTimeoutMs
    while (!(await isListening(port))) {
      if (this.#hasEnded) {
        await this.#closed
        throw new Error(`Apache Kafka ended with ${this.#child.exitCode}: ${this.#tail()}`)
      }
      if (performance.now() > deadlineMs) {
        await this.kill()
        throw new Error(`Apache Kafka does not listen on ${port}: ${this.#tail()}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  /** Resolves with the exit code when the process ends of itself. */
  async ended(): Promise<number | null> {
    await this.#closed
    return this.#child.exitCode
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (!this.#hasEnded) process.kill(-this.#child.pid!, signal)
    await this.#closed
  }
}
