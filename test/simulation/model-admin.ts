/**
 * An administrator who makes topics and, while the nemesis is at work, changes what a running cluster lets be changed:
 * topics that come and go, more partitions, settings, replicas moved, preferred leaders elected. Nothing that it does
 * may cost a record of the other clients.
 */
import type { CreateTopicsResponse } from '../../src/protocol/api/19-create-topics.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorCodes, errorName } from '../../src/protocol/errors.ts'
import type { Ledger } from './ledger.ts'
import { type ClientSurroundings, ModelClient } from './model-client.ts'
import { clusterId, type SimulatedCluster } from './simulated-cluster.ts'

const lasting = ['orders', 'events'] as const
/** The topic that comes and goes. */
export const fleeting = 'scratch'
const topicResource = 2

export class ModelAdmin extends ModelClient {
  readonly #ledger: Ledger
  changesCount = 0

  constructor(name: string, surroundings: ClientSurroundings, ledger: Ledger) {
    super(name, surroundings)
    this.#ledger = ledger
  }

  /** Tries until it is there. */
  async create(name: string, numPartitions: number, replicationFactor: number): Promise<void> {
    while (!this.isStopped) {
      const errorCode = await this.#tryCreate(name, numPartitions, replicationFactor)
      if (errorCode === 0 || errorCode === errorCodes.TOPIC_ALREADY_EXISTS) return
      await this.sleep(200)
    }
  }

  startMeddling(cluster: SimulatedCluster): void {
    const { shape } = cluster
    const replicas = Math.min(3, shape.brokerIds.length)
    const changes = [
      () => this.#tryCreate(fleeting, 1 + this.random.integer(2), replicas),
      () => this.#replace(fleeting, replicas),
      () => this.#addPartitions(),
      () => this.#configure(),
      () => this.#reassign(shape.brokerIds, replicas),
      () => this.#reassign(shape.brokerIds, replicas),
      () => this.#electPreferred(),
      ...(shape.isDynamic ? [() => this.#changeVoters(cluster), () => this.#changeVoters(cluster)] : []),
    ]
    const meddle = async (): Promise<void> => {
      while (!this.isStopped) {
        await this.sleep(this.random.next() * 3000)
        if (this.isStopped) return
        await this.refresh([...lasting, fleeting])
        await changes[this.random.integer(changes.length)]!()
        this.changesCount++
      }
    }
    void meddle()
  }

  /** A refusal and an answer that does not come are all the same to it. */
  async #change<Answer extends object>(apiKey: number, request: object): Promise<Answer | undefined> {
    try {
      return await this.ask<Answer>(this.anyBroker(), apiKey, request, { waitMs: 5000 })
    } catch {
      return undefined
    }
  }

  async #tryCreate(name: string, numPartitions: number, replicationFactor: number): Promise<number | undefined> {
    const request = { topics: [{ name, numPartitions, replicationFactor }], timeoutMs: 5000 }
    const answer = await this.#change<CreateTopicsResponse>(apiKeys.CreateTopics, request)
    const errorCode = answer?.topics[0]?.errorCode
    this.tell(`creates ${name}: ${errorCode === undefined ? 'no answer' : errorName(errorCode)}`)
    return errorCode
  }

  async #remove(name: string): Promise<void> {
    const topic = this.topic(name)
    if (topic === undefined) return
    this.#ledger.deletedTopics.add(topic.id)
    this.tell(`deletes ${name}`)
    await this.#change(apiKeys.DeleteTopics, { topics: [{ topicId: topic.id }], timeoutMs: 5000 })
  }

  /** What had the name may lie on many disks still, some of which are away. */
  async #replace(name: string, replicas: number): Promise<void> {
    await this.#remove(name)
    if (this.random.next() < 0.7) await this.#tryCreate(name, 1 + this.random.integer(2), replicas)
  }

  async #addPartitions(): Promise<void> {
    const topic = this.topic(fleeting)
    if (topic === undefined) return
    const topics = [{ name: fleeting, count: topic.partitions.size + 1, assignments: null }]
    await this.#change(apiKeys.CreatePartitions, { topics, timeoutMs: 5000 })
  }

  async #configure(): Promise<void> {
    const name = lasting[this.random.integer(lasting.length)]!
    const value = String(3_600_000 * (1 + this.random.integer(100)))
    const configs = [{ name: 'retention.ms', configOperation: 0, value }]
    const resources = [{ resourceType: topicResource, resourceName: name, configs }]
    await this.#change(apiKeys.IncrementalAlterConfigs, { resources })
  }

  async #reassign(brokerIds: readonly number[], replicasCount: number): Promise<void> {
    const name = lasting[this.random.integer(lasting.length)]!
    const topic = this.topic(name)
    if (topic === undefined) return
    const isCancel = this.random.next() < 0.15
    const replicas = isCancel ? null : this.#shuffled(brokerIds).slice(0, replicasCount)
    const partitionIndex = this.random.integer(topic.partitions.size)
    this.tell(`moves ${name}-${partitionIndex} ${isCancel ? 'no more' : `to ${replicas}`}`)
    const topics = [{ name, partitions: [{ partitionIndex, replicas }] }]
    await this.#change(apiKeys.AlterPartitionReassignments, { topics, timeoutMs: 5000 })
  }

  #shuffled(ids: readonly number[]): number[] {
    const left = [...ids]
    const shuffled: number[] = []
    while (left.length > 0) shuffled.push(...left.splice(this.random.integer(left.length), 1))
    return shuffled
  }

  async #electPreferred(): Promise<void> {
    this.tell('elects the preferred leaders')
    await this.#change(apiKeys.ElectLeaders, { electionType: 0, topicPartitions: null, timeoutMs: 5000 })
  }

  /** Takes a voter out of the quorum, or one that is out back in. */
  async #changeVoters(cluster: SimulatedCluster): Promise<void> {
    const voterIds = cluster.voterIds()
    if (voterIds === undefined) return
    const { controllerIds } = cluster.shape
    const voter = cluster.voter(controllerIds[this.random.integer(controllerIds.length)]!)
    const isVoter = voterIds.includes(voter.id)
    if (isVoter && voterIds.length <= 2) return
    this.tell(`${isVoter ? 'removes' : 'adds'} the voter ${voter.id}`)
    const identity = { clusterId, voterId: voter.id, voterDirectoryId: voter.directoryId }
    if (isVoter) await this.#change(apiKeys.RemoveRaftVoter, identity)
    else await this.#change(apiKeys.AddRaftVoter, { ...identity, timeoutMs: 5000, listeners: voter.endpoints })
  }
}
