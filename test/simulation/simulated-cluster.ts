/**
 * The nodes of one simulation with their network: who they are by the seed's draw, and what a fault or a check wants to
 * know of them as a whole.
 */
import type { SeededRandom } from '../../src/base/random.ts'
import { randomUuid } from '../../src/base/uuid.ts'
import type { MetadataImage } from '../../src/metadata/metadata-image.ts'
import type { Voter } from '../../src/raft/voter-set.ts'
import type { Endpoint } from './model-client.ts'
import { SimulatedNetwork } from './simulated-network.ts'
import { dataDirectory, SimulatedNode } from './simulated-node.ts'
import type { World } from './world.ts'

export interface Shape {
  readonly brokerIds: readonly number[]
  readonly controllerIds: readonly number[]
  /** Timeouts as short as they may be, so that much happens in little time; else Kafka's defaults. */
  readonly isHasty: boolean
  /** The voters are in the log and may change, instead of in the configuration. */
  readonly isDynamic?: boolean
  /** Segments and snapshots of the metadata are small. */
  readonly isRolling?: boolean
  /** Followers fetch a batch or two at a time: a replica that was away is behind for a while. */
  readonly isPiecemeal?: boolean
}

/** Of all clusters. */
export const clusterId = 'x8pXQzt9RYuXvC0aqL4dOg'
const brokerPort = 9092
const controllerPort = 9093

const rollingSettings: Readonly<Record<string, string>> = {
  'log.roll.ms': '4000',
  'log.segment.delete.delay.ms': '500',
  'metadata.log.max.record.bytes.between.snapshots': '3000',
  'metadata.max.retention.bytes': '2000',
}

const piecemealSettings: Readonly<Record<string, string>> = {
  'replica.fetch.max.bytes': '150',
  'replica.fetch.response.max.bytes': '300',
}

const hastySettings: Readonly<Record<string, string>> = {
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  'replica.lag.time.max.ms': '3000',
  'controller.quorum.election.timeout.ms': '300',
  'controller.quorum.election.backoff.max.ms': '300',
  'controller.quorum.fetch.timeout.ms': '700',
}

export class SimulatedCluster {
  readonly world: World
  readonly network: SimulatedNetwork
  readonly nodes: readonly SimulatedNode[]
  readonly shape: Shape

  constructor(world: World, shape: Shape, isVerbose: boolean) {
    this.world = world
    this.shape = shape
    this.network = new SimulatedNetwork(world)
    const random = world.fork('clocks')
    const ids = [...new Set([...shape.brokerIds, ...shape.controllerIds])].sort((a, b) => a - b)
    this.nodes = ids.map((id) => {
      const clockFaults = clockFaultsOf(random)
      const config = configOf(id, shape)
      const initialControllers = this.#initialControllers(id)
      return new SimulatedNode(
        world,
        this.network,
        { id, clusterId, clockFaults, config, initialControllers },
        isVerbose,
      )
    })
  }

  /** As `ottla format --initial-controllers` would be told; a broker is formatted without. */
  #initialControllers(id: number): readonly Voter[] | undefined {
    if (this.shape.isDynamic !== true) return undefined
    return this.shape.controllerIds.includes(id) ? this.shape.controllerIds.map((voterId) => this.voter(voterId)) : []
  }

  voter(id: number): Voter {
    const endpoints = [{ name: 'CONTROLLER', host: `node${id}`, port: controllerPort }]
    const directoryId = randomUuid(this.world.fork(`directory of ${id}`))
    return { id, directoryId, endpoints, kraftVersionMin: 0, kraftVersionMax: 1 }
  }

  /** Who votes, by the controller that leads in the latest epoch; undefined while nobody does. */
  voterIds(): readonly number[] | undefined {
    const drivers = this.nodes.flatMap(({ isRunning, running }) => (isRunning ? [running!.quorum.driver] : []))
    const leaders = drivers.filter(({ isLeader }) => isLeader).sort((a, b) => b.epoch - a.epoch)
    return leaders[0]?.settings.voters.ids
  }

  get brokers(): SimulatedNode[] {
    return this.nodes.filter(({ id }) => this.shape.brokerIds.includes(id))
  }

  /** Where clients begin. */
  get bootstrap(): Endpoint[] {
    return this.brokers.map(({ hostName }) => ({ host: hostName, port: brokerPort }))
  }

  node(id: number): SimulatedNode | undefined {
    return this.nodes.find((node) => node.id === id)
  }

  /** The newest image that a broker which serves has. */
  newestImage(): MetadataImage | undefined {
    let newest: MetadataImage | undefined
    for (const { isRunning, running } of this.nodes) {
      const image = isRunning ? running?.broker?.image : undefined
      if (image !== undefined && image.nextOffset > (newest?.nextOffset ?? -1)) newest = image
    }
    return newest
  }

  /** What keeps the cluster from being healthy; undefined when nothing does. */
  ailment(): string | undefined {
    for (const node of this.nodes) if (!node.isRunning) return `${node.hostName} does not serve`
    const image = this.newestImage()
    if (image === undefined) return 'nobody has an image'
    for (const { id } of this.brokers) if (!image.isActiveBroker(id)) return `broker ${id} is fenced`
    for (const topic of image.topics.values()) {
      for (const [index, partition] of topic.partitions.entries()) {
        const { replicas, isr, leader } = partition
        if (!isr.includes(leader)) return `${topic.name}-${index} has no leader`
        if (isr.length < replicas.length)
          return `${topic.name}-${index} has the replicas ${replicas}, in sync are ${isr}`
      }
    }
    return undefined
  }
}

function clockFaultsOf(random: SeededRandom) {
  const isOff = random.next() < 0.4
  return {
    skewMs: isOff ? (random.next() - 0.5) * 20_000 : (random.next() - 0.5) * 20,
    rate: isOff ? 0.99 + random.next() * 0.02 : 1,
  }
}

function configOf(id: number, shape: Shape): Record<string, string> {
  const isBroker = shape.brokerIds.includes(id)
  const isController = shape.controllerIds.includes(id)
  const roles = [...(isBroker ? ['broker'] : []), ...(isController ? ['controller'] : [])]
  const listeners = [
    ...(isBroker ? [`PLAINTEXT://node${id}:${brokerPort}`] : []),
    ...(isController ? [`CONTROLLER://node${id}:${controllerPort}`] : []),
  ]
  const replicas = Math.min(3, shape.brokerIds.length)
  return {
    'process.roles': roles.join(','),
    'node.id': String(id),
    listeners: listeners.join(','),
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': shape.controllerIds.map((voter) => `${voter}@node${voter}:${controllerPort}`).join(','),
    'log.dirs': dataDirectory,
    'log.cleaner.enable': 'false',
    'auto.create.topics.enable': 'false',
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': String(replicas),
    'min.insync.replicas': String(Math.min(2, replicas)),
    'default.replication.factor': String(replicas),
    'group.initial.rebalance.delay.ms': '0',
    'broker.rack': `rack${id}`,
    'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
    ...(shape.isHasty ? hastySettings : {}),
    ...(shape.isRolling ? rollingSettings : {}),
    ...(shape.isPiecemeal ? piecemealSettings : {}),
  }
}
