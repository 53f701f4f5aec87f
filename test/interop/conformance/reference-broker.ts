/** Apache Kafka as a process of its own, one node on free ports and a fresh directory. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { patientRegistration } from '../support/broker-process.ts'
import { KafkaProcess } from '../support/kafka-process.ts'
import { freePort } from '../support/ports.ts'

export class ReferenceBroker {
  readonly port: number
  readonly #directory: string
  readonly #process: KafkaProcess

  private constructor(port: number, directory: string, kafka: KafkaProcess) {
    this.port = port
    this.#directory = directory
    this.#process = kafka
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
      patientRegistration,
      ...settings,
    ]
    const file = join(directory, 'server.properties')
    writeFileSync(file, properties.join('\n'))
    const kafka = new KafkaProcess('broker', file)
    await kafka.listening(port)
    return new ReferenceBroker(port, directory, kafka)
  }

  async dispose(): Promise<void> {
    await this.#process.kill()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
