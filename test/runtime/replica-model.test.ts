/**
 * Three replicas of one partition under crashes, leader changes, late metadata and broken connections, all drawn from a
 * seed. A small controller elects leaders from the in-sync replicas and takes the leaders' proposals. After every step
 * replicas agree below their high watermarks, and what was below the leader's once stays.
 */
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import * as batch from '../../src/protocol/record/batch-header.ts'
import type { IsrProposal } from '../../src/replication/leader-replicas.ts'
import type { Partition } from '../../src/runtime/replica/partition.ts'
import { ReplicaCluster, type ReplicaNode } from './replica-cluster.ts'

const topic = 'orders'

class Story {
  readonly #random: SeededRandom
  cluster!: ReplicaCluster
  /** By base offset: batches that some leader had committed. */
  readonly committed = new Map<number, Buffer>()
  readonly lines: string[] = []
  #topicId = ''
  #leader = 1
  #leaderEpoch = 0
  #partitionEpoch = 0
  #isr = [1, 2, 3]
  #valuesCount = 0
  readonly #proposals: { partition: Partition; proposal: IsrProposal }[] = []

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
  }

  async run(stepsCount: number): Promise<void> {
    const propose = (partition: Partition, proposal: IsrProposal) => void this.#proposals.push({ partition, proposal })
    this.cluster = await ReplicaCluster.start({
      brokers: 3,
      seed: this.#random.integer(1 << 30),
      isrChanges: { propose },
      config: { 'replica.fetch.max.bytes': '400', 'replica.fetch.backoff.ms': '100' },
    })
    this.cluster.network.delayMs = () => this.#random.integer(4)
    this.#topicId = await this.cluster.createTopic(topic, { configs: { 'internal.segment.bytes': '1000' } })
    for (let step = 0; step < stepsCount; step++) {
      await this.#step()
      await this.cluster.pass(this.#random.integer(25))
      await this.#check()
    }
    await this.#heal()
  }

  describe(): string {
    const facts = this.cluster.nodes.map(({ id, isUp, manager }) => {
      const partition = manager.partition(topic, 0)
      const { state, leaderId, leaderEpoch, log, isChangingEnd } = partition ?? {}
      const { logStartOffset, logEndOffset, nextOffset, highWatermark, epochs } = log ?? {}
      const offsets = { logStartOffset, logEndOffset, nextOffset, highWatermark, epochs }
      return JSON.stringify({ id, isUp, state, leaderId, leaderEpoch, isChangingEnd, ...offsets })
    })
    return facts.join('\n')
  }

  get #live(): ReplicaNode[] {
    return this.cluster.nodes.filter(({ isUp }) => isUp)
  }

  get #leaderNode(): ReplicaNode | undefined {
    const node = this.#leader < 0 ? undefined : this.cluster.node(this.#leader)
    return node?.isUp === true && node.manager.partition(topic, 0)?.state === 'leader' ? node : undefined
  }

  async #step(): Promise<void> {
    this.#decide()
    const choice = this.#random.integer(100)
    if (choice < 45) this.#append()
    else if (choice < 55) this.#elect()
    else if (choice < 65) this.#crash()
    else if (choice < 80) await this.#restart()
    else if (choice < 88) this.#breakConnections()
    else if (choice < 91) this.#deleteRecords()
    else for (const node of this.#live) node.update()
  }

  /** Any live broker that believes that it leads takes records: an old leader too. */
  #append(): void {
    const leaders = this.#live.filter((node) => node.manager.partition(topic, 0)?.state === 'leader')
    const node = leaders[this.#random.integer(Math.max(1, leaders.length))]
    if (node === undefined) return
    const values = Array.from({ length: 1 + this.#random.integer(3) }, () => `value ${this.#valuesCount++}`)
    const offset = this.cluster.append(node, topic, values)
    this.lines.push(`${node.id} appends ${values.length} at ${offset}`)
  }

  #commit(change: { leader?: number; isr?: number[] }): void {
    if (change.leader !== undefined) {
      this.#leader = change.leader
      this.#leaderEpoch++
    }
    if (change.isr !== undefined) this.#isr = change.isr
    this.#partitionEpoch++
    // Some hear of it later.
    const told = this.cluster.nodes.filter(() => this.#random.integer(3) > 0).map(({ id }) => id)
    this.lines.push(`leader ${this.#leader} epoch ${this.#leaderEpoch} isr ${this.#isr}, told to ${told}`)
    this.cluster.changePartition(this.#topicId, change, told)
  }

  #elect(): void {
    const candidates = this.#isr.filter((id) => this.cluster.node(id).isUp)
    if (candidates.length > 0) this.#commit({ leader: candidates[this.#random.integer(candidates.length)]! })
  }

  #decide(): void {
    for (const { partition, proposal } of this.#proposals.splice(0)) {
      const isCurrent = proposal.leaderEpoch === this.#leaderEpoch && proposal.partitionEpoch === this.#partitionEpoch
      const isAlive = proposal.inSyncReplicas.every(({ brokerId, brokerEpoch }) => {
        const node = this.cluster.node(brokerId)
        return node.isUp && (brokerEpoch === -1 || brokerEpoch === node.brokerEpoch)
      })
      if (isCurrent && isAlive) this.#commit({ isr: proposal.inSyncReplicas.map(({ brokerId }) => brokerId) })
      else if (isCurrent) partition.onProposalUndone(proposal)
    }
  }

  #crash(): void {
    const live = this.#live
    if (live.length < 2) return
    const node = live[this.#random.integer(live.length)]!
    const others = this.#isr.filter((id) => id !== node.id && this.cluster.node(id).isUp)
    const kind = others.length > 0 && this.#random.integer(2) === 0 ? 'power' : 'process'
    this.lines.push(`${node.id} crashes (${kind})`)
    node.crash(kind)
    if (others.length === 0) {
      if (this.#leader === node.id) this.#commit({ leader: -1 })
    } else if (this.#leader === node.id) {
      this.#commit({ leader: others[this.#random.integer(others.length)]!, isr: others })
    } else if (this.#isr.includes(node.id)) this.#commit({ isr: others })
  }

  async #restart(): Promise<void> {
    const node = this.cluster.nodes.find(({ isUp }) => !isUp)
    if (node === undefined) return
    this.lines.push(`${node.id} restarts`)
    await this.cluster.drive(node.restart())
    if (this.#leader < 0 && this.#isr.includes(node.id)) this.#commit({ leader: node.id })
  }

  #breakConnections(): void {
    const host = `host-${1 + this.#random.integer(3)}`
    this.lines.push(`connections of ${host} break`)
    this.cluster.network.breakConnections(host)
  }

  #deleteRecords(): void {
    const partition = this.#leaderNode?.partition(topic)
    if (partition === undefined || partition.highWatermark <= partition.log!.logStartOffset) return
    const { startOffset } = partition.deleteRecords(partition.log!.logStartOffset + 1)
    this.lines.push(`records below ${startOffset} are deleted`)
  }

  async #check(): Promise<void> {
    for (const node of this.#live) {
      const partition = node.manager.partition(topic, 0)
      if (partition?.log === undefined || partition.isChangingEnd) continue
      expect(partition.state, 'no disk failed').not.toBe('offline')
      const { highWatermark, state, leaderEpoch } = partition
      const bytes = await this.cluster.contents(node, topic, 0, highWatermark)
      for (let at = 0; at < bytes.length; at += batch.batchSizeInBytes(bytes, at)) {
        const one = bytes.subarray(at, at + batch.batchSizeInBytes(bytes, at))
        const known = this.committed.get(batch.baseOffset(bytes, at))
        if (known === undefined && state === 'leader' && leaderEpoch === this.#leaderEpoch) {
          this.committed.set(batch.baseOffset(bytes, at), Buffer.from(one))
        } else if (known !== undefined && !known.equals(one)) {
          throw new Error(`broker ${node.id} has another batch at ${batch.baseOffset(bytes, at)}`)
        }
      }
    }
  }

  /** Everybody is up and knows everything: all logs become one, with all that was committed. */
  async #heal(): Promise<void> {
    for (const node of this.cluster.nodes) {
      if (!node.isUp) await this.#restart()
      node.update()
    }
    if (this.#leader < 0) this.#elect()
    for (const node of this.cluster.nodes) node.update()
    const logs = () => this.cluster.nodes.map((node) => node.partition(topic).log)
    await this.cluster.until(() => {
      this.#decide()
      for (const node of this.cluster.nodes) node.update()
      const [first] = logs()
      return logs().every(
        (log) => log?.logEndOffset === first?.logEndOffset && log?.highWatermark === first?.logEndOffset,
      )
    }, 10_000)
    await this.#check()
    // A leader that crashed may have forgotten that records were deleted.
    const startOffset = Math.max(...logs().map((log) => log!.logStartOffset))
    const [first, ...others] = await Promise.all(
      this.cluster.nodes.map((node) => this.cluster.contents(node, topic, 0, undefined, startOffset)),
    )
    for (const other of others) expect(other!.equals(first!)).toBe(true)
    const offsets = new Set<number>()
    for (let at = 0; at < first!.length; at += batch.batchSizeInBytes(first!, at)) {
      offsets.add(batch.baseOffset(first!, at))
    }
    for (const [baseOffset, bytes] of this.committed) {
      if (batch.lastOffset(bytes, 0) >= startOffset) expect(offsets.has(baseOffset), `offset ${baseOffset}`).toBe(true)
    }
  }
}

describe('replicas agree below the high watermark and keep what was committed', () => {
  test.each(Array.from({ length: Number(process.env.REPLICA_SEEDS ?? 12) }, (_, at) => at + 1))(
    'seed %i',
    async (seed) => {
      const story = new Story(seed)
      try {
        await story.run(60)
      } catch (error) {
        ;(error as Error).message += `\n${story.describe()}\n${story.lines.slice(-40).join('\n')}`
        throw error
      }
      expect(story.committed.size).toBeGreaterThan(0)
    },
  )
})
