/** A client while coordinators and controllers move, and when the cluster sends it back to where it began. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { describeQuorum } from '../../src/client/admin-cluster.ts'
import { createTopic } from '../../src/client/admin-topics.ts'
import { commitOffsets } from '../../src/client/group-offsets.ts'
import { ScriptedBrokers } from './scripted-brokers.ts'

const [notCoordinator, notController, rebootstrapRequired] = [16, 41, 129]
let brokers: ScriptedBrokers

beforeEach(async () => {
  brokers = await ScriptedBrokers.start(3)
})
afterEach(() => brokers.dispose())

const commit = { topic: 't', partition: 0, offset: 3 }
const committed = (errorCode: number) => ({ topics: [{ name: 't', partitions: [{ partitionIndex: 0, errorCode }] }] })
const created = (errorCode: number) => ({ topics: [{ name: 'new', errorCode }] })

test('a group goes to its next coordinator when the old one says so, and when that one is gone', async () => {
  brokers.scripts.set('OffsetCommit', ({ broker }) => {
    if (broker === 3) return committed(0)
    brokers.coordinatorId = broker + 1
    return broker === 1 ? committed(notCoordinator) : undefined
  })
  await commitOffsets(brokers.client(), 'g', [commit])
  expect([1, 2, 3].map((id) => brokers.count('OffsetCommit', id))).toEqual([1, 1, 1])
  expect(brokers.count('FindCoordinator')).toBe(3)
})

test('what is for the controller goes to the next one', async () => {
  brokers.scripts.set('CreateTopics', ({ broker }) => {
    brokers.controllerId = broker + 1
    return created(broker === 1 ? notController : 0)
  })
  const client = brokers.client()
  await createTopic(client, { name: 'new' })
  expect([1, 2].map((id) => brokers.count('CreateTopics', id))).toEqual([1, 1])
})

test('a broker that is gone is asked for no more, and the others still are', async () => {
  brokers.controllerId = 2
  brokers.scripts.set('CreateTopics', () => created(0))
  const client = brokers.client()
  await client.loadTopics([])
  await brokers.kill(2)
  brokers.told.splice(1, 1)
  brokers.controllerId = 3
  await createTopic(client, { name: 'new' })
  expect(brokers.count('CreateTopics', 3)).toBe(1)
  await expect(client.connectionTo({ nodeId: 2 })).rejects.toThrow('the cluster has no broker 2')
})

test('the quorum is asked again when it has another leader', async () => {
  const answered = (errorCode: number) => ({
    topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0, errorCode, leaderId: 2 }] }],
  })
  brokers.scripts.set('DescribeQuorum', ({ broker }) => {
    brokers.controllerId = 2
    return answered(broker === 1 ? 6 : 0)
  })
  expect(await describeQuorum(brokers.client())).toMatchObject({ leaderId: 2 })
})

test('the cluster sends its client away: it begins again at the bootstrap servers', async () => {
  const client = brokers.client([1])
  await client.loadTopics([])
  brokers.scripts.set('Metadata', ({ broker }) =>
    broker === 1 && brokers.count('Metadata') > 2 ? brokers.metadata() : { errorCode: rebootstrapRequired },
  )
  await client.loadTopics([])
  expect(client.metadata.brokers).toHaveLength(3)
})

test('any broker is as good as the first one', async () => {
  const client = brokers.client([1])
  await client.loadTopics(['t'])
  await brokers.kill(1)
  brokers.told.shift()
  brokers.leaders[0] = { leaderId: 3, leaderEpoch: 5 }
  await client.loadTopics(['t'])
  expect(client.metadata.leaderOf('t', 0)).toBe(3)
})
