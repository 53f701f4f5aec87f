/** Channels to controllers that are elected, lost and found again, through their real servers and handlers. */
import { describe, expect, test } from 'vitest'
import type { CreateTopicsResponse } from '../../src/protocol/api/19-create-topics.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import type { Requester } from '../../src/runtime/controller-channel.ts'
import { ControllerChannels, type NetworkControllerChannel } from '../../src/runtime/controller-network-channel.ts'
import { ControllerQuorum, joinCluster, registrationOf } from './controller-quorum.ts'

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
    expect(await settledWith(quorum, forwarded, 4_100)).toMatchObject({ error: 'REQUEST_TIMED_OUT' })
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

  test('looks for another controller when the one that was asked is not active', async () => {
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
    const creating = createTopic(channel, 'a', requesterOf())
    expect(await settledWith(quorum, creating, 100)).toBe('pending')
    known = quorum.addressOf(3002)
    for (const listener of listeners) listener()
    expect((await quorum.resolve(creating)).topics[0]).toMatchObject({ errorCode: 0 })
  })
})
