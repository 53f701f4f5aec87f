/** Brokers' lives beside controllers that come and go, over their real servers and handlers. */
import { beforeEach, describe, expect, test } from 'vitest'
import { type Logger, silentLogger } from '../../src/base/logger.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { BrokerLifecycle, type BrokerLifecycleOptions } from '../../src/runtime/broker/broker-lifecycle.ts'
import { ControllerChannels } from '../../src/runtime/controller/controller-network-channel.ts'
import type { MetadataPublisher } from '../../src/runtime/raft/metadata-publisher.ts'
import { ControllerQuorum, joinCluster } from './controller-quorum.ts'
import { clusterId, directoryIdOf } from './raft-harness.ts'

let quorum: ControllerQuorum

beforeEach(async () => {
  quorum = await ControllerQuorum.start(2)
})

class TestBroker {
  readonly id: number
  readonly lifecycle: BrokerLifecycle
  readonly publisher: MetadataPublisher
  readonly channels: ControllerChannels
  readonly lines: string[] = []

  constructor(id: number, options: Partial<BrokerLifecycleOptions> = {}) {
    this.id = id
    const { network, clock, source } = quorum
    this.publisher = quorum.follow()
    this.channels = new ControllerChannels({ nodeId: id, source, network, clock, requestTimeoutMs: 30_000 })
    const tell = (message: string) => void this.lines.push(message)
    const logger: Logger = { ...silentLogger, info: tell, warn: tell }
    this.lifecycle = new BrokerLifecycle({
      isControllerKnown: () => quorum.source.leader() !== undefined,
      brokerId: id,
      clusterId,
      endpoints: [{ name: 'PLAINTEXT', host: `broker-${id}`, port: 9092, securityProtocol: 0 }],
      rack: null,
      logDirectoryIds: () => [directoryIdOf(50 + id)],
      offlineLogDirectoryIds: () => [],
      cordonedLogDirectoryIds: () => [],
      previousBrokerEpoch: -1,
      controller: this.channels.open(9_000),
      publisher: this.publisher,
      clock,
      random: new SeededRandom(100 * id + quorum.followers.length),
      logger,
      heartbeatIntervalMs: 2_000,
      registrationTimeoutMs: 60_000,
      openLogs: async () => {
        this.publisher.publish()
        await quorum.serveBroker(id)
      },
      ...options,
    })
  }

  async start(): Promise<this> {
    await quorum.resolve(this.lifecycle.start(), 200)
    return this
  }

  async kill(): Promise<void> {
    quorum.brokerListeners.get(this.id)?.close()
    this.lifecycle.stop()
    this.channels.close()
    await quorum.settle()
  }
}

const broker = (id: number) => quorum.active.publisher.image.cluster.broker(id)

async function createTopic(name: string, replicas: number[]): Promise<void> {
  const { network, clock, source } = quorum
  const channel = new ControllerChannels({ nodeId: 9, source, network, clock, requestTimeoutMs: 1000 }).open()
  const assignments = [{ partitionIndex: 0, brokerIds: replicas }]
  const topics = [{ name, numPartitions: -1, replicationFactor: -1, assignments }]
  await quorum.resolve(channel.send(apiKeys.CreateTopics, { topics, timeoutMs: 1000 }))
  channel.close()
}

const partition = (name: string) => quorum.active.publisher.image.topics.getByName(name)!.partitions.get(0)!

describe('a start', () => {
  test('waits for a controller, and says so once', async () => {
    quorum.elect(undefined)
    const one = new TestBroker(1)
    const starting = one.lifecycle.start()
    await quorum.advance(20_000)
    expect(one.lines).toEqual(['registration is tried again: No active controller answered in time: none is known'])
    quorum.elect(3002)
    await quorum.resolve(starting, 200)
    expect(broker(1)!.isFenced).toBe(false)
  })

  test('goes on when the controller is lost in the middle of it', async () => {
    let open = (): void => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    const one = new TestBroker(1, { openLogs: () => opened })
    const starting = one.lifecycle.start()
    await quorum.advance(200)
    expect(one.lifecycle.state).toBe('recovering')
    quorum.elect(undefined)
    await quorum.serveBroker(1)
    open()
    await quorum.advance(20_000)
    expect(one.lifecycle.state).toBe('recovering')
    quorum.elect(3002)
    await quorum.resolve(starting, 200)
    expect(broker(1)!.isFenced).toBe(false)
  })

  test('is tried again while another process has the id, in one line on each side', async () => {
    const one = await new TestBroker(1).start()
    const other = new TestBroker(1)
    const starting = other.lifecycle.start()
    await quorum.advance(5_000)
    const line = 'registration is tried again: another process with broker id 1 is alive, or was until now'
    expect(other.lines).toEqual([line])
    expect(quorum.warnings).toHaveLength(1)
    await one.kill()
    await quorum.resolve(starting, 300)
    expect(broker(1)!.incarnationId).toBe(other.lifecycle.incarnationId)
  })

  test.each([
    ['another cluster', { clusterId: directoryIdOf(99) }, 'INCONSISTENT_CLUSTER_ID', /belong to cluster/],
    [
      'a directory of another broker',
      { logDirectoryIds: () => [directoryIdOf(52)] },
      'INVALID_REGISTRATION',
      /the controller's log says why/,
    ],
  ] as const)('ends with %s, in one line on each side', async (_, options, error, message) => {
    await new TestBroker(2).start()
    const starting = new TestBroker(1, options).lifecycle.start()
    await expect(quorum.resolve(starting)).rejects.toMatchObject({
      error,
      message: expect.stringMatching(message),
    })
    expect(quorum.warnings).toHaveLength(1)
    expect(quorum.warnings[0]).toMatch(/^broker 1 is not registered: /)
  })
})

