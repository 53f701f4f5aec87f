/**
 * The built broker as a process of its own, on a free port and a fresh directory, that a test may kill and start again.
 */
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './ports.ts'
import { watch } from './watched-process.ts'

export const repositoryRoot = resolve(fileURLToPath(import.meta.url), '../../../..')

/** Another build can be tested by naming its program. */
export const program = process.env.OTTLA_PROGRAM ?? join(repositoryRoot, 'bin/ottla')

/** How long a process may take to serve: far beyond what it takes on a slow machine that does much else. */
export const startTimeoutMs = 300_000

/** Apache Kafka's default, a minute, is less than a JVM with the controller may take on such a machine. */
export const patientRegistration = `initial.broker.registration.timeout.ms=${startTimeoutMs}`

export class BrokerProcess {
  readonly port: number
  readonly directory: string
  output = ''
  readonly #overrides: readonly string[]
  readonly #otherDirectories: readonly string[]
  #child: ChildProcess | undefined
  /** When the last process has ended and all that it said is in `output`. */
  #closed: Promise<unknown> = Promise.resolve()

  private constructor(port: number, overrides: readonly string[], otherDirectories: readonly string[]) {
    this.port = port
    this.directory = mkdtempSync(join(tmpdir(), 'ottla-interop-'))
    this.#overrides = overrides
    this.#otherDirectories = otherDirectories
  }

  /** `otherDirectories` are log directories beside its own, which comes first and has the metadata. */
  static async start(
    overrides: readonly string[] = [],
    otherDirectories: readonly string[] = [],
  ): Promise<BrokerProcess> {
    const broker = await BrokerProcess.prepare(overrides, otherDirectories)
    await broker.restart()
    return broker
  }

  /** With its port and directory, not started: another may fill the directory first. */
  static async prepare(
    overrides: readonly string[] = [],
    otherDirectories: readonly string[] = [],
  ): Promise<BrokerProcess> {
    return new BrokerProcess(await freePort(), overrides, otherDirectories)
  }

  get bootstrap(): string {
    return `127.0.0.1:${this.port}`
  }

  get pid(): number {
    return this.#child!.pid!
  }

  /** Resolves with the exit code when the process ends of itself. */
  async ended(): Promise<number | null> {
    await this.#closed
    return this.#child!.exitCode
  }

  /** Resolves when the broker accepts connections; rejects with its output when it ends before, or does not get there. */
  async restart(): Promise<void> {
    const child = this.#spawn()
    let timer: NodeJS.Timeout | undefined
    const ready = new Promise<void>((resolveReady, reject) => {
      timer = setTimeout(() => reject(new Error(`the broker is not ready: ${this.output}`)), startTimeoutMs)
      child.once('close', () => reject(new Error(`the broker ended: ${this.output}`)))
      child.stdout.on('data', () => {
        if (this.output.includes('is ready')) resolveReady()
      })
    })
    await ready.finally(() => clearTimeout(timer))
  }

  /** A start that is cut short: kill -9 after so many milliseconds, wherever it has got to by then. */
  async startAndKillAfter(milliseconds: number): Promise<void> {
    const child = this.#spawn()
    await new Promise((resolveTime) => setTimeout(resolveTime, milliseconds))
    if (child.exitCode !== null) throw new Error(`the broker ended: ${this.output}`)
    await this.kill()
  }

  #spawn(): ChildProcessWithoutNullStreams {
    const settings = [
      `log.dirs=${[this.directory, ...this.#otherDirectories].join(',')}`,
      `listeners=PLAINTEXT://127.0.0.1:${this.port}`,
      'offsets.topic.replication.factor=1',
      'group.initial.rebalance.delay.ms=0',
      ...this.#overrides,
    ]
    const words = settings.flatMap((setting) => ['-o', setting])
    this.output = ''
    const child = spawn(process.execPath, [program, 'start', ...words])
    this.#child = child
    this.#closed = once(child, 'close')
    watch(`ottla at ${this.port}`, child)
    const onOutput = (chunk: Buffer): void => {
      this.output += chunk.toString()
    }
    child.stdout.on('data', onOutput)
    child.stderr.on('data', onOutput)
    return child
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child
    if (child === undefined) return null
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    child.kill(signal)
    await this.#closed
    this.output = ''
    return child.exitCode
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** kill -9, without waiting until the process is gone. */
  killWithoutWaiting(): void {
    this.#child?.kill('SIGKILL')
  }

  /** Stops cleanly; resolves with the exit code. */
  stop(): Promise<number | null> {
    return this.#end('SIGTERM')
  }

  async dispose(): Promise<void> {
    await this.kill()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
