import { describe, expect, test } from 'vitest'
import { metadataRecord } from '../../src/metadata/metadata-record.ts'
import { buildBatch } from '../../src/protocol/record/batch-builder.ts'
import { buildTransactionMarker } from '../../src/protocol/record/control-record.ts'
import { ReplicaCluster, type ReplicaNode, topicConfig } from './replica-cluster.ts'

async function expectEqualLogs(
  cluster: ReplicaCluster,
  topic: string,
  nodes = cluster.nodes,
  index = 0,
): Promise<void> {
  const logs = nodes.map((node) => node.partition(topic, index).log!)
  for (const log of logs.slice(1)) {
    expect(log.logEndOffset).toBe(logs[0]!.logEndOffset)
    expect(log.highWatermark).toBe(logs[0]!.highWatermark)
    expect(log.logStartOffset).toBe(logs[0]!.logStartOffset)
    expect(log.epochs).toEqual(logs[0]!.epochs)
  }
  const [first, ...others] = await Promise.all(nodes.map((node) => cluster.contents(node, topic, index)))
  for (const other of others) expect(other.equals(first!)).toBe(true)
}

function endOf(node: ReplicaNode, topic: string): number {
  return node.partition(topic).log!.logEndOffset
}

describe('a follower', () => {
  test('has what its leader has, and its high watermark', async () => {
    const cluster = await ReplicaCluster.start()
    await cluster.createTopic('orders')
    const [leader, follower] = [cluster.node(1), cluster.node(2)]
    expect(follower.partition('orders')).toMatchObject({ state: 'follower', leaderId: 1 })
    cluster.append(leader, 'orders', ['a', 'b'])
    cluster.append(leader, 'orders', ['c'])
    await cluster.settle()
    expect(follower.partition('orders').log!.logEndOffset).toBe(3)
    expect(leader.partition('orders').highWatermark).toBe(3)
    await expectEqualLogs(cluster, 'orders')
    expect(cluster.network.connectionsCount).toBe(1)
  })

  test('follows many partitions over a connection, and over as many as num.replica.fetchers says', async () => {
    const cluster = await ReplicaCluster.start({ config: { 'num.replica.fetchers': '3' } })
    await cluster.createTopic('orders', { partitions: 20 })
    for (let index = 0; index < 20; index++) cluster.append(cluster.node(1), 'orders', [`${index}`], {}, index)
    await cluster.settle()
    for (let index = 0; index < 20; index++) await expectEqualLogs(cluster, 'orders', cluster.nodes, index)
    expect(cluster.node(2).fetchers.fetchersCount).toBe(3)
    expect(cluster.network.connectionsCount).toBe(3)
  })

  test('does not keep a new partition waiting behind a request that waits for news', async () => {
    const cluster = await ReplicaCluster.start()
    await cluster.createTopic('first')
    await cluster.pass(100)
    await cluster.createTopic('second')
    cluster.append(cluster.node(1), 'second', ['a'])
    await cluster.pass(40)
    expect(endOf(cluster.node(2), 'second')).toBe(1)
  })

  test('takes batches as they are from a log with gaps, and a batch beyond all limits', async () => {
    const cluster = await ReplicaCluster.start({ config: { 'replica.fetch.max.bytes': '1000' } })
    const topicId = await cluster.createTopic('orders', { replicas: [1] })
    const at = (baseOffset: number, size = 10) =>
      buildBatch({ baseOffset, leaderEpoch: 0, records: [{ value: Buffer.alloc(size) }] })
    const { log } = cluster.node(1).partition('orders')
    log!.appendAsFollower(Buffer.concat([at(0), at(9), at(10, 5000), at(200), at(201)]))
    cluster.changePartition(topicId, { replicas: [1, 2], isr: [1, 2], directories: Array(2).fill('A'.repeat(22)) })
    await cluster.pass(200)
    await expectEqualLogs(cluster, 'orders')
    expect(endOf(cluster.node(2), 'orders')).toBe(202)
  })

  test('keeps producers, transactions and the last stable offset', async () => {
    const cluster = await ReplicaCluster.start()
    await cluster.createTopic('orders')
    const [leader, follower] = [cluster.node(1), cluster.node(2)]
    const producer = { producerId: 7n, producerEpoch: 0, isTransactional: true }
    cluster.append(leader, 'orders', ['a'], { ...producer, baseSequence: 0 })
    cluster.append(leader, 'orders', ['plain'])
    await cluster.settle()
    expect(follower.partition('orders').log).toMatchObject({ highWatermark: 2, lastStableOffset: 0 })
    const marker = buildTransactionMarker({
      ...{ producerId: 7n, producerEpoch: 0, coordinatorEpoch: 0 },
      ...{ isCommit: false, timestamp: cluster.clock.now() },
    })
    leader.partition('orders').append(marker, { requiredAcks: 1, origin: 'coordinator' })
    await cluster.settle()
    const { log } = follower.partition('orders')
    expect(log).toMatchObject({ highWatermark: 3, lastStableOffset: 3 })
    expect(await cluster.drive(log!.abortedTransactions(0, 3))).toMatchObject([{ producerId: 7n, firstOffset: 0 }])
    expect([...log!.activeProducers()].map(({ producerId }) => producerId)).toEqual([7n])
  })

  test('starts where its leader starts, after records were deleted', async () => {
    const cluster = await ReplicaCluster.start()
    await cluster.createTopic('orders')
    for (const value of ['a', 'b', 'c', 'd']) cluster.append(cluster.node(1), 'orders', [value])
    await cluster.settle()
    cluster.node(1).partition('orders').deleteRecords(3)
    await cluster.pass(1100)
    expect(cluster.node(2).partition('orders').log!.logStartOffset).toBe(3)
    expect(cluster.node(1).partition('orders').lowWatermark).toBe(3)
  })

  test('rests while the leader does not know yet that it leads, and follows soon after it does', async () => {
    const cluster = await ReplicaCluster.start({ brokers: 3 })
    const topicId = await cluster.createTopic('orders')
    await cluster.settle()
    cluster.changePartition(topicId, { leader: 2 }, [3])
    await cluster.pass(100)
    expect(cluster.node(3).partition('orders').leaderId).toBe(2)
    cluster.commit([])
    cluster.append(cluster.node(2), 'orders', ['a'])
    await cluster.pass(150)
    await expectEqualLogs(cluster, 'orders')
  })
})

