/** What else goes on with a partition while its leader changes: group coordinators, moves between directories, repairs. */
import { describe, expect, test } from 'vitest'
import { errorCodes } from '../../src/protocol/errors.ts'
import { ReplicaCluster, type ReplicaNode } from './replica-cluster.ts'

const offsetsTopic = '__consumer_offsets'

function commit(cluster: ReplicaCluster, node: ReplicaNode, offset: number) {
  const partitions = [{ ...unset, partitionIndex: 0, committedOffset: BigInt(offset), committedMetadata: '' }]
  const request = {
    ...{ groupId: 'g', memberId: '', groupInstanceId: null, generationIdOrMemberEpoch: -1, retentionTimeMs: -1 },
    topics: [{ name: 'orders', topicId: 'A'.repeat(22), partitions }],
  }
  const answer = Promise.resolve(node.groups.commitOffsets(request, 9))
  return cluster.drive(answer).then(({ topics }) => topics[0]!.partitions[0]!.errorCode)
}

const unset = { committedLeaderEpoch: -1, commitTimestamp: -1 }

async function committed(cluster: ReplicaCluster, node: ReplicaNode): Promise<number | string> {
  const topics = [{ name: 'orders', topicId: 'A'.repeat(22), partitionIndexes: [0] }]
  const request = { groupId: 'g', memberId: null, memberEpoch: -1, topics }
  const answer = await cluster.drive(Promise.resolve(node.groups.fetchOffsets(request, true)))
  if (answer.errorCode !== 0) return answer.errorCode
  return Number(answer.topics[0]!.partitions[0]!.committedOffset)
}

describe('a group coordinator moves with the leader of its partition', () => {
  test('there and back, with what was committed before and meanwhile', async () => {
    const cluster = await ReplicaCluster.start()
    const topicId = await cluster.createTopic(offsetsTopic, { configs: { 'cleanup.policy': 'compact' } })
    const [one, two] = [cluster.node(1), cluster.node(2)]
    expect(await commit(cluster, one, 5)).toBe(0)
    expect(await commit(cluster, two, 6)).toBe(errorCodes.NOT_COORDINATOR)
    for (let round = 0; round < 4; round++) {
      const [from, to] = round % 2 === 0 ? [one, two] : [two, one]
      cluster.changePartition(topicId, { leader: to.id })
      await cluster.pass(200)
      expect(await committed(cluster, to)).toBe(5 + round)
      expect(await committed(cluster, from)).toBe(errorCodes.NOT_COORDINATOR)
      expect(await commit(cluster, to, 6 + round)).toBe(0)
    }
  })

  test('a commit that only the old leader wrote is refused, and unknown to the new one and to the old one later', async () => {
    const cluster = await ReplicaCluster.start()
    const topicId = await cluster.createTopic(offsetsTopic)
    const [one, two] = [cluster.node(1), cluster.node(2)]
    expect(await commit(cluster, one, 5)).toBe(0)
    await cluster.settle()
    // Broker 2 leads already and takes nothing any more from broker 1, which does not know.
    cluster.changePartition(topicId, { leader: 2 }, [2])
    const lost = commit(cluster, one, 66)
    await cluster.pass(50)
    expect(one.partition(offsetsTopic).log!.logEndOffset).toBe(2)
    cluster.commit([])
    expect(await lost).not.toBe(0)
    await cluster.pass(300)
    expect(await committed(cluster, two)).toBe(5)
    expect(one.partition(offsetsTopic).log!.logEndOffset).toBe(two.partition(offsetsTopic).log!.logEndOffset)
    cluster.changePartition(topicId, { leader: 1 })
    await cluster.pass(200)
    expect(await committed(cluster, one)).toBe(5)
  })
})

describe('a follower that is moved to another directory', () => {
  test('goes on following meanwhile and afterwards, over a leader change', async () => {
    const cluster = await ReplicaCluster.start({ logDirs: ['/data-1', '/data-2'], tailBytesMax: 1000 })
    const topicId = await cluster.createTopic('orders')
    const [one, two] = [cluster.node(1), cluster.node(2)]
    for (let count = 0; count < 30; count++) cluster.append(one, 'orders', ['x'.repeat(100)])
    await cluster.settle()
    const partition = two.partition('orders')
    const before = partition.log!
    const directory = two.logs.directories.find(({ path }) => !before.directory.startsWith(path))!
    await cluster.drive(two.mover.start(partition, directory))
    for (let count = 0; count < 30; count++) {
      cluster.append(one, 'orders', ['y'.repeat(100)])
      await cluster.pass(count % 4)
      if (count === 10) {
        // It has to cut while it moves.
        cluster.changePartition(topicId, { leader: 2 }, [2])
        cluster.append(two, 'orders', ['lost'])
        await cluster.pass(3)
        cluster.changePartition(topicId, { leader: 1 })
      }
    }
    await cluster.until(() => two.mover.movesCount === 0)
    expect(partition.log!.directory.startsWith(directory.path)).toBe(true)
    cluster.append(one, 'orders', ['z'])
    await cluster.pass(200)
    expect(partition.log!.logEndOffset).toBe(one.partition('orders').log!.logEndOffset)
    expect(await cluster.contents(two, 'orders')).toEqual(await cluster.contents(one, 'orders'))
  })
})

describe('a follower whose segment is damaged', () => {
  test.each([
    ['that a crash may have taken', 0],
    ['that was flushed, with more after it', 61_000],
  ])('keeps what is sound and fetches the rest from its leader: damage to what %s', async (_what, flushedAfterMs) => {
    const cluster = await ReplicaCluster.start()
    await cluster.createTopic('orders', { configs: { 'internal.segment.bytes': '1000' } })
    const [one, two] = [cluster.node(1), cluster.node(2)]
    for (let count = 0; count < 40; count++) {
      cluster.append(one, 'orders', [`value ${count}`])
      await cluster.pass(3)
    }
    await cluster.settle()
    expect(two.partition('orders').log!.segmentsCount).toBeGreaterThan(2)
    await cluster.pass(flushedAfterMs)
    two.crash()
    const path = '/data/orders-0/00000000000000000000.log'
    const bytes = Buffer.from(two.disk.peek(path))
    bytes.write('damage', 300)
    two.disk.poke(path, bytes)
    // Without it the whole log is looked at.
    await cluster.drive(two.disk.remove('/data/orders-0/00000000000000000000.index'))
    await cluster.drive(two.restart())
    await cluster.pass(1500)
    expect(two.partition('orders').log!.logEndOffset).toBe(40)
    expect(await cluster.contents(two, 'orders')).toEqual(await cluster.contents(one, 'orders'))
  })
})
