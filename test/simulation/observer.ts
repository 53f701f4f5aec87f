/**
 * Watches the nodes from outside and checks after every event what must always hold: one leader per epoch of the quorum
 * and of each partition, epochs and high watermarks that never go back, the same bytes below every high watermark, the
 * same image at the same offset. It reads what nodes make public and what lies on their disks; the nodes know nothing of it.
 */
import { assert } from '../../src/base/assert.ts'
import { metadataTopicId } from '../../src/base/uuid.ts'
import type { MetadataDelta } from '../../src/metadata/metadata-delta.ts'
import type { MetadataImage } from '../../src/metadata/metadata-image.ts'
import { encodeMetadataRecord } from '../../src/metadata/metadata-record-codec.ts'
import { snapshotSlices } from '../../src/metadata/metadata-snapshot.ts'
import { crc32c } from '../../src/protocol/record/crc32c.ts'
import { RaftDriver } from '../../src/runtime/raft/raft-driver.ts'
import type { Partition } from '../../src/runtime/replica/partition.ts'
import { ReplicaManager } from '../../src/runtime/replica/replica-manager.ts'
import { ElectableReplicas, type Life } from './electable-replicas.ts'
import type { Ledger } from './ledger.ts'
import { LogTailReader } from './log-tail-reader.ts'
import { dataDirectory, type SimulatedNode } from './simulated-node.ts'

/** Images are compared at every so many offsets. */
const imageEvery = 4

interface SeenPartition {
  readonly reader: LogTailReader
  leaderEpoch: number
  highWatermark: number
  wasLeader: boolean
}

interface SeenQuorum {
  readonly driver: RaftDriver
  readonly reader: LogTailReader
  epoch: number
  highWatermark: number
}

/** Drivers as they start, by their node; the last one is of the life that is under way. */
const startedDrivers = new Map<number, RaftDriver>()
const startDriver = RaftDriver.prototype.start
RaftDriver.prototype.start = function (this: RaftDriver): void {
  startedDrivers.set(this.nodeId, this)
  startDriver.call(this)
}

/** Likewise: a broker may serve clients before its node is told that its start is over. */
const startedManagers = new Map<number, ReplicaManager>()
const { onMetadataChange } = ReplicaManager.prototype
ReplicaManager.prototype.onMetadataChange = function (this: ReplicaManager, delta: MetadataDelta): void {
  startedManagers.set(this.brokerId, this)
  onMetadataChange.call(this, delta)
}

export class Observer {
  /** A node learns of a new state of a partition: a telling moment for a fault. */
  onPartitionChange: (leader: number, isr: readonly number[]) => void = () => {}
  readonly #ledger: Ledger
  readonly #partitionEpochs = new Map<string, number>()
  readonly #quorumLeaders = new Map<number, number>()
  readonly #partitionLeaders = new Map<string, number>()
  readonly #partitions = new WeakMap<Partition, SeenPartition>()
  readonly #quorums = new Map<number, SeenQuorum>()
  readonly #images = new Map<number, { readonly hash: number; readonly who: string }>()
  readonly #imageOffsets = new WeakMap<object, number>()
  readonly #electable: ElectableReplicas

  constructor(ledger: Ledger, nodeOf: (id: number) => SimulatedNode | undefined) {
    this.#ledger = ledger
    this.#electable = new ElectableReplicas(ledger, (brokerId) => lifeOf(nodeOf(brokerId)))
    startedDrivers.clear()
    startedManagers.clear()
  }

  get quorumLeadersCount(): number {
    return this.#quorumLeaders.size
  }

  get partitionLeadersCount(): number {
    return this.#partitionLeaders.size
  }

  /** Its process has started, or is gone. */
  onLifeChange(node: SimulatedNode): void {
    if (node.running !== undefined) return
    startedDrivers.delete(node.id)
    startedManagers.delete(node.id)
    this.#quorums.delete(node.id)
  }

  check(node: SimulatedNode): void {
    if (!node.isAlive) return
    const driver = startedDrivers.get(node.id)
    if (driver !== undefined) this.#checkQuorum(node, driver)
    // A controller's as well: its answer may reach a leader before any broker has read what is committed.
    const image = node.running?.quorum.publisher.image
    if (image !== undefined) this.#checkImage(node, image)
    const partitions = startedManagers.get(node.id)?.partitions() ?? []
    for (const partition of partitions) this.#checkPartition(node, partition)
  }

  #checkQuorum(node: SimulatedNode, driver: RaftDriver): void {
    let seen = this.#quorums.get(node.id)
    if (seen?.driver !== driver) {
      const reader = new LogTailReader(node.disk, `${dataDirectory}/__cluster_metadata-0`)
      seen = { driver, reader, epoch: -1, highWatermark: -1 }
      this.#quorums.set(node.id, seen)
    }
    const { epoch, highWatermark } = driver
    if (epoch !== seen.epoch) {
      assert(epoch > seen.epoch, `${node.hostName} goes back from quorum epoch ${seen.epoch} to ${epoch}`)
      seen.epoch = epoch
    }
    if (driver.isLeader && this.#quorumLeaders.get(epoch) !== node.id) {
      const known = this.#quorumLeaders.get(epoch)
      assert(known === undefined, `quorum epoch ${epoch} has the leaders ${known} and ${node.id}`)
      this.#checkCompleteness(node, driver)
      this.#quorumLeaders.set(epoch, node.id)
      node.world.tell(node.hostName, `leads the quorum in epoch ${epoch}`)
    }
    if (highWatermark === seen.highWatermark) return
    assert(
      highWatermark > seen.highWatermark,
      `${node.hostName}'s metadata goes back from ${seen.highWatermark} to ${highWatermark}`,
    )
    seen.highWatermark = highWatermark
    seen.reader.readTo(highWatermark, (bytes, position) => this.#noteMetadata(node, bytes, position))
  }