describe('a broker', () => {
  test('keeps its session', async () => {
    await new TestBroker(1).start()
    await quorum.advance(30_000)
    expect(broker(1)!.isFenced).toBe(false)
    expect(quorum.typesFrom(0).filter((type) => type === 'RegisterBrokerRecord')).toHaveLength(1)
  })

  test('speaks to a new active controller at once', async () => {
    await new TestBroker(1).start()
    await quorum.advance(100)
    quorum.network.attempts.length = 0
    quorum.elect(3002)
    await quorum.settle()
    expect(quorum.network.attempts).toContain('controller-3002:9093')
  })

  test('that was fenced by mistake is unfenced soon', async () => {
    await new TestBroker(1).start()
    const { epoch } = broker(1)!
    // Nobody answers on its listener while its connection breaks.
    quorum.brokerListeners.get(1)!.close()
    for (const node of quorum.nodes.values()) node.breakConnections()
    await quorum.settle()
    expect(broker(1)!.isFenced).toBe(true)
    await quorum.advance(2_500)
    expect(broker(1)).toMatchObject({ epoch, isFenced: false })
  })

  test('that was unregistered registers again, and serves', async () => {
    const one = await new TestBroker(1).start()
    const before = one.lifecycle.brokerEpoch
    const { network, clock, source } = quorum
    const channel = new ControllerChannels({ nodeId: 9, source, network, clock, requestTimeoutMs: 1000 }).open()
    await quorum.resolve(channel.send(apiKeys.UnregisterBroker, { brokerId: 1 }))
    expect(broker(1)).toBeUndefined()
    await quorum.advance(2_500)
    expect(one.lifecycle.brokerEpoch).toBeGreaterThan(before)
    expect(broker(1)).toMatchObject({ epoch: one.lifecycle.brokerEpoch, isFenced: false })
  })
})

describe('a controlled shutdown', () => {
  test('is granted as soon as the others know who leads', async () => {
    const one = await new TestBroker(1).start()
    await new TestBroker(2).start()
    await new TestBroker(3).start()
    await createTopic('a', [1, 2])
    expect(partition('a').leader).toBe(1)
    await quorum.advance(500)
    const stopping = one.lifecycle.shutDown(5_000)
    await quorum.resolve(stopping, 150)
    expect(one.lines).not.toContain('stopping without the leave of a controller')
    expect(partition('a')).toMatchObject({ leader: 2, isr: [2] })
    expect(broker(1)!.isFenced).toBe(true)
  })

  test('waits for one that has not read the new leaders', async () => {
    const one = await new TestBroker(1).start()
    const { network, clock, source } = quorum
    const slow = new ControllerChannels({ nodeId: 2, source, network, clock, requestTimeoutMs: 1000 }).open()
    await joinCluster(quorum, slow, 2)
    await createTopic('a', [1, 2])
    const stopping = one.lifecycle.shutDown(60_000)
    await quorum.advance(3_000)
    expect(one.lifecycle.state).toBe('shutting down')
    await quorum.advance(10_000)
    await quorum.resolve(stopping)
    expect(broker(2)!.isFenced).toBe(true)
  })

  test('ends without a controller, in time', async () => {
    const one = await new TestBroker(1).start()
    quorum.elect(undefined)
    const stopping = one.lifecycle.shutDown(5_000)
    // It is not asked for ever where nobody leads, nor given up for the time of an election.
    await quorum.resolve(stopping, 1_600)
    expect(one.lines.at(-1)).toBe('stopping without the leave of a controller')
  })

  test('is over when the registration is gone already', async () => {
    const one = await new TestBroker(1).start()
    const { network, clock, source } = quorum
    const channel = new ControllerChannels({ nodeId: 9, source, network, clock, requestTimeoutMs: 1000 }).open()
    await quorum.resolve(channel.send(apiKeys.UnregisterBroker, { brokerId: 1 }))
    await quorum.resolve(one.lifecycle.shutDown(5_000))
    expect(one.lifecycle.state).toBe('stopped')
    expect(broker(1)).toBeUndefined()
  })
})
