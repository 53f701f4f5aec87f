/** What the end of a broker's connections decides at the active controller, and what it does not. */
import { beforeEach, describe, expect, test } from 'vitest'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import {
  ControllerChannels,
  type NetworkControllerChannel,
} from '../../src/runtime/controller/controller-network-channel.ts'
import { beat, ControllerQuorum, joinCluster, registrationOf } from './controller-quorum.ts'
import { directoryIdOf } from './raft-harness.ts'

let quorum: ControllerQuorum

beforeEach(async () => {
  quorum = await ControllerQuorum.start(2)
})

/** A process: it has a connection to the controller until it is closed. */
function processOf(brokerId: number): NetworkControllerChannel {
  const { network, clock, source } = quorum
  return new ControllerChannels({ nodeId: brokerId, source, network, clock, requestTimeoutMs: 30_000 }).open()
}

const broker = (id: number) => quorum.active.publisher.image.cluster.broker(id)

/** kill -9: the kernel closes everything. */
async function kill(brokerId: number, channel: NetworkControllerChannel): Promise<void> {
  quorum.brokerListeners.get(brokerId)!.close()
  channel.close()
  await quorum.settle()
}

async function register(channel: NetworkControllerChannel, brokerId: number, incarnation: number): Promise<number> {
  const request = registrationOf(brokerId, { incarnationId: directoryIdOf(incarnation) })
  const answer = channel.send<{ errorCode: number }>(apiKeys.BrokerRegistration, request)
  return (await quorum.resolve(answer)).errorCode
}

describe('a killed process', () => {
  test('is fenced without its session running out, and others lead', async () => {
    const [one, two] = [processOf(1), processOf(2)]
    await joinCluster(quorum, one, 1)
    await joinCluster(quorum, two, 2)
    const topics = [
      { name: 'a', numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [1, 2] }] },
    ]
    await quorum.resolve(two.send(apiKeys.CreateTopics, { topics, timeoutMs: 1000 }))
    await kill(1, one)
    expect(broker(1)!.isFenced).toBe(true)
    expect(quorum.active.publisher.image.topics.getByName('a')!.partitions.get(0)).toMatchObject({
      leader: 2,
      isr: [2],
      leaderEpoch: 1,
    })
    expect(quorum.warnings).toEqual(['fenced a broker whose process is gone'])
    expect(broker(2)!.isFenced).toBe(false)
  })

  test('is replaced by the next at once', async () => {
    const before = processOf(1)
    await joinCluster(quorum, before, 1)
    await kill(1, before)
    const after = processOf(1)
    expect(await register(after, 1, 20)).toBe(0)
    expect(broker(1)!.incarnationId).toBe(directoryIdOf(20))
  })

  test('is replaced at once even when its machine says nothing to the check', async () => {
    const before = processOf(1)
    await joinCluster(quorum, before, 1)
    quorum.network.silent.add('broker-1:9092')
    await kill(1, before)
    expect(broker(1)!.isFenced).toBe(false)
    expect(await register(processOf(1), 1, 20)).toBe(0)
  })

  test('that accepts while it is ending is tried again', async () => {
    const channel = processOf(1)
    await joinCluster(quorum, channel, 1)
    channel.close()
    await quorum.settle()
    expect(quorum.network.attempts.at(-1)).toBe('broker-1:9092')
    quorum.brokerListeners.get(1)!.close()
    await quorum.settle()
    expect(broker(1)!.isFenced).toBe(false)
    await quorum.advance(25)
    expect(broker(1)!.isFenced).toBe(true)
  })

  test('is fenced though one of its listeners is at localhost, where the controller itself listens', async () => {
    const channel = processOf(1)
    const listeners = ['localhost', 'broker-1'].map((host, index) => {
      return { name: `L${index}`, host, port: 9092, securityProtocol: 0 }
    })
    await joinCluster(quorum, channel, 1, { listeners })
    await quorum.network.listen({ host: 'localhost', port: 9092, backlog: 1 }, () => {})
    await kill(1, channel)
    expect(broker(1)!.isFenced).toBe(true)
  })
})

