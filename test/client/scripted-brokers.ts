/**
 * Brokers that answer as a test says, on real sockets: each API has a function that makes the answer from the request,
 * or breaks the connection. What is not said is answered from `leaders`, the model of one topic `t`.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { KafkaClient } from '../../src/client/kafka-client.ts'
import { requestHeader, responseHeader } from '../../src/protocol/api/headers.ts'
import { apis } from '../../src/protocol/api/index.ts'
import { decodeAt, encodeFrame } from '../../src/protocol/compile.ts'
import { FrameAssembler } from '../../src/protocol/frame-assembler.ts'
import { requestHeaderVersion, responseHeaderVersion } from '../../src/protocol/header-versions.ts'

export type Message = Record<string, unknown>

/** What tests look at of Produce and Fetch requests. */
interface AskedMessage {
  readonly topicData: { readonly partitionData: { readonly records: Buffer }[] }[]
  readonly topics: { readonly partitions: { readonly partition: number; readonly fetchOffset: number }[] }[]
}

export interface Asked {
  readonly broker: number
  readonly api: string
  readonly message: AskedMessage
}

/** undefined: the connection is closed instead. */
export type Script = (asked: Asked) => Message | undefined

interface Leader {
  leaderId: number
  leaderEpoch: number
}

export const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ'

export class ScriptedBrokers {
  readonly asked: Asked[] = []
  readonly scripts = new Map<string, Script>()
  /** Of the partitions of `t`. */
  readonly leaders: Leader[] = [{ leaderId: 1, leaderEpoch: 1 }]
  /** Who is told by Metadata. */
  readonly told: number[] = []
  controllerId = 1
  coordinatorId = 1
  readonly #servers: Server[] = []
  readonly #ports: number[] = []
  readonly #sockets: Set<Socket>[] = []
  readonly #clients: KafkaClient[] = []
  #producerIds = 0

  static async start(count: number): Promise<ScriptedBrokers> {
    const brokers = new ScriptedBrokers()
    for (let id = 1; id <= count; id++) await brokers.#listen(id)
    return brokers
  }

  client(bootstrapIds: readonly number[] = [1], operationTimeoutMs = 20_000): KafkaClient {
    const bootstrap = bootstrapIds.map((id) => ({ host: '127.0.0.1', port: this.port(id) }))
    const client = new KafkaClient({ bootstrap, operationTimeoutMs })
    this.#clients.push(client)
    return client
  }

  port(id: number): number {
    return this.#ports[id - 1]!
  }

  /** How often an API was asked, of one broker or of all. */
  count(api: string, broker?: number): number {
    return this.asked.filter((each) => each.api === api && (broker === undefined || each.broker === broker)).length
  }

  /** The process of a broker is gone. */
  async kill(id: number): Promise<void> {
    const closed = once(this.#servers[id - 1]!, 'close')
    this.#servers[id - 1]!.close()
    for (const socket of this.#sockets[id - 1]!) socket.destroy()
    await closed
  }

  async dispose(): Promise<void> {
    for (const client of this.#clients) client.close()
    for (const [index, server] of this.#servers.entries()) if (server.listening) await this.kill(index + 1)
  }

  async #listen(id: number): Promise<void> {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      const assembler = new FrameAssembler((frame) => this.#onFrame(id, socket, frame), 1 << 24)
      socket.on('data', (chunk: Buffer) => assembler.push(chunk))
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.#servers.push(server)
    this.#ports.push((server.address() as AddressInfo).port)
    this.#sockets.push(sockets)
    this.told.push(id)
  }

  #onFrame(broker: number, socket: Socket, frame: Buffer): void {
    const [apiKey, version] = [frame.readInt16BE(0), frame.readInt16BE(2)]
    const { name, request, response } = apis.get(apiKey)!
    const header = decodeAt(requestHeader, requestHeaderVersion(request, version), frame)
    const message = decodeAt(request, version, frame, header.endOffset).message
    const asked = { broker, api: name, message: message as unknown as AskedMessage }
    if (name !== 'ApiVersions') this.asked.push(asked)
    const script = this.scripts.get(name)
    const answer = script === undefined ? this.#answer(asked) : script(asked)
    if (answer === undefined) {
      socket.destroy()
      return
    }
    const { correlationId } = header.message as { readonly correlationId: number }
    const headerVersion = responseHeaderVersion(response, version)
    const { chunks } = encodeFrame(responseHeader, headerVersion, { correlationId }, response, version, answer as never)
    for (const chunk of chunks) socket.write(chunk as Buffer)
  }

  #answer({ api }: Asked): Message | undefined {
    if (api === 'ApiVersions') return { apiKeys: served() }
    if (api === 'Metadata') return this.metadata()
    if (api === 'InitProducerId') return { producerId: BigInt(++this.#producerIds), producerEpoch: 0 }
    if (api === 'FindCoordinator') {
      const { nodeId, host, port } = this.node(this.coordinatorId)
      return { coordinators: [{ key: 'g', nodeId, host, port }] }
    }
    throw new Error(`no answer to ${api} was written`)
  }

  metadata(): Message {
    const partitions = this.leaders.map((leader, partitionIndex) => ({
      ...leader,
      partitionIndex,
      replicaNodes: [...this.told],
      isrNodes: [...this.told],
    }))
    return {
      brokers: this.told.map((id) => this.node(id)),
      clusterId: 'c',
      controllerId: this.controllerId,
      topics: [{ name: 't', topicId, partitions }],
    }
  }

  node(id: number) {
    return { nodeId: id, host: '127.0.0.1', port: this.port(id), rack: null }
  }
}

/** Produce, Fetch and Metadata in versions that name topics, leaders and nodes; the rest as the project has it. */
function served(): Message[] {
  return [...apis.values()]
    .filter(({ request }) => request.listeners.includes('broker'))
    .map(({ key, request }) => ({ apiKey: key, minVersion: request.minVersion, maxVersion: request.maxVersion }))
}