describe('logs that parted', () => {
  test('what only the old leader has goes', async () => {
    const cluster = await ReplicaCluster.start()
    const topicId = await cluster.createTopic('orders')
    const [one, two] = [cluster.node(1), cluster.node(2)]
    cluster.append(one, 'orders', ['a', 'b'])
    await cluster.settle()
    // Broker 2 leads before broker 1 knows of it.
    cluster.changePartition(topicId, { leader: 2 }, [2])
    cluster.append(one, 'orders', ['lost'])
    cluster.append(two, 'orders', ['x'])
    cluster.append(two, 'orders', ['y'])
    await cluster.settle()
    cluster.commit([])
    await cluster.settle()
    expect(endOf(one, 'orders')).toBe(4)
    expect(one.partition('orders').log!.epochs).toEqual([
      { epoch: 0, startOffset: 0 },
      { epoch: 1, startOffset: 2 },
    ])
    await expectEqualLogs(cluster, 'orders')
  })

  test('over several epochs, some of them without a record', async () => {
    const cluster = await ReplicaCluster.start({ brokers: 3 })
    const topicId = await cluster.createTopic('orders')
    const [one, two, three] = [cluster.node(1), cluster.node(2), cluster.node(3)]
    cluster.append(one, 'orders', ['a'])
    await cluster.settle()
    // Each leads for a while without the others: epochs 1 (of 2), 2 (of 3), 3 (of 1), 4 (of 2).
    cluster.changePartition(topicId, { leader: 2 }, [2])
    cluster.append(two, 'orders', ['two in 1', 'two in 1'])
    cluster.changePartition(topicId, { leader: 3 }, [3])
    cluster.append(three, 'orders', ['three in 2'])
    await cluster.pass(5)
    cluster.changePartition(topicId, { leader: 1 }, [1])
    cluster.append(one, 'orders', ['one in 3'])
    await cluster.pass(5)
    cluster.append(one, 'orders', ['one in 3 again'])
    cluster.changePartition(topicId, { leader: 2 }, [2])
    cluster.append(two, 'orders', ['two in 4'])
    await cluster.pass(5)
    cluster.changePartition(topicId, { leader: 3 })
    cluster.append(three, 'orders', ['three in 5'])
    await cluster.pass(500)
    await expectEqualLogs(cluster, 'orders')
    expect(endOf(three, 'orders')).toBe(3)
  })

  test('a leader that follows again and leads again, without a record in between', async () => {
    const cluster = await ReplicaCluster.start()
    const topicId = await cluster.createTopic('orders')
    for (let round = 0; round < 6; round++) cluster.changePartition(topicId, { leader: 1 + ((round + 1) % 2) })
    await cluster.settle()
    cluster.append(cluster.node(1), 'orders', ['a'])
    await cluster.pass(200)
    await expectEqualLogs(cluster, 'orders')
  })

  test('an unclean leader that is empty takes everything from its follower', async () => {
    const cluster = await ReplicaCluster.start({ brokers: 3 })
    const topicId = await cluster.createTopic('orders', { replicas: [1, 2] })
    cluster.append(cluster.node(1), 'orders', ['a', 'b'])
    await cluster.settle()
    const directories = Array(2).fill('A'.repeat(22))
    cluster.changePartition(topicId, { leader: 3, replicas: [3, 1], isr: [3], directories })
    await cluster.pass(200)
    expect(endOf(cluster.node(1), 'orders')).toBe(0)
    cluster.append(cluster.node(3), 'orders', ['new'])
    await cluster.pass(100)
    await expectEqualLogs(cluster, 'orders', [cluster.node(1), cluster.node(3)])
  })

  test('a replica far behind starts where the leader starts, within a batch too', async () => {
    const cluster = await ReplicaCluster.start()
    const topicId = await cluster.createTopic('orders', { replicas: [1] })
    for (let count = 0; count < 5; count++) cluster.append(cluster.node(1), 'orders', ['a', 'b', 'c'])
    await cluster.settle()
    cluster.node(1).partition('orders').deleteRecords(7)
    cluster.changePartition(topicId, { replicas: [1, 2], isr: [1, 2], directories: Array(2).fill('A'.repeat(22)) })
    await cluster.pass(300)
    expect(cluster.node(2).partition('orders').log).toMatchObject({ logStartOffset: 7, logEndOffset: 15 })
    expect(await cluster.contents(cluster.node(2), 'orders')).toEqual(await cluster.contents(cluster.node(1), 'orders'))
  })
})

