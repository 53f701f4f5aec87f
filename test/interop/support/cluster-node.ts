/**
 * One process of a cluster, ottla or Apache Kafka 4.3.1, started from a properties file as an operator writes it. A test
 * may kill it, pause it, stop it and start it again.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { program, repositoryRoot, startTimeoutMs } from './broker-process.ts'
import { ClusterClient } from './cluster-client.ts'
import { brokerPort, controllerPort } from './ports.ts'
import { run } from './run-tool.ts'
import { watch } from './watched-process.ts'

const kafkaHeap = { KAFKA_HEAP_OPTS: '-Xmx384M' }
const kafka = join(repositoryRoot, 'test/interop/reference/kafka.sh')

export type Software = 'ottla' | 'kafka'

export interface NodeDescription {
  readonly id: number
  readonly roles: 'broker' | 'controller' | 'broker,controller'
  readonly software: Software
  /** Log directories beside its own, which comes first and has the metadata. */
  readonly otherDirectories?: readonly string[]
  /** Further lines of the properties file; they count over the others. */
  readonly settings?: readonly string[]
}

export interface NodePlace {
  readonly host: string
  readonly commandPrefix: readonly string[]
  /** Its files lie in a folder of this one. */
  readonly parentDirectory: string
  /** Lines that all nodes have, where the controllers are among them. */
  readonly settings: readonly string[]
}

export class ClusterNode {
  readonly id: number
  readonly host: string
  readonly software: Software
  readonly isBroker: boolean
  readonly isController: boolean
  readonly directory: string
  readonly logDirectories: readonly string[]
  readonly properties: string
  /** What the present or last process said. */
  output = ''
  readonly #commandPrefix: readonly string[]
  #child: ChildProcess | undefined
  /** When the last process has ended and all that it said is in `output`. */
  #closed: Promise<unknown> = Promise.resolve()

  constructor(description: NodeDescription, place: NodePlace) {
    this.id = description.id
    this.host = place.host
    this.software = description.software
    this.isBroker = description.roles.includes('broker')
    this.isController = description.roles.includes('controller')
    this.#commandPrefix = place.commandPrefix
    const home = join(place.parentDirectory, `node-${description.id}`)
    mkdirSync(home, { recursive: true })
    this.directory = join(home, 'data')
    this.logDirectories = [this.directory, ...(description.otherDirectories ?? [])]
    this.properties = join(home, `${description.roles.replace(',', '-')}.properties`)
    const lines = [...this.#ownLines(description), ...place.settings, ...(description.settings ?? [])]
    writeFileSync(this.properties, `${lines.join('\n')}\n`)
  }

  #ownLines({ id, roles }: NodeDescription): string[] {
    const listeners = [
      ...(this.isBroker ? [`PLAINTEXT://${this.host}:${brokerPort}`] : []),
      ...(this.isController ? [`CONTROLLER://${this.host}:${controllerPort}`] : []),
    ]
    return [
      `process.roles=${roles}`,
      `node.id=${id}`,
      `listeners=${listeners.join(',')}`,
      'controller.listener.names=CONTROLLER',
      ...(this.isBroker ? ['inter.broker.listener.name=PLAINTEXT'] : []),
      'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      `log.dirs=${this.logDirectories.join(',')}`,
    ]
  }

  /** Where it has a partition. */
  partitionDirectory(name: string): string {
    const directory = this.logDirectories.map((each) => join(each, name)).find((path) => existsSync(path))
    if (directory === undefined) throw new Error(`${this} does not have ${name}`)
    return directory
  }

  get bootstrap(): string {
    return `${this.host}:${brokerPort}`
  }

  get pid(): number {
    return this.#child!.pid!
  }

  get isRunning(): boolean {
    const child = this.#child
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }

  /** `words` are options of `kafka-storage format` beside the cluster's id and the file; both programs have the same. */
  async format(clusterId: string, words: readonly string[] = []): Promise<void> {
    const all = ['format', '--cluster-id', clusterId, '--config', this.properties, ...words]
    if (this.software === 'ottla') await run(process.execPath, [program, ...all])
    else await run(kafka, ['tool', 'kafka.tools.StorageTool', ...all])
  }

  /** Resolves when the process serves, with the milliseconds that it took. Rejects with its output when it ends before. */
  async start(): Promise<number> {
    const startedMs = performance.now()
    this.launch()
    await this.serving()
    return performance.now() - startedMs
  }

  /** Starts the process and waits for nothing. */
  launch(): void {
    const words =
      this.software === 'ottla'
        ? [process.execPath, program, 'start', '--config', this.properties]
        : [kafka, 'serve', this.properties]
    const [command, ...rest] = [...this.#commandPrefix, ...words] as [string, ...string[]]
    this.output = ''
    const env = this.software === 'ottla' ? process.env : { REFERENCE_LOG_LEVEL: 'warn', ...process.env, ...kafkaHeap }
    const child = spawn(command, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.#closed = once(child, 'close')
    watch(`${this}`, child)
    const onOutput = (chunk: Buffer): void => {
      this.output = (this.output + chunk.toString()).slice(-200_000)
    }
    child.stdout!.on('data', onOutput)
    child.stderr!.on('data', onOutput)
  }

  /** Resolves when a client gets served: by a broker that names itself among the live ones, or by a controller. */
  async serving(): Promise<void> {
    const deadlineMs = performance.now() + startTimeoutMs
    for (;;) {
      const serves = await this.#serves()
      if (serves && this.isRunning) return
      if (!this.isRunning) {
        await this.#closed
        throw new Error(`${this} ended with ${this.#child?.exitCode}: ${this.output}`)
      }
      if (performance.now() > deadlineMs) throw new Error(`${this} does not serve: ${this.output}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async #serves(): Promise<boolean> {
    try {
      if (this.isBroker) {
        using client = await ClusterClient.connect(this.host, brokerPort)
        const { brokers } = await client.metadata()
        if (!brokers.some(({ nodeId }) => nodeId === this.id)) return false
      }
      if (this.isController) {
        using client = await ClusterClient.connect(this.host, controllerPort)
        await client.apiVersions()
      }
      return true
    } catch {
      return false
    }
  }

  /** The lines of the present or last process in which all of the words stand. */
  lines(...words: readonly (string | number)[]): string[] {
    return this.output.split('\n').filter((line) => words.every((word) => line.includes(String(word))))
  }

  /** Resolves when there is such a line. */
  async said(...words: readonly (string | number)[]): Promise<string> {
    const deadlineMs = performance.now() + startTimeoutMs
    for (;;) {
      const mayGoOn = this.isRunning && performance.now() <= deadlineMs
      if (!this.isRunning) await this.#closed
      const [line] = this.lines(...words)
      if (line !== undefined) return line
      if (!mayGoOn) throw new Error(`${this} does not say ${words.join(' ')}: ${this.output}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Resolves with the exit code when the process has ended of itself. */
  async ended(): Promise<number | null> {
    await this.#closed
    return this.#child!.exitCode
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Stops cleanly; resolves with the exit code. */
  stop(): Promise<number | null> {
    return this.#end('SIGTERM')
  }

  /** SIGSTOP: it is there, and does nothing. */
  pause(): void {
    this.#child!.kill('SIGSTOP')
  }

  resume(): void {
    this.#child!.kill('SIGCONT')
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child
    if (this.isRunning) child?.kill(signal)
    await this.#closed
    return child?.exitCode ?? null
  }

  toString(): string {
    return `${this.software} ${this.id}`
  }
}
