/** Apache Kafka as a process of its own, one node on free ports and a fresh directory. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, isListening, repositoryRoot } from '../support/broker-process.ts'

export class ReferenceBroker {
  readonly port: number
  readonly #directory: string
  readonly #child: ChildProcess

  private constructor(port: number, directory: string, child: ChildProcess) {
    this.port = port
    this.#directory = directory
    this.#child = child
  }

  /** Resolves when it accepts connections. */
  static async start(settings: readonly string[] = []): Promise<ReferenceBroker> {
    const [port, controllerPort] = [await freePort(), await freePort()]
    const directory = mkdtempSync(join(tmpdir(), 'ottla-reference-'))
    const properties = [
      'process.roles=broker,controller',
      'node.id=1',
      `controller.quorum.voters=1@127.0.0.1:${controllerPort}`,
      `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
      'controller.listener.names=CONTROLLER',
      'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      `log.dirs=${directory}/data`,
      'offsets.topic.replication.factor=1',
      'transaction.state.log.replication.factor=1',
      'transaction.state.log.min.isr=1',
      'share.coordinator.state.topic.replication.factor=1',
      'share.coordinator.state.topic.min.isr=1',
      'group.initial.rebalance.delay.ms=0',
      ...settings,
    ]
    const file = join(directory, 'server.properties')
    writeFileSync(file, properties.join('\n'))
    const script = join(repositoryRoot, 'test/interop/reference/kafka.sh')
    const child = spawn(script, ['broker', file], { stdio: 'ignore', detached: true })
    const broker = new ReferenceBroker(port, directory, child)
    while (!(await isListening(port))) {
      if (child.exitCode !== null) throw new Error(`Apache Kafka ended with ${child.exitCode}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return broker
  }

  async dispose(): Promise<void> {
    const ended = once(this.#child, 'exit')
    // The script and the JVM that it may have become.
    process.kill(-this.#child.pid!, 'SIGKILL')
    await ended
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