  #noteMetadata(node: SimulatedNode, bytes: Buffer, position: number): void {
    const known = this.#ledger.endOffset(metadataTopicId, 0)
    this.#ledger.onCommitted('__cluster_metadata', metadataTopicId, 0, bytes, position, node.hostName)
    if (this.#ledger.endOffset(metadataTopicId, 0) > known) this.#electable.onMetadata(bytes, position)
  }

  /** Who is elected has all that is committed, unless others are further by now. */
  #checkCompleteness(node: SimulatedNode, { epoch, logEndOffset }: RaftDriver): void {
    for (const known of this.#quorumLeaders.keys()) if (known > epoch) return
    const endOffset = this.#ledger.endOffset(metadataTopicId, 0)
    assert(
      logEndOffset >= endOffset,
      `${node.hostName} leads the quorum in epoch ${epoch} with ${logEndOffset} of the ${endOffset} that are committed`,
    )
  }

  #checkImage(node: SimulatedNode, image: MetadataImage): void {
    const { nextOffset } = image
    if (this.#imageOffsets.get(image) === nextOffset) return
    this.#imageOffsets.set(image, nextOffset)
    this.#noteChanges(image)
    if (nextOffset % imageEvery !== 0) return
    checkLeaders(image)
    const hash = hashOf(image)
    const known = this.#images.get(nextOffset)
    if (known === undefined) this.#images.set(nextOffset, { hash, who: node.hostName })
    else assert(known.hash === hash, `the images of ${known.who} and ${node.hostName} differ at ${nextOffset}`)
  }

  #noteChanges(image: MetadataImage): void {
    for (const topic of image.topics.values()) {
      for (const [index, { leader, isr, partitionEpoch }] of topic.partitions.entries()) {
        const key = `${topic.id}-${index}`
        if ((this.#partitionEpochs.get(key) ?? -1) >= partitionEpoch) continue
        this.#partitionEpochs.set(key, partitionEpoch)
        this.onPartitionChange(leader, isr)
      }
    }
  }

  #checkPartition(node: SimulatedNode, partition: Partition): void {
    const { leaderEpoch, highWatermark, name } = partition
    const isLeader = partition.state === 'leader'
    const seen = this.#partitions.get(partition)
    if (seen !== undefined && seen.highWatermark === highWatermark && seen.leaderEpoch === leaderEpoch) {
      if (seen.wasLeader === isLeader) return
    }
    if (partition.log === undefined) return
    const now = seen ?? {
      reader: new LogTailReader(node.disk, `${dataDirectory}/${name}`),
      leaderEpoch: -1,
      highWatermark: -1,
      wasLeader: false,
    }
    if (seen === undefined) this.#partitions.set(partition, now)
    const who = `${name} on ${node.hostName}`
    assert(leaderEpoch >= now.leaderEpoch, `${who} goes back from leader epoch ${now.leaderEpoch} to ${leaderEpoch}`)
    assert(
      highWatermark >= now.highWatermark,
      `${who} goes back from high watermark ${now.highWatermark} to ${highWatermark}`,
    )
    now.leaderEpoch = leaderEpoch
    now.wasLeader = isLeader
    if (isLeader) this.#noteLeader(node, partition)
    if (highWatermark > now.highWatermark) {
      now.highWatermark = highWatermark
      now.reader.readTo(highWatermark, (bytes, position) =>
        this.#ledger.onCommitted(partition.topic, partition.topicId, partition.index, bytes, position, node.hostName),
      )
      this.#electable.check(partition.topicId, partition.index)
    }
  }

  #noteLeader(node: SimulatedNode, partition: Partition): void {
    const key = `${partition.topicId}-${partition.index} ${partition.leaderEpoch}`
    const known = this.#partitionLeaders.get(key)
    if (known === node.id) return
    assert(
      known === undefined,
      `${partition.name} has the leaders ${known} and ${node.id} in epoch ${partition.leaderEpoch}`,
    )
    this.#partitionLeaders.set(key, node.id)
    node.world.tell(node.hostName, `leads ${partition.name} in epoch ${partition.leaderEpoch}`)
  }
}

/** What a node that serves says of its replicas: its own image has its registration. */
function lifeOf(node: SimulatedNode | undefined): Life | undefined {
  const manager = node?.isRunning === true ? startedManagers.get(node.id) : undefined
  if (node === undefined || manager === undefined) return undefined
  return {
    brokerEpoch: node.running?.broker?.image.cluster.broker(node.id)?.epoch,
    partition: (topicId, index) => manager.partitionById(topicId, index),
  }
}

/** Whoever leads is in sync and alive, by the same image. */
function checkLeaders(image: MetadataImage): void {
  for (const topic of image.topics.values()) {
    for (const [index, { leader, isr }] of topic.partitions.entries()) {
      if (leader < 0) continue
      assert(isr.includes(leader), `${topic.name}-${index} is led by ${leader}, in sync are ${isr}`)
      const broker = image.cluster.broker(leader)
      assert(broker?.isFenced === false, `${topic.name}-${index} is led by ${leader}, which is fenced`)
    }
  }
}

/** The same for images of the same content, in whatever order it came. */
function hashOf(image: MetadataImage): number {
  let hash = 0
  for (const records of snapshotSlices(image)) {
    for (const record of records) hash = (hash + crc32c(encodeMetadataRecord(record))) >>> 0
  }
  return hash
}
