/** Replicas of the metadata log over real sockets, with the handlers of a controller's listener between them. */
import { afterEach, describe, expect, test } from 'vitest'
import { zeroUuid } from '../../src/base/uuid.ts'
import { NodeClock } from '../../src/io/node-clock.ts'
import { NodeNetwork } from '../../src/io/node-network.ts'
import type { RaftRequest, RaftResponse } from '../../src/raft/messages.ts'
import { encodeRaftRequest, raftApis } from '../../src/raft/raft-rpc-requests.ts'
import { decodeRaftResponse } from '../../src/raft/raft-rpc-responses.ts'
import type { Voter } from '../../src/raft/voter-set.ts'
import { PeerConnection } from '../../src/runtime/peer-connection.ts'
import { clusterId } from './raft-harness.ts'
import { RaftSocketNode } from './raft-socket-node.ts'

let nodes: RaftSocketNode[] = []
const clock = new NodeClock()

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.remove()))
  nodes = []
})

async function listening(count: number): Promise<RaftSocketNode[]> {
  nodes = Array.from({ length: count }, (_, index) => new RaftSocketNode(index + 1))
  for (const node of nodes) await node.listen()
  return nodes
}

function until(isDone: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (isDone()) resolve()
      else clock.schedule(2, look)
    }
    look()
  })
}

const leaderOf = (among: readonly RaftSocketNode[]) => among.find(({ driver }) => driver.isLeader)
const leads = (node: RaftSocketNode) => node.listener.heard.at(-1)?.startsWith('leads') === true

async function elected(among: readonly RaftSocketNode[]): Promise<RaftSocketNode> {
  await until(() => among.some(leads))
  return among.find(leads)!
}

const haveAll = (among: readonly RaftSocketNode[], value: string) => () =>
  among.every(({ listener }) => listener.values.includes(value))

async function threeVoters(): Promise<readonly Voter[]> {
  const voters = (await listening(3)).map(({ voter }) => ({ ...voter, directoryId: zeroUuid }))
  await Promise.all(nodes.map((node) => node.start({ staticVoters: voters })))
  return voters
}

/** Node 1 is the only voter, the others follow it; all are controllers. */
async function oneVoter(count: number, config = {}): Promise<void> {
  await listening(count)
  const [first, ...others] = nodes
  await first!.format(first!.voter)
  await first!.start()
  await until(() => leads(first!))
  for (const node of others) {
    await node.format()
    await node.start({}, { bootstrapServers: [first!.endpoint], ...config })
  }
}

async function ask(node: RaftSocketNode, request: RaftRequest): Promise<RaftResponse> {
  const { host, port } = node.endpoint
  const options = { network: new NodeNetwork(), clock, clientId: 'test', timeoutMs: 30_000, isNegotiated: true }
  const connection = await PeerConnection.open({ ...options, endpoint: { host, port } })
  const { apiKey, version } = raftApis[request.kind]
  const answer = await connection.ask<object>(apiKey, encodeRaftRequest(request), { version })
  connection.close()
  return decodeRaftResponse(request.kind, answer)!
}

const addition = (voter: Voter): RaftRequest => {
  return { kind: 'addVoter', clusterId, voter, timeoutMs: 30_000, ackWhenCommitted: true }
}
const follows = (node: RaftSocketNode, leader: RaftSocketNode) => () =>
  node.driver.leaderId === leader.id && node.driver.highWatermark === leader.driver.highWatermark

describe('three voters', () => {
  test('elect, commit, and go on when the leader dies; it comes back and follows', async () => {
    const staticVoters = await threeVoters()
    const first = await elected(nodes)
    for (let index = 0; index < 50; index++) first.driver.append([Buffer.from(`value ${index}`)])
    await until(haveAll(nodes, 'value 49'))
    const others = nodes.filter((node) => node !== first)
    await first.kill()
    const second = await elected(others)
    second.driver.append([Buffer.from('after')])
    await until(haveAll(others, 'after'))
    await first.listen()
    await first.start({ staticVoters })
    await until(haveAll(nodes, 'after'))
    expect(nodes.map(({ listener }) => listener.values)).toEqual(Array(3).fill(second.listener.values))
    expect(leaderOf(nodes)).toBe(second)
    expect(first.driver.leader).toEqual({ id: second.id, endpoint: { ...second.endpoint, name: expect.any(String) } })
    expect(second.driver.leader).toEqual({ id: second.id, endpoint: second.endpoint })
    expect(nodes.flatMap(({ failures }) => failures)).toEqual([])
  })

  test('are led by another when the leader stops', async () => {
    await threeVoters()
    const first = await elected(nodes)
    const { epoch } = first.driver
    const others = nodes.filter((node) => node !== first)
    await until(() => others.every(({ driver }) => driver.leaderId === first.id))
    await first.stop()
    const second = leaderOf(others)
    expect(second?.driver.epoch).toBe(epoch + 1)
  })

  test('know of what is committed, and the leader knows that they do', async () => {
    await threeVoters()
    const leader = await elected(nodes)
    const ids = nodes.map(({ id }) => id)
    const offset = leader.driver.append([Buffer.from('known')])
    await leader.driver.whenReplicasKnow(ids, offset, 30_000)
    expect(nodes.map(({ driver }) => driver.highWatermark > offset)).toEqual([true, true, true])
    const follower = nodes.find((node) => node !== leader)!
    await follower.kill()
    const next = leader.driver.append([Buffer.from('not by all')])
    let isResolved = false
    const known = leader.driver.whenReplicasKnow(ids, next, 200).then(() => {
      isResolved = true
    })
    const others = nodes.filter((node) => node !== follower).map(({ id }) => id)
    await leader.driver.whenReplicasKnow(others, next, 30_000)
    expect([isResolved, leader.driver.highWatermark > next]).toEqual([false, true])
    await known
    await expect(follower.driver.whenReplicasKnow(ids, 0, 30_000)).resolves.toBeUndefined()
  })

  test('answer nobody of another cluster', async () => {
    await threeVoters()
    const leader = await elected(nodes)
    const [other, replica] = ['another', { id: 9, directoryId: zeroUuid }]
    const where = { epoch: leader.driver.epoch, clusterId: other }
    const { voter } = leader
    const snapshotId = { endOffset: 0, epoch: 0 }
    const requests: RaftRequest[] = [
      { kind: 'vote', ...where, voter, candidate: replica, lastEpoch: 0, lastOffset: 0, isPreVote: true },
      { kind: 'beginQuorumEpoch', ...where, voter, leaderId: 9, endpoints: [] },
      { kind: 'endQuorumEpoch', ...where, leaderId: 9, preferredCandidates: [], endpoints: [] },
      { kind: 'fetchSnapshot', ...where, replica, snapshotId, position: 0, maxBytes: 1 },
      { ...(addition(voter) as Extract<RaftRequest, { kind: 'addVoter' }>), clusterId: other },
      { kind: 'removeVoter', ...where, voter },
      { kind: 'updateVoter', ...where, voter },
    ]
    for (const request of requests) {
      expect(await ask(leader, request)).toMatchObject({ error: 'INCONSISTENT_CLUSTER_ID', isTopLevel: true })
    }
  })
})

