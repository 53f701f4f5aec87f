/**
 * Does to a cluster what the world does to real ones, by the seed's draw, but never more than what the promise of
 * min.insync.replicas covers. Any number of processes may be killed at once, for their page caches stay. A machine that
 * loses its power loses records too, and one such loss is what min.insync.replicas=2 covers (KIP-966 counts every
 * shutdown that was not clean): nobody else is killed before it has caught up everywhere, nor does it lose its power
 * before all who were killed have.
 */
import type { SeededRandom } from '../../src/base/random.ts'
import type { SimulatedCluster } from './simulated-cluster.ts'
import type { SimulatedDisk } from './simulated-disk.ts'
import type { SimulatedNode } from './simulated-node.ts'

type Fault = () => void

const clientsCount = 10

export class Nemesis {
  readonly #cluster: SimulatedCluster
  readonly #random: SeededRandom
  /** The node that lost its power and has not caught up. */
  #weak: SimulatedNode | undefined
  /** Lives that began after an end that was not clean, and have not caught up. */
  readonly #shaken = new Set<SimulatedNode>()
  #isActive = false
  powerLossesCount = 0
  faultsCount = 0

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster
    this.#random = cluster.world.fork('nemesis')
  }

  /** To be called whenever a node's process has started or is gone. */
  onLifeChange(node: SimulatedNode): void {
    if (!node.isAlive && !node.wasCleanStop) this.#shaken.add(node)
  }

  /** Just now a partition has another leader or ISR: who is in it had better not be gone the next moment. */
  onPartitionChange(leader: number, isr: readonly number[]): void {
    if (!this.#isActive || this.#random.next() > 0.06) return
    const id = this.#random.next() < 0.6 ? leader : isr[this.#random.integer(Math.max(1, isr.length))]
    const node = this.#cluster.node(id ?? -1)
    if (node === undefined) return
    this.faultsCount++
    this.#cluster.world.at(this.#random.next() ** 2 * 20, () => {
      if (!this.#isActive) return
      const luck = this.#random.next()
      if (luck < 0.6) this.#bounce(node)
      else if (luck < 0.8) this.#powerFailure(node)
      else this.#isolate(node)
    })
  }

  start(): void {
    this.#isActive = true
    // Some runs see little of a kind, some much, and some are one long storm.
    const haste = this.#random.next() < 0.3 ? 0.3 : 1
    const every = (meanMs: number, faults: readonly Fault[]): void => {
      const own = meanMs * haste * (0.3 + 1.7 * this.#random.next())
      this.#repeat(own, () => faults[this.#random.integer(faults.length)]!())
    }
    every(4000, [() => this.#bounce(), () => this.#bounce(), () => this.#bounceMany(), () => this.#stopCleanly()])
    every(9000, [() => this.#powerFailure()])
    every(6000, [() => this.#pause()])
    every(4000, [() => this.#isolate(), () => this.#cutPair(), () => this.#cutOneWay(), () => this.#heal()])
    every(1500, [() => this.#breakConnection()])
    every(8000, [() => this.#slowDisk(), () => this.#slowLinks(), () => this.#fillDisk(), () => this.#failDisk()])
  }

  /** No more faults; what was broken is mended, and whoever is down is started. */
  calm(): void {
    this.#isActive = false
    const { network, nodes, world } = this.#cluster
    world.tell('nemesis', 'rests: everything is mended')
    network.heal()
    network.link = { ...network.link, spikeShare: 0.01 }
    for (const node of nodes) {
      node.disk.slowness = 1
      this.#mendDisk(node.disk)
      node.resume()
    }
    this.keepUp()
  }

  /** Starts what is down, as an operator would, and again when it goes down by itself. */
  keepUp(): void {
    for (const node of this.#cluster.nodes) node.start()
    this.#cluster.world.at(500, () => this.keepUp())
  }

  #repeat(meanMs: number, fault: Fault): void {
    this.#cluster.world.at(this.#random.next() * 2 * meanMs, () => {
      if (!this.#isActive) return
      this.faultsCount++
      fault()
      this.#repeat(meanMs, fault)
    })
  }

  #anyone(): SimulatedNode {
    const { nodes } = this.#cluster
    return nodes[this.#random.integer(nodes.length)]!
  }

  /** Whoever leads something is the more telling victim. */
  #victim(): SimulatedNode {
    const image = this.#cluster.newestImage()
    if (image === undefined || this.#random.next() < 0.4) return this.#anyone()
    const leaders = [...image.topics.values()].flatMap((topic) =>
      [...topic.partitions.values()].map(({ leader }) => leader),
    )
    const node = this.#cluster.node(leaders[this.#random.integer(Math.max(1, leaders.length))] ?? -1)
    return node ?? this.#anyone()
  }

  #bounce(node: SimulatedNode = this.#victim()): void {
    if (!node.isAlive || !this.#mayEnd(node)) return
    node.kill()
    this.#startLater(node)
  }

  #startLater(node: SimulatedNode): void {
    const isQuick = this.#random.next() < 0.6
    const downMs = isQuick ? 5 + this.#random.next() * 500 : this.#random.next() * 8000
    this.#cluster.world.at(downMs, () => node.start())
  }

  #bounceMany(): void {
    for (const node of this.#cluster.nodes) if (this.#random.next() < 0.7) this.#bounce(node)
  }

  #stopCleanly(): void {
    const node = this.#victim()
    node.stop()
    this.#cluster.world.at(3000 + this.#random.next() * 4000, () => {
      // An operator's patience ends.
      if (node.isStopping && this.#mayEnd(node)) node.kill()
      if (node.isAlive) this.#startLater(node)
      else node.start()
    })
  }

  #powerFailure(node: SimulatedNode = this.#victim()): void {
    // A record that one replica holds survives no power failure: nothing is promised of it.
    if (this.#cluster.shape.brokerIds.length === 1) return
    this.#forgetRecovered()
    if (this.#cluster.nodes.some((other) => other !== node && this.#isShaken(other))) return
    this.#weak = node
    this.#shaken.add(node)
    this.powerLossesCount++
    for (const { disk } of this.#cluster.nodes) this.#mendDisk(disk)
    const isBrokerOnly = !this.#cluster.shape.controllerIds.includes(node.id)
    if (isBrokerOnly && this.#random.next() < 0.3) node.loseDisk()
    else node.losePower()
    this.#startLater(node)
  }

  #isShaken(node: SimulatedNode): boolean {
    return this.#shaken.has(node) || node.disk.hasFailed
  }

  /** Whether `node` may end without having stopped. */
  #mayEnd(node: SimulatedNode): boolean {
    this.#forgetRecovered()
    return this.#weak === undefined || this.#weak === node
  }

  #forgetRecovered(): void {
    for (const node of this.#shaken) if (this.#hasCaughtUp(node)) this.#shaken.delete(node)
    if (this.#weak !== undefined && !this.#shaken.has(this.#weak)) this.#weak = undefined
  }

  #mendDisk(disk: SimulatedDisk): void {
    disk.bytesMax = Number.POSITIVE_INFINITY
    disk.faults.clear()
  }

  /** By its own image, which has its registration since: it is in sync wherever it has a replica. */
  #hasCaughtUp(node: SimulatedNode): boolean {
    const image = node.isRunning ? node.running?.broker?.image : undefined
    if (image === undefined) return false
    for (const topic of image.topics.values()) {
      for (const { replicas, isr } of topic.partitions.values()) {
        if (replicas.includes(node.id) && !isr.includes(node.id)) return false
      }
    }
    return true
  }

  #pause(): void {
    const node = this.#victim()
    node.pause()
    const isLong = this.#random.next() < 0.3
    this.#cluster.world.at(isLong ? 3000 + this.#random.next() * 9000 : this.#random.next() * 2000, () => node.resume())
  }

  #isolate(node: SimulatedNode = this.#victim()): void {
    this.#cluster.world.tell('nemesis', `cuts ${node.hostName} off`)
    for (const other of this.#cluster.nodes) this.#cutBoth(node, other)
    if (this.#random.next() < 0.5) {
      for (let index = 0; index < clientsCount; index++) {
        this.#cluster.network.cut(node.hostName, `client${index}`)
        this.#cluster.network.cut(`client${index}`, node.hostName)
      }
    }
    this.#healLater()
  }

  #cutPair(): void {
    const [one, other] = [this.#victim(), this.#anyone()]
    this.#cluster.world.tell('nemesis', `cuts the link of ${one.hostName} and ${other.hostName}`)
    this.#cutBoth(one, other)
    this.#healLater()
  }

  #cutBoth(one: SimulatedNode, other: SimulatedNode): void {
    this.#cluster.network.cut(one.hostName, other.hostName)
    this.#cluster.network.cut(other.hostName, one.hostName)
  }

  #cutOneWay(): void {
    const node = this.#victim()
    const isDeaf = this.#random.next() < 0.5
    this.#cluster.world.tell('nemesis', `makes ${node.hostName} ${isDeaf ? 'deaf' : 'dumb'}`)
    for (const other of this.#cluster.nodes) {
      if (isDeaf) this.#cluster.network.cut(other.hostName, node.hostName)
      else this.#cluster.network.cut(node.hostName, other.hostName)
    }
    this.#healLater()
  }

  #healLater(): void {
    this.#cluster.world.at(100 + this.#random.next() * 6000, () => this.#heal())
  }

  #heal(): void {
    const { network, world } = this.#cluster
    if (!network.hasCuts) return
    world.tell('nemesis', 'heals the network')
    network.heal()
  }

  #breakConnection(): void {
    const sockets = this.#cluster.network.sockets()
    if (sockets.length === 0) return
    const socket = sockets[this.#random.integer(sockets.length)]!
    this.#cluster.world.tell('nemesis', `breaks a connection of ${socket.localHost} and ${socket.remoteHost}`)
    socket.breakConnection()
  }

  #slowDisk(): void {
    const { disk } = this.#anyone()
    disk.slowness = 10 + this.#random.next() * 200
    this.#cluster.world.tell(disk.name, `has a disk that is ${Math.round(disk.slowness)} times slower`)
    this.#cluster.world.at(this.#random.next() * 5000, () => {
      disk.slowness = 1
    })
  }

  #slowLinks(): void {
    const { network, world } = this.#cluster
    world.tell('nemesis', 'makes the network unsteady')
    network.link = { ...network.link, spikeShare: 0.3, spikeMs: 400 }
    world.at(this.#random.next() * 5000, () => {
      network.link = { ...network.link, spikeShare: 0.01, spikeMs: 30 }
    })
  }

  #fillDisk(): void {
    const node = this.#anyone()
    if (!this.#mayEnd(node)) return
    const { disk } = node
    disk.bytesMax = disk.usedBytes + this.#random.integer(2000)
    this.#cluster.world.tell(disk.name, 'has a full disk')
    this.#cluster.world.at(this.#random.next() * 5000, () => {
      disk.bytesMax = Number.POSITIVE_INFINITY
    })
  }

  #failDisk(): void {
    const node = this.#anyone()
    if (!this.#mayEnd(node)) return
    const { disk } = node
    const kind = this.#random.next() < 0.5 ? 'write' : 'sync'
    this.#cluster.world.tell(disk.name, `will fail its next ${kind}`)
    disk.faults.set(kind, 'EIO')
  }
}
