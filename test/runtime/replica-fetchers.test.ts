import { describe, expect, test } from 'vitest'
import { ReplicaCluster } from './replica-cluster.ts'

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
    expect(follower.partition('orders').highWatermark).toBe(3)
    expect(await cluster.contents(follower, 'orders')).toEqual(await cluster.contents(leader, 'orders'))
    expect(follower.partition('orders').log!.epochs).toEqual([{ epoch: 0, startOffset: 0 }])
    expect(cluster.network.connectionsCount).toBe(1)
  })
})