describe('voters that the log names', () => {
  test('come, lead and go', async () => {
    await oneVoter(3)
    const [first, second, third] = nodes as [RaftSocketNode, RaftSocketNode, RaftSocketNode]
    await until(() => follows(second, first)() && follows(third, first)())
    expect((await ask(second, addition(second.voter))).error).toBe('NOT_LEADER_OR_FOLLOWER')
    expect((await ask(first, addition(second.voter))).error).toBe('NONE')
    expect((await ask(first, addition(second.voter))).error).toBe('DUPLICATE_VOTER')
    expect((await ask(first, addition(third.voter))).error).toBe('NONE')
    await first.kill()
    const next = await elected([second, third])
    next.driver.append([Buffer.from('later')])
    await until(haveAll([second, third], 'later'))
    expect((await ask(next, { kind: 'removeVoter', clusterId, voter: first.voter })).error).toBe('NONE')
    expect(next.driver.settings.voters.ids).toEqual([2, 3])
    expect((await ask(next, { kind: 'removeVoter', clusterId, voter: first.voter })).error).toBe('VOTER_NOT_FOUND')
  })

  test('are reached before they count', async () => {
    await oneVoter(2)
    const [first, second] = nodes as [RaftSocketNode, RaftSocketNode]
    await until(follows(second, first))
    const elsewhere = { ...second.voter, endpoints: [{ ...second.endpoint, port: 1 }] }
    const answer = await ask(first, addition(elsewhere))
    expect(answer).toMatchObject({ error: 'REQUEST_TIMED_OUT', message: expect.stringContaining('127.0.0.1:1') })
    expect(first.driver.settings.voters.ids).toEqual([1])
  })

  test('tell the leader when they moved', async () => {
    await oneVoter(2)
    const [first, second] = nodes as [RaftSocketNode, RaftSocketNode]
    await until(follows(second, first))
    await ask(first, addition(second.voter))
    await second.kill()
    const moved = [{ ...second.endpoint, host: 'localhost' }]
    await second.listen()
    await second.start({}, { endpoints: moved, fetchTimeoutMs: 700 })
    const endpoints = () => first.driver.settings.voters.get(2)?.endpoints
    await until(() => endpoints()?.[0]?.host === 'localhost')
    expect(endpoints()).toEqual(moved)
  })

  test('join by themselves where they are told to', async () => {
    await oneVoter(2, { joinsQuorum: true, fetchTimeoutMs: 100 })
    const [first, second] = nodes as [RaftSocketNode, RaftSocketNode]
    await until(() => first.driver.settings.voters.size === 2)
    expect(first.driver.settings.voters.get(2)).toEqual(second.voter)
  })
})

test('an observer that comes late downloads the snapshot', async () => {
  await oneVoter(2)
  const [first, second] = nodes as [RaftSocketNode, RaftSocketNode]
  await second.kill()
  const values = Array.from({ length: 100 }, (_, index) => `value ${index} ${'x'.repeat(1000)}`)
  for (const value of values) first.driver.append([Buffer.from(value)])
  await until(haveAll([first], values.at(-1)!))
  const records = first.listener.values.map((value) => Buffer.from(value))
  await first.driver.writeSnapshot(first.driver.highWatermark, [records])
  first.driver.append([Buffer.from('behind it')])
  const observer = new RaftSocketNode(3)
  nodes.push(observer)
  await observer.listen()
  await observer.format()
  const config = { canVote: false, endpoints: [], fetchSnapshotBytesMax: 30_000 }
  await observer.start({}, { ...config, bootstrapServers: [first.endpoint] })
  await until(haveAll([observer], 'behind it'))
  expect(observer.listener.values).toEqual([...values, 'behind it'])
  expect(observer.listener.snapshotsCount).toBe(1)
})
