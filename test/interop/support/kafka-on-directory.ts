/** Apache Kafka on the directory and the port of an ottla that is stopped, or was not started yet. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BrokerProcess, freePort, isListening, repositoryRoot } from './broker-process.ts'

export class KafkaOnDirectory {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /**
   * Resolves when it accepts connections. With `format` the directory becomes one of Apache Kafka first, whose voter the
   * configuration names: now (`isStatic`) and ever after. A directory of ottla has its voter in its files.
   */
  static async start(
    { directory, port }: Pick<BrokerProcess, 'directory' | 'port'>,
    options: { readonly format?: boolean; readonly isStatic?: boolean; readonly settings?: readonly string[] } = {},
  ): Promise<KafkaOnDirectory> {
    const controllerPort = await freePort()
    const properties = join(directory, 'kafka.properties')
    const quorum = options.format || options.isStatic ? 'voters=1@' : 'bootstrap.servers='
    const settings = [
      'process.roles=broker,controller',
      'node.id=1',
      `controller.quorum.${quorum}127.0.0.1:${controllerPort}`,
      'controller.listener.names=CONTROLLER',
      `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
      'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      `log.dirs=${directory}`,
      'offsets.topic.replication.factor=1',
      'transaction.state.log.replication.factor=1',
      'transaction.state.log.min.isr=1',
      'share.coordinator.state.topic.replication.factor=1',
      'share.coordinator.state.topic.min.isr=1',
      'group.initial.rebalance.delay.ms=0',
      ...(options.settings ?? []),
    ]
    writeFileSync(properties, `${settings.join('\n')}\n`)
    const env = { ...process.env, KAFKA_HEAP_OPTS: '-Xmx384M' }
    const script = join(repositoryRoot, 'test/interop/reference/kafka.sh')
    // A group of its own: the script, and the JVM that it becomes.
    const child = spawn(script, [options.format ? 'broker' : 'serve', properties], {
      env,
      stdio: 'ignore',
      detached: true,
    })
    const kafka = new KafkaOnDirectory(child)
    const deadlineMs = Date.now() + 90_000
    while (!(await isListening(port))) {
      if (child.exitCode !== null) throw new Error(`Apache Kafka ended with ${child.exitCode}`)
      if (Date.now() > deadlineMs) throw new Error('Apache Kafka does not listen')
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    return kafka
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    process.kill(-this.#child.pid!, signal)
    await ended
  }
}