describe('what fails', () => {
  test('a session that the leader forgot is made anew', async () => {
    const cluster = await ReplicaCluster.start()
    const [leader, follower] = [cluster.node(1), cluster.node(2)]
    const ids: number[] = []
    const create = leader.sessions.create.bind(leader.sessions)
    leader.sessions.create = (...facts) => {
      const session = create(...facts)
      if (session !== undefined) ids.push(session.id)
      return session
    }
    await cluster.createTopic('orders')
    cluster.append(leader, 'orders', ['a'])
    await cluster.settle()
    expect(ids).toHaveLength(1)
    leader.sessions.remove(ids[0]!)
    cluster.append(leader, 'orders', ['b'])
    await cluster.pass(600)
    cluster.append(leader, 'orders', ['c'])
    await cluster.settle()
    expect(endOf(follower, 'orders')).toBe(3)
    expect(ids).toHaveLength(2)
  })

  test('a connection that breaks, again and again', async () => {
    const cluster = await ReplicaCluster.start()
    await cluster.createTopic('orders')
    for (let count = 0; count < 10; count++) {
      cluster.append(cluster.node(1), 'orders', [`${count}`])
      await cluster.pass(count % 3)
      cluster.network.breakConnections('host-1', 'host-2')
    }
    await cluster.pass(200)
    await expectEqualLogs(cluster, 'orders')
  })

  test('a leader that restarts with what it had', async () => {
    const cluster = await ReplicaCluster.start()
    await cluster.createTopic('orders')
    cluster.append(cluster.node(1), 'orders', ['a'])
    await cluster.settle()
    cluster.node(1).crash()
    await cluster.pass(3000)
    await cluster.drive(cluster.node(1).start())
    cluster.append(cluster.node(1), 'orders', ['b'])
    await cluster.pass(1500)
    await expectEqualLogs(cluster, 'orders')
    expect(endOf(cluster.node(2), 'orders')).toBe(2)
  })

  test('a follower whose unsynced log is gone after a loss of power has it again', async () => {
    const cluster = await ReplicaCluster.start()
    await cluster.createTopic('orders')
    for (let count = 0; count < 20; count++) cluster.append(cluster.node(1), 'orders', [`${count}`])
    await cluster.settle()
    cluster.node(2).crash('power')
    cluster.append(cluster.node(1), 'orders', ['meanwhile'])
    await cluster.drive(cluster.node(2).start())
    await cluster.pass(1500)
    await expectEqualLogs(cluster, 'orders')
  })

  test('a disk that fails takes its partitions, and no others of the same lane', async () => {
    const cluster = await ReplicaCluster.start({ logDirs: ['/data-1', '/data-2'] })
    await cluster.createTopic('orders', { partitions: 4 })
    const follower = cluster.node(2)
    const failing = [0, 1, 2, 3].filter((index) =>
      follower.partition('orders', index).log!.directory.includes('data-1'),
    )
    expect(failing).toHaveLength(2)
    follower.disk.addFault({ operation: 'write', path: '/data-1/orders', code: 'EIO' })
    for (let index = 0; index < 4; index++) cluster.append(cluster.node(1), 'orders', ['a'], {}, index)
    await cluster.settle()
    for (let index = 0; index < 4; index++) {
      const partition = follower.partition('orders', index)
      expect(partition.state).toBe(failing.includes(index) ? 'offline' : 'follower')
      if (partition.state === 'follower') expect(partition.log!.logEndOffset).toBe(1)
    }
    expect(follower.fetchers.followedCount).toBe(2)
  })

  test('a disk that is slow holds up its own partition only', async () => {
    const cluster = await ReplicaCluster.start()
    await cluster.createTopic('orders', { partitions: 2 })
    const [leader, follower] = [cluster.node(1), cluster.node(2)]
    const slow = follower.partition('orders', 0).log!
    let finish = () => {}
    const written = slow.whenWritten.bind(slow)
    slow.whenWritten = () =>
      new Promise<void>((resolve) => {
        finish = resolve
      })
    cluster.append(leader, 'orders', ['a'], {}, 0)
    cluster.append(leader, 'orders', ['a'], {}, 1)
    await cluster.pass(150)
    cluster.append(leader, 'orders', ['b'], {}, 0)
    cluster.append(leader, 'orders', ['b'], {}, 1)
    await cluster.pass(200)
    expect(follower.partition('orders', 1).log!.logEndOffset).toBe(2)
    expect(slow.nextOffset).toBe(1)
    slow.whenWritten = written
    finish()
    await cluster.pass(100)
    expect(slow.logEndOffset).toBe(2)
  })

  test('nothing is fetched from nobody, nor for a topic that is gone, and a new one of its name starts empty', async () => {
    const cluster = await ReplicaCluster.start()
    const topicId = await cluster.createTopic('orders')
    cluster.append(cluster.node(1), 'orders', ['a'])
    await cluster.settle()
    cluster.changePartition(topicId, { leader: -1 })
    expect(cluster.node(2).fetchers.followedCount).toBe(0)
    await cluster.settle()
    expect(cluster.node(2).fetchers.fetchersCount).toBe(0)
    cluster.changePartition(topicId, { leader: 1 })
    cluster.node(2).crash()
    cluster.commit([metadataRecord('RemoveTopicRecord', 0, { topicId })], [1])
    await cluster.createTopic('orders')
    await cluster.drive(cluster.node(2).start())
    cluster.append(cluster.node(1), 'orders', ['new'])
    await cluster.pass(1200)
    await expectEqualLogs(cluster, 'orders')
    expect(endOf(cluster.node(2), 'orders')).toBe(1)
  })
})

describe('throttles', () => {
  test('a throttled replica that is behind gets the rate, others and replicas that are level are not held back', async () => {
    const cluster = await ReplicaCluster.start({
      config: { 'follower.replication.throttled.rate': '10000', 'replica.fetch.max.bytes': '3000' },
    })
    const topicId = await cluster.createTopic('moving', { replicas: [1] })
    await cluster.createTopic('steady')
    const value = 'x'.repeat(1000)
    for (let count = 0; count < 60; count++) cluster.append(cluster.node(1), 'moving', [value])
    await cluster.settle()
    cluster.commit([topicConfig('moving', 'follower.replication.throttled.replicas', '0:2')])
    cluster.changePartition(topicId, { replicas: [1, 2], isr: [1], directories: Array(2).fill('A'.repeat(22)) })
    await cluster.pass(1000)
    cluster.append(cluster.node(1), 'steady', ['a'])
    await cluster.pass(300)
    expect(endOf(cluster.node(2), 'steady')).toBe(1)
    expect(endOf(cluster.node(2), 'moving')).toBeLessThan(60)
    await cluster.pass(10_000)
    expect(endOf(cluster.node(2), 'moving')).toBe(60)
  })
})
