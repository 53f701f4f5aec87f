/** Channels to controllers that are elected, lost and found again, through their real servers and handlers. */
import { describe, expect, test } from 'vitest'
import type { CreateTopicsResponse } from '../../src/protocol/api/19-create-topics.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import type { Requester } from '../../src/runtime/controller/controller-channel.ts'
import {
  ControllerChannels,
  type NetworkControllerChannel,
} from '../../src/runtime/controller/controller-network-channel.ts'
import { beat, ControllerQuorum, joinCluster, registrationOf } from './controller-quorum.ts'

const requestTimeoutMs = 5_000

function channelsOf(quorum: ControllerQuorum, nodeId = 1, isLocal = false): ControllerChannels {
  const { network, clock, source } = quorum
  const local = isLocal ? { local: quorum.node(nodeId).runtime } : {}
  return new ControllerChannels({ nodeId, source, network, clock, requestTimeoutMs, ...local })
}

const topic = (name: string) => ({ name, numPartitions: 1, replicationFactor: 1 })

function createTopic(channel: NetworkControllerChannel, name: string, requester?: Requester) {
  return channel.send<CreateTopicsResponse>(
    apiKeys.CreateTopics,
    { topics: [topic(name)], timeoutMs: 4_000 },
    requester,
  )
}

function requesterOf(principal = 'User:alice', clientHost = '10.1.2.3'): Requester {
  const connection = { id: 9, principal, clientHost, isClosed: false, onClose: () => {} }
  return { correlationId: 77, clientId: 'an admin', connection }
}

async function settledWith(quorum: ControllerQuorum, promise: Promise<unknown>, ms: number): Promise<unknown> {
  let outcome: unknown = 'pending'
  promise.then(
    (value) => {
      outcome = value
    },
    (error: unknown) => {
      outcome = error
    },
  )
  await quorum.advance(ms)
  return outcome
}

