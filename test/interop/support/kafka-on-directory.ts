/** Apache Kafka on the directory and the port of an ottla that is stopped, or was not started yet. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BrokerProcess, patientRegistration } from './broker-process.ts'
import { KafkaProcess } from './kafka-process.ts'
import { freePort } from './ports.ts'

export class KafkaOnDirectory {
  readonly #process: KafkaProcess

  private constructor(kafka: KafkaProcess) {
    this.#process = kafka
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
      patientRegistration,
      ...(options.settings ?? []),
    ]
    writeFileSync(properties, `${settings.join('\n')}\n`)
    const kafka = new KafkaProcess(options.format ? 'broker' : 'serve', properties, '-Xmx384M')
    await kafka.listening(port)
    return new KafkaOnDirectory(kafka)
  }

  async stop(): Promise<void> {
    await this.#process.stop()
  }

  async kill(): Promise<void> {
    await this.#process.kill()
  }
}