describe('a process that lives', () => {
  test('keeps its registration when its connection breaks', async () => {
    const channel = processOf(1)
    const epoch = await joinCluster(quorum, channel, 1)
    channel.close()
    await quorum.advance(1_000)
    expect(broker(1)!.isFenced).toBe(false)
    expect(await beat(quorum, processOf(1), 1, epoch)).toMatchObject({ errorCode: 0, isFenced: false })
  })

  test('is fenced when it dies before it has reconnected', async () => {
    const channel = processOf(1)
    await joinCluster(quorum, channel, 1)
    channel.close()
    await quorum.advance(1_000)
    quorum.brokerListeners.get(1)!.close()
    await quorum.settle()
    expect(broker(1)!.isFenced).toBe(true)
  })

  test('on a machine that cannot be reached is left to its session', async () => {
    const channel = processOf(1)
    await joinCluster(quorum, channel, 1)
    quorum.network.silent.add('broker-1:9092')
    await kill(1, channel)
    await quorum.advance(8_900)
    expect(broker(1)!.isFenced).toBe(false)
    await quorum.advance(200)
    expect(broker(1)!.isFenced).toBe(true)
  })

  test('with one listener that does not refuse is left to its session', async () => {
    const channel = processOf(1)
    const listeners = ['broker-1', 'elsewhere'].map((host, index) => {
      return { name: `L${index}`, host, port: 9092, securityProtocol: 0 }
    })
    await joinCluster(quorum, channel, 1, { listeners })
    quorum.network.silent.add('elsewhere:9092')
    await kill(1, channel)
    expect(broker(1)!.isFenced).toBe(false)
  })

  test('keeps its id: another process is refused, which is told once', async () => {
    await joinCluster(quorum, processOf(1), 1)
    const other = processOf(1)
    expect(await register(other, 1, 20)).toBe(errorCodes.DUPLICATE_BROKER_REGISTRATION)
    expect(await register(other, 1, 20)).toBe(errorCodes.DUPLICATE_BROKER_REGISTRATION)
    expect(quorum.warnings).toHaveLength(1)
    expect(quorum.warnings[0]).toMatch(/^broker 1 is not registered: Another broker is registered/)
  })

  test('keeps its id though the address that it advertises refuses the controller', async () => {
    const channel = processOf(1)
    const epoch = await joinCluster(quorum, channel, 1)
    quorum.brokerListeners.get(1)!.close()
    await quorum.advance(4_000)
    await beat(quorum, channel, 1, epoch)
    expect(await register(processOf(1), 1, 20)).toBe(errorCodes.DUPLICATE_BROKER_REGISTRATION)
  })

  test('keeps its id while its connection is broken', async () => {
    const channel = processOf(1)
    await joinCluster(quorum, channel, 1)
    channel.close()
    await quorum.advance(100)
    expect(await register(processOf(1), 1, 20)).toBe(errorCodes.DUPLICATE_BROKER_REGISTRATION)
  })

  test('is unfenced by its next heartbeat when the hint was wrong', async () => {
    const channel = processOf(1)
    const epoch = await joinCluster(quorum, channel, 1)
    // Something on the way refuses connections in its name.
    await kill(1, channel)
    expect(broker(1)!.isFenced).toBe(true)
    expect(await beat(quorum, processOf(1), 1, epoch)).toMatchObject({ errorCode: 0, isFenced: false })
  })

  test('that has not served yet keeps its id, though it does not listen', async () => {
    const channel = processOf(1)
    expect(await register(channel, 1, 10)).toBe(0)
    const brokerEpoch = broker(1)!.epoch
    await beat(quorum, channel, 1, brokerEpoch, { wantFence: true })
    await quorum.advance(3_100)
    expect(await register(processOf(1), 1, 20)).toBe(errorCodes.DUPLICATE_BROKER_REGISTRATION)
  })
})

test('a machine that lost its power and is back is replaced: its connection looks open, its listeners refuse', async () => {
  await joinCluster(quorum, processOf(1), 1)
  quorum.brokerListeners.get(1)!.close()
  await quorum.advance(3_100)
  expect(await register(processOf(1), 1, 20)).toBe(0)
})

test('a new active controller fences who died with the old one, and nobody else', async () => {
  const [one, two] = [processOf(1), processOf(2)]
  await joinCluster(quorum, one, 1)
  await joinCluster(quorum, two, 2)
  quorum.brokerListeners.get(1)!.close()
  quorum.elect(3002)
  one.close()
  await quorum.settle()
  expect(broker(1)!.isFenced).toBe(true)
  await quorum.advance(1_000)
  expect(broker(2)!.isFenced).toBe(false)
  // Watched until it is heard of.
  quorum.brokerListeners.get(2)!.close()
  await quorum.settle()
  expect(broker(2)!.isFenced).toBe(true)
})

describe('a controller that died with its broker, and whose host is silent by the time another is active', () => {
  const die = async (channel: NetworkControllerChannel): Promise<void> => {
    quorum.node(3002).runtime.onPeerGone(1)
    quorum.network.silent.add('broker-1:9092')
    quorum.elect(3002)
    await kill(1, channel)
  }

  test('is fenced as soon as its broker does not answer', async () => {
    const channel = processOf(1)
    await joinCluster(quorum, channel, 1)
    await die(channel)
    await quorum.advance(250)
    expect(broker(1)!.isFenced).toBe(true)
  })

  test('is left to its session when it registered anew since', async () => {
    const first = processOf(1)
    await joinCluster(quorum, first, 1)
    quorum.node(3002).runtime.onPeerGone(1)
    await kill(1, first)
    const next = processOf(1)
    await joinCluster(quorum, next, 1, { incarnationId: directoryIdOf(20) })
    quorum.network.silent.add('broker-1:9092')
    quorum.elect(3002)
    await kill(1, next)
    await quorum.advance(5_000)
    expect(broker(1)!.isFenced).toBe(false)
  })

  test('is left to its session when it was heard since', async () => {
    const channel = processOf(1)
    const epoch = await joinCluster(quorum, channel, 1)
    quorum.node(3002).runtime.onPeerGone(1)
    quorum.elect(3002)
    await beat(quorum, processOf(1), 1, epoch)
    quorum.network.silent.add('broker-1:9092')
    channel.close()
    await quorum.advance(5_000)
    expect(broker(1)!.isFenced).toBe(false)
  })
})

test('a controller that is no longer active fences nobody', async () => {
  const channel = processOf(1)
  await joinCluster(quorum, channel, 1)
  quorum.elect(undefined)
  await kill(1, channel)
  expect(quorum.node(3001).publisher.image.cluster.broker(1)!.isFenced).toBe(false)
})