describe('a request', () => {
  test('goes to the active controller', async () => {
    const quorum = await ControllerQuorum.start(3)
    const channel = channelsOf(quorum).open()
    expect(await joinCluster(quorum, channel, 1)).toBeGreaterThan(0)
    expect(quorum.active.publisher.image.cluster.broker(1)).toMatchObject({ id: 1, isFenced: false })
    expect(new Set(quorum.network.attempts.filter((name) => name.startsWith('controller')))).toEqual(
      new Set(['controller-3001:9093']),
    )
  })

  test('waits for a controller, and finds it as soon as there is one', async () => {
    const quorum = await ControllerQuorum.start(3)
    quorum.elect(undefined)
    const registering = channelsOf(quorum).open().send(apiKeys.BrokerRegistration, registrationOf(1))
    expect(await settledWith(quorum, registering, 1_000)).toBe('pending')
    quorum.elect(3002)
    expect(await quorum.resolve(registering)).toMatchObject({ errorCode: 0 })
  })

  test('is told in time that there is none', async () => {
    const quorum = await ControllerQuorum.start(1)
    quorum.elect(undefined)
    const channel = channelsOf(quorum).open()
    const forwarded = createTopic(channel, 'a', requesterOf())
    const own = channel.send(apiKeys.BrokerRegistration, registrationOf(1))
    expect(await settledWith(quorum, forwarded, 4_600)).toMatchObject({ error: 'REQUEST_TIMED_OUT' })
    expect(await settledWith(quorum, own, 1_000)).toMatchObject({ error: 'REQUEST_TIMED_OUT' })
  })

  test('tries the next one when the controller is gone', async () => {
    const quorum = await ControllerQuorum.start(2)
    const channel = channelsOf(quorum).open()
    await joinCluster(quorum, channel, 1)
    await quorum.node(3001).kill()
    const creating = createTopic(channel, 'a')
    expect(await settledWith(quorum, creating, 100)).toBe('pending')
    quorum.elect(3002)
    expect((await quorum.resolve(creating)).topics[0]).toMatchObject({ name: 'a', errorCode: 0 })
  })

  test('is sent again when the controller that held it resigns', async () => {
    const quorum = await ControllerQuorum.start(2)
    const channel = channelsOf(quorum).open()
    quorum.isHeld = true
    const registering = channel.send(apiKeys.BrokerRegistration, registrationOf(1))
    expect(await settledWith(quorum, registering, 100)).toBe('pending')
    quorum.isHeld = false
    quorum.elect(3002)
    expect(await quorum.resolve(registering)).toMatchObject({ errorCode: 0 })
    expect(quorum.typesFrom(0).filter((type) => type === 'RegisterBrokerRecord')).toHaveLength(1)
  })

  test('leaves a controller that says nothing when another is elected', async () => {
    const quorum = await ControllerQuorum.start(2)
    const channel = channelsOf(quorum).open()
    await joinCluster(quorum, channel, 1)
    quorum.isHeld = true
    const creating = createTopic(channel, 'a')
    await quorum.settle()
    // The first still believes that it leads, and never answers.
    const deaf = quorum.node(3001).runtime
    deaf.onResign = () => {}
    quorum.isHeld = false
    quorum.elect(3002)
    expect((await quorum.resolve(creating)).topics[0]).toMatchObject({ errorCode: 0 })
  })

  // Simulation, seed 3395: the machine of a controller lost its power, and was elected again when it was back.
  test('is not left with what a controller was before it was elected again', async () => {
    const quorum = await ControllerQuorum.start(1)
    const channel = channelsOf(quorum).open()
    await joinCluster(quorum, channel, 1)
    const attempts = () => quorum.network.attempts.filter((name) => name.startsWith('controller')).length
    const before = attempts()
    quorum.elect(undefined)
    quorum.elect(3001)
    expect((await quorum.resolve(createTopic(channel, 'a'))).topics[0]).toMatchObject({ errorCode: 0 })
    expect(attempts()).toBe(before + 1)
  })

  test('does not wait behind one of another channel', async () => {
    const quorum = await ControllerQuorum.start(1)
    const channels = channelsOf(quorum)
    const [one, other] = [channels.open(), channels.open()]
    await joinCluster(quorum, one, 1)
    await joinCluster(quorum, other, 2)
    expect(quorum.network.attempts.filter((name) => name.startsWith('controller'))).toHaveLength(2)
  })

  test('goes the short way where the controller is in the same process', async () => {
    const quorum = await ControllerQuorum.start(1)
    await joinCluster(quorum, channelsOf(quorum, 3001, true).open(), 3001)
    expect(quorum.network.attempts.filter((name) => name.startsWith('controller'))).toEqual([])
  })

  test('rejects when the node stops, and leaves nothing behind', async () => {
    const quorum = await ControllerQuorum.start(1)
    quorum.elect(undefined)
    const channels = channelsOf(quorum)
    const own = channels.open().send(apiKeys.BrokerRegistration, registrationOf(1))
    await quorum.settle()
    channels.close()
    await expect(quorum.resolve(own)).rejects.toMatchObject({ error: 'BROKER_NOT_AVAILABLE' })
    expect(quorum.listenerCount).toBe(0)
  })
})

describe('a forwarded request', () => {
  test('comes from the client', async () => {
    const quorum = await ControllerQuorum.start(1)
    const channel = channelsOf(quorum).open()
    await joinCluster(quorum, channel, 1)
    const asked: string[] = []
    quorum.authorize = ({ connection, clientId }, operation) => {
      asked.push(`${connection.principal} ${connection.clientHost} ${clientId} ${operation}`)
      return connection.principal !== 'User:mallory'
    }
    const allowed = await quorum.resolve(createTopic(channel, 'a', requesterOf()))
    expect(allowed.topics[0]).toMatchObject({ name: 'a', errorCode: 0, numPartitions: 1 })
    expect(asked).toEqual(['User:ANONYMOUS 127.0.0.1 1 ClusterAction', 'User:alice 10.1.2.3 an admin Create'])
    const refused = await quorum.resolve(createTopic(channel, 'b', requesterOf('User:mallory', '::1')))
    expect(refused.topics[0]).toMatchObject({ name: 'b', errorCode: 29 })
    expect(asked.at(-1)).toBe('User:mallory 0:0:0:0:0:0:0:1 an admin Create')
  })

  test.each([
    ['and so does one of its own', undefined],
    ['in the envelope', requesterOf()],
  ])('looks for another controller when the one that was asked is not active, %s', async (_, requester) => {
    const quorum = await ControllerQuorum.start(2)
    const channels = channelsOf(quorum)
    await joinCluster(quorum, channels.open(), 1)
    // Only the brokers do not know it yet.
    const stale = quorum.addressOf(3001)
    const listeners: (() => void)[] = []
    let known = stale
    const source = {
      leader: () => known,
      onLeaderChange: (callback: () => void) => {
        listeners.push(callback)
        return () => {}
      },
    }
    quorum.elect(3002)
    await quorum.settle()
    const { network, clock } = quorum
    const channel = new ControllerChannels({ nodeId: 1, source, network, clock, requestTimeoutMs }).open()
    const creating = createTopic(channel, 'a', requester)
    expect(await settledWith(quorum, creating, 100)).toBe('pending')
    known = quorum.addressOf(3002)
    for (const listener of listeners) listener()
    expect((await quorum.resolve(creating)).topics[0]).toMatchObject({ errorCode: 0 })
  })
})

