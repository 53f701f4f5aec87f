/** Several drivers over a network in memory: the same files and listeners, followed instead of led. */
import { expect, test } from 'vitest'
import { RaftHarness, type RaftMachine, voterOf } from './raft-harness.ts'

const staticVoters = [1, 2, 3].map((id) => ({ ...voterOf(id), directoryId: 'AAAAAAAAAAAAAAAAAAAAAA' }))

async function threeVoters(): Promise<RaftHarness> {
  const harness = new RaftHarness(3)
  for (const machine of harness.machines) {
    await machine.makeRoot()
    await machine.start({ staticVoters })
  }
  return harness
}

function leaderOf(harness: RaftHarness): RaftMachine | undefined {
  return harness.machines.find(({ driver, isReachable }) => isReachable && driver?.isLeader)
}

async function elected(harness: RaftHarness): Promise<RaftMachine> {
  await harness.until(() => leaderOf(harness)?.listener.heard.at(-1)?.startsWith('leads') ?? false)
  return leaderOf(harness)!
}

const haveAll = (machines: readonly RaftMachine[], value: string) => () =>
  machines.every(({ listener }) => listener.values.includes(value))

test('three voters elect one leader, and all commit what it appends', async () => {
  const harness = await threeVoters()
  const leader = await elected(harness)
  for (let index = 0; index < 20; index++) leader.driver!.append([Buffer.from(`value ${index}`)])
  await harness.until(haveAll(harness.machines, 'value 19'))
  for (const { listener } of harness.machines) expect(listener.values).toEqual(leader.listener.values)
  expect(harness.machines.map(({ driver }) => driver!.leaderId)).toEqual(Array(3).fill(leader.id))
})

test('a leader that is cut off is followed by another; what it alone had is cut off its log', async () => {
  const harness = await threeVoters()
  const first = await elected(harness)
  const others = harness.machines.filter((machine) => machine !== first)
  first.isReachable = false
  first.driver!.append([Buffer.from('lost')])
  await harness.until(() => others.some(({ driver }) => driver!.isLeader))
  const second = await elected(harness)
  second.driver!.append([Buffer.from('kept')])
  await harness.until(haveAll(others, 'kept'))
  expect(first.listener.values).toEqual([])
  first.isReachable = true
  await harness.until(haveAll(harness.machines, 'kept'))
  for (const { listener } of harness.machines) expect(listener.values).toEqual(['kept'])
  expect(first.listener.heard.filter((line) => line.startsWith('resigns'))).toEqual([
    `resigns epoch ${second.driver!.epoch - 2}`,
  ])
})

test('a leader that stops hands over', async () => {
  const harness = await threeVoters()
  const first = await elected(harness)
  const startMs = harness.clock.monotonic()
  let isClosed = false
  const closed = first.driver!.close(5000).then(() => {
    isClosed = true
  })
  const others = harness.machines.filter((machine) => machine !== first)
  await harness.until(() => others.some(({ driver }) => driver!.isLeader))
  // It hears of it a message later.
  await harness.until(() => isClosed)
  await closed
  expect(harness.clock.monotonic() - startMs).toBeLessThan(500)
})

test('a voter that died replays and catches up', async () => {
  const harness = await threeVoters()
  const leader = await elected(harness)
  const follower = harness.machines.find((machine) => machine !== leader)!
  leader.driver!.append([Buffer.from('before')])
  await harness.until(haveAll(harness.machines, 'before'))
  follower.crash('power')
  leader.driver!.append([Buffer.from('meanwhile')])
  await follower.start({ staticVoters })
  await harness.until(haveAll(harness.machines, 'meanwhile'))
  expect(follower.listener.values).toEqual(['before', 'meanwhile'])
})

test('an observer that is too far behind is given the snapshot, in pieces', async () => {
  const harness = new RaftHarness(2)
  const [leader, observer] = harness.machines as [RaftMachine, RaftMachine]
  await leader.format()
  await leader.start({ retention: { bytesMax: 1, ageMsMax: -1 } }, { fetchSnapshotBytesMax: 100 })
  await leader.append('a', 'b')
  const batches = [leader.listener.values.map((value) => Buffer.from(value))]
  await harness.drive(leader.driver!.writeSnapshot(leader.driver!.highWatermark, batches))
  await leader.append('c')
  await observer.makeRoot()
  const config = { canVote: false, endpoints: [], bootstrapServers: voterOf(1).endpoints }
  await observer.start({}, config)
  await harness.until(haveAll([observer], 'c'))
  expect(observer.listener.values).toEqual(['a', 'b', 'c'])
  expect(observer.listener.snapshotsCount).toBe(1)
  expect(observer.driver!.settings.voters.ids).toEqual([1])
  const observed = () => leader.driver!.describeQuorum().observers.map(({ id, logEndOffset }) => [id, logEndOffset])
  await harness.until(() => observed()[0]?.[1] === leader.driver!.logEndOffset)
  expect(observed()).toEqual([[2, 6]])
  observer.crash('power')
  await observer.start({}, config)
  expect(observer.listener.heard[0]).toBe('snapshot 5-1 of 2')
})

test('a voter is added, and removed', async () => {
  const harness = new RaftHarness(2)
  const [leader, joining] = harness.machines as [RaftMachine, RaftMachine]
  await leader.format()
  await leader.start()
  await joining.makeRoot()
  await joining.start({}, { bootstrapServers: voterOf(1).endpoints })
  await harness.until(() => leader.driver!.describeQuorum().observers[0]?.logEndOffset === leader.driver!.logEndOffset)
  const answers: string[] = []
  const change = { clusterId: null, timeoutMs: 5000, ackWhenCommitted: true }
  leader.driver!.handleRequest({ kind: 'addVoter', voter: voterOf(2), ...change }, ({ error }) => answers.push(error))
  await harness.until(() => answers.length > 0)
  expect(answers).toEqual(['NONE'])
  expect(joining.driver!.settings.voters.ids).toEqual([1, 2])
  leader.driver!.handleRequest({ kind: 'removeVoter', voter: voterOf(1), clusterId: null }, ({ error }) =>
    answers.push(error),
  )
  await harness.until(() => joining.driver!.isLeader)
  expect(answers).toEqual(['NONE', 'NONE'])
  expect(leader.driver!.isLeader).toBe(false)
  await joining.append('alone')
  expect(joining.listener.values).toEqual(['alone'])
  // The one that left follows at once.
  const electedMs = harness.clock.monotonic()
  await harness.until(haveAll([leader], 'alone'))
  expect(harness.clock.monotonic() - electedMs).toBeLessThan(300)
})

test('a static quorum goes to kraft.version 1 once its voters have told the leader of their directories', async () => {
  const harness = await threeVoters()
  const leader = await elected(harness)
  const upgrade = (): boolean => {
    try {
      leader.driver!.upgradeKraftVersion(1)
      return true
    } catch (error) {
      expect((error as Error).message).toContain('the directories of some voters are not known')
      return false
    }
  }
  expect(upgrade()).toBe(false)
  await harness.until(upgrade)
  const settings = () => harness.machines.map(({ driver }) => driver!.settings)
  await harness.until(() => settings().every(({ kraftVersion }) => kraftVersion === 1))
  for (const { voters } of settings()) expect(voters.voters).toEqual([1, 2, 3].map((id) => voterOf(id)))
  leader.crash('power')
  await harness.until(() => leaderOf(harness) !== undefined)
})
