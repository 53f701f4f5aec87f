/** Single requests to one node of a cluster, each with a time limit: a node may be paused or cut off. */
import { apiKeys } from '../../../src/protocol/api/index.ts'
import { TestClient } from '../../server/server-harness.ts'

/** Of an answer that comes at once. */
const timeLimitMs = 15_000

export interface PartitionState {
  readonly partition: number
  /** -1: none. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
}

export interface ClusterMetadata {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
  /** By name; of a topic that is not there, none. */
  readonly topics: ReadonlyMap<string, readonly PartitionState[]>
}

export interface QuorumState {
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly highWatermark: number
  readonly voters: readonly number[]
  readonly observers: readonly number[]
}

export interface NewTopic {
  readonly name: string
  readonly numPartitions?: number
  readonly replicationFactor?: number
  readonly configs?: Readonly<Record<string, string>>
}

/** What is read for lack of Infer over the wire: the fields that the tests look at. */
interface Answer {
  readonly errorCode: number
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
  readonly topics: readonly {
    readonly name: string
    readonly errorCode: number
    readonly errorMessage?: string | null
    readonly partitions: readonly {
      readonly errorCode: number
      readonly partitionIndex: number
      readonly leaderId: number
      readonly leaderEpoch: number
      readonly replicaNodes: readonly number[]
      readonly isrNodes: readonly number[]
      readonly highWatermark: bigint | number
      readonly currentVoters: readonly { readonly replicaId: number }[]
      readonly observers: readonly { readonly replicaId: number }[]
    }[]
  }[]
}

export class ClusterClient {
  readonly #client: TestClient
  #correlationId = 0

  static async connect(host: string, port: number): Promise<ClusterClient> {
    const connecting = TestClient.connect(port, host)
    connecting.then(
      ({ socket }) => socket.setMaxListeners(0),
      () => {},
    )
    return new ClusterClient(await inTime(connecting, `${host}:${port} does not accept`))
  }

  private constructor(client: TestClient) {
    this.#client = client
  }

  [Symbol.dispose](): void {
    this.#client.socket.destroy()
  }

  /** `workMs` is what the broker may take for it. */
  async call(apiKey: number, version: number, message: object, workMs = 0): Promise<Answer> {
    this.#client.send(apiKey, version, ++this.#correlationId, message)
    const answer = this.#client.response(apiKey, version)
    const response = await inTime(answer, `no answer to request ${apiKey}`, timeLimitMs + workMs)
    return response.message as unknown as Answer
  }

  apiVersions(): Promise<unknown> {
    return this.call(apiKeys.ApiVersions, 3, { clientSoftwareName: 'test', clientSoftwareVersion: '1' })
  }

  async metadata(topics: readonly string[] = []): Promise<ClusterMetadata> {
    const wanted = topics.map((name) => ({ name }))
    const answer = await this.call(apiKeys.Metadata, 12, { topics: wanted, allowAutoTopicCreation: false })
    const states = answer.topics.map(({ name, partitions }) => {
      const list = partitions.map(({ partitionIndex, leaderId, leaderEpoch, replicaNodes, isrNodes }) => ({
        partition: partitionIndex,
        leader: leaderId,
        leaderEpoch,
        replicas: replicaNodes,
        isr: isrNodes,
      }))
      return [name, list.sort((a, b) => a.partition - b.partition)] as const
    })
    return { brokers: answer.brokers, topics: new Map(states) }
  }

  /** What a broker hears of the raft leader. Rejects while there is none. */
  async quorum(): Promise<QuorumState> {
    const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }]
    const answer = await this.call(apiKeys.DescribeQuorum, 1, { topics })
    const state = answer.topics[0]?.partitions[0]
    if (answer.errorCode !== 0 || state === undefined || state.errorCode !== 0)
      throw new Error(`DescribeQuorum: error ${answer.errorCode || state?.errorCode}`)
    return {
      leaderId: state.leaderId,
      leaderEpoch: state.leaderEpoch,
      highWatermark: Number(state.highWatermark),
      voters: state.currentVoters.map(({ replicaId }) => replicaId).sort((a, b) => a - b),
      observers: state.observers.map(({ replicaId }) => replicaId).sort((a, b) => a - b),
    }
  }

  /** Resolves with the error code. */
  async createTopic(topic: NewTopic, timeoutMs = 60_000): Promise<number> {
    const configs = Object.entries(topic.configs ?? {}).map(([name, value]) => ({ name, value }))
    const { name, numPartitions = -1, replicationFactor = -1 } = topic
    const topics = [{ name, numPartitions, replicationFactor, configs }]
    const answer = await this.call(apiKeys.CreateTopics, 7, { topics, timeoutMs }, timeoutMs)
    return answer.topics[0]!.errorCode
  }
}

async function inTime<T>(promise: Promise<T>, message: string, limitMs = timeLimitMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), limitMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
