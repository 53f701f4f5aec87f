/** A node in this process and a client of it, for the tests of src/client. */
import { KafkaClient } from '../../src/client/kafka-client.ts'
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/api/19-create-topics.ts'
import { StartedNode } from '../clients/started-node.ts'

export class ClientHarness {
  readonly node: StartedNode
  readonly clients: KafkaClient[] = []

  private constructor(node: StartedNode) {
    this.node = node
  }

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<ClientHarness> {
    return new ClientHarness(await StartedNode.start(settings))
  }

  client(options: Partial<ConstructorParameters<typeof KafkaClient>[0]> = {}): KafkaClient {
    const bootstrap = [{ host: '127.0.0.1', port: this.node.port }]
    const client = new KafkaClient({ bootstrap, operationTimeoutMs: 20_000, ...options })
    this.clients.push(client)
    return client
  }

  async createTopic(name: string, numPartitions = 1, configs: { name: string; value: string }[] = []): Promise<void> {
    const exchange = { request: createTopicsRequest, response: createTopicsResponse }
    const message = { topics: [{ name, numPartitions, replicationFactor: 1, configs }], timeoutMs: 10_000 }
    const { topics } = await this.client().ask(exchange, message, 'controller')
    if (topics[0]!.errorCode !== 0) throw new Error(`${name}: ${topics[0]!.errorMessage}`)
  }

  async dispose(): Promise<void> {
    for (const client of this.clients) client.close()
    await this.node.dispose()
  }
}