describe('what was created is answered', () => {
  function creation(timeoutMs: number) {
    const assignments = [{ partitionIndex: 0, brokerIds: [2, 1] }]
    return { topics: [{ name: 'a', numPartitions: -1, replicationFactor: -1, assignments }], timeoutMs }
  }

  async function withTwoBrokers(): Promise<[ControllerQuorum, NetworkControllerChannel]> {
    const quorum = await ControllerQuorum.start(1)
    const channel = channelsOf(quorum).open()
    await joinCluster(quorum, channel, 1)
    await joinCluster(quorum, channel, 2)
    return [quorum, channel]
  }

  test('when its leaders know of it', async () => {
    const [quorum, channel] = await withTwoBrokers()
    let know = (): void => {}
    const asked: unknown[] = []
    quorum.whenReplicasKnow = (...args) => {
      asked.push(args)
      return new Promise((resolve) => {
        know = resolve
      })
    }
    const creating = channel.send<CreateTopicsResponse>(apiKeys.CreateTopics, creation(4_000))
    expect(await settledWith(quorum, creating, 100)).toBe('pending')
    expect(asked).toEqual([[[2], quorum.records.length - 1, 1_000]])
    know()
    expect((await quorum.resolve(creating)).topics[0]).toMatchObject({ errorCode: 0 })
  })

  test('and no later than the request allows', async () => {
    const [quorum, channel] = await withTwoBrokers()
    const asked: number[] = []
    quorum.whenReplicasKnow = async (_, __, timeoutMs) => {
      asked.push(timeoutMs)
    }
    await quorum.resolve(channel.send<CreateTopicsResponse>(apiKeys.CreateTopics, creation(300)))
    expect(asked).toEqual([150])
  })
})

test('leaderships go back to preferred replicas from time to time, unless that is switched off', async () => {
  for (const isOn of [true, false]) {
    const quorum = await ControllerQuorum.start(1, {
      'leader.imbalance.check.interval.seconds': '10',
      'auto.leader.rebalance.enable': String(isOn),
    })
    const channels = channelsOf(quorum)
    const epochs = [await joinCluster(quorum, channels.open(), 1), await joinCluster(quorum, channels.open(), 2)]
    const assignments = [{ partitionIndex: 0, brokerIds: [1, 2] }]
    const topics = [{ name: 'a', numPartitions: -1, replicationFactor: -1, assignments }]
    const channel = channels.open()
    await quorum.resolve(channel.send(apiKeys.CreateTopics, { topics, timeoutMs: 1000 }))
    const { image } = quorum.active.publisher
    const partition = () => image.topics.getByName('a')!.partitions.get(0)!
    await beat(quorum, channel, 1, epochs[0]!, { wantFence: true })
    await beat(quorum, channel, 1, epochs[0]!)
    const newIsrWithEpochs = [1, 2].map((brokerId) => ({ brokerId, brokerEpoch: epochs[brokerId - 1]! }))
    const partitions = [{ partitionIndex: 0, leaderEpoch: 1, partitionEpoch: 1, newIsrWithEpochs }]
    const change = [{ topicId: image.topics.getByName('a')!.id, partitions }]
    await quorum.resolve(channel.send(apiKeys.AlterPartition, { brokerId: 2, brokerEpoch: epochs[1], topics: change }))
    expect(partition()).toMatchObject({ leader: 2, isr: [1, 2] })
    for (let second = 0; second < 12; second++) {
      await quorum.advance(1_000)
      for (const id of [1, 2]) await beat(quorum, channel, id, epochs[id - 1]!)
    }
    expect(partition().leader).toBe(isOn ? 1 : 2)
  }
})
