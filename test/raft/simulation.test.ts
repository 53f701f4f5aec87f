/**
 * The raft core under a hostile network and dying disks. Each seed is a run of its own; a failing one prints what happened
 * last, and runs alone with SIMULATION_SEED=<seed>.
 */
import { expect, test } from 'vitest'
import { RaftSimulation, type SimulationOptions, voterOf } from './raft-simulation.ts'
import type { SimulatedReplica } from './simulated-replica.ts'

const chaosMs = 15_000
const calmMs = 20_000

/** Sets off faults and appends at random times during the chaos. */
function unleash(simulation: RaftSimulation, options: SimulationOptions): void {
  const { random } = simulation
  const anyone = (): SimulatedReplica => simulation.replicas[random.integer(simulation.replicas.length)]!
  const repeat = (everyMs: number, action: () => void) => {
    const delayMs = 1 + random.integer(2 * everyMs)
    if (simulation.nowMs + delayMs >= chaosMs) return
    simulation.at(delayMs, () => {
      action()
      repeat(everyMs, action)
    })
  }
  repeat(60, () => simulation.append())
  repeat(600, () => {
    const replica = anyone()
    if (replica.node?.isLeader) simulation.append(replica)
    replica.takeSnapshot()
  })
  const bounce = (replica: SimulatedReplica, downMsMax: number) => {
    if (replica.node === undefined) return
    simulation.crash(replica)
    simulation.at(1 + random.integer(downMsMax), () => {
      if (replica.node === undefined) simulation.start(replica)
    })
  }
  repeat(2500, () => bounce(random.next() < 0.4 ? (simulation.leader() ?? anyone()) : anyone(), 4000))
  // Those who vote right now forget whom for, if they did not write it down.
  repeat(20, () => {
    const isElection = simulation.replicas.some(({ node }) => node?.roleName === 'candidate')
    if (isElection && random.next() < 0.3) bounce(anyone(), 20)
  })
  repeat(2000, () => {
    const kind = random.integer(4)
    if (kind === 0) simulation.isolate(random.next() < 0.5 ? (simulation.leader() ?? anyone()) : anyone())
    else if (kind === 1) simulation.cutOneWay(anyone(), anyone())
    else if (kind === 2) simulation.cut(anyone(), anyone())
    else simulation.heal()
  })
  repeat(5000, () => simulation.leader()?.step({ kind: 'resign' }))
  // Hints are wrong as often as they are right.
  if (options.givesHints) {
    repeat(200, () => simulation.hint(anyone(), (simulation.leader() ?? anyone()).id))
    repeat(2000, () => {
      const gone = simulation.leader() ?? anyone()
      for (const replica of simulation.replicas) simulation.hint(replica, gone.id)
    })
  }
  if (options.changesVoters) repeat(500, () => changeVoters(simulation))
}

function changeVoters(simulation: RaftSimulation): void {
  const { random } = simulation
  const leader = simulation.leader()
  if (leader?.node === undefined) return
  const { voters } = leader.node.settings
  const controllers = simulation.replicas.filter(({ identity }) => identity.canVote)
  const replica = controllers[random.integer(controllers.length)]!
  const isVoter = voters.get(replica.id) !== undefined
  if (isVoter && voters.size <= 2) return
  const clusterId = 'simulated'
  const onReply = () => undefined
  if (isVoter) leader.request({ kind: 'removeVoter', clusterId, voter: replica.identity }, onReply)
  else {
    const voter = voterOf(replica.id)
    leader.request({ kind: 'addVoter', clusterId, voter, timeoutMs: 2000, ackWhenCommitted: true }, onReply)
  }
}

/** Calm after the storm: a leader, an append, and everybody has it. */
function recover(simulation: RaftSimulation): void {
  simulation.calm()
  let target: number | undefined
  const isDone = () => {
    const leader = simulation.leader()
    if (leader?.node === undefined) return false
    if (target === undefined || leader.node.logEndOffset <= target) target = simulation.append(leader)
    return target !== undefined && simulation.replicas.every(({ node }) => node!.highWatermark > target!)
  }
  const isRecovered = simulation.run(simulation.nowMs + calmMs, isDone)
  if (!isRecovered) {
    const states = simulation.replicas.map(
      ({ id, node }) =>
        `${id}: ${node!.roleName} ${node!.epoch} hw ${node!.highWatermark} voters ${node!.settings.voters.ids} end ${node!.logEndOffset}`,
    )
    throw new Error(`no progress in ${calmMs} ms of calm: ${states.join(', ')}`)
  }
}

function simulate(options: SimulationOptions): RaftSimulation {
  const simulation = new RaftSimulation(options)
  try {
    simulation.startAll()
    unleash(simulation, options)
    simulation.run(chaosMs)
    recover(simulation)
  } catch (error) {
    const what = (error as Error).message
    throw new Error(`seed ${options.seed}: ${what}\n\n${simulation.story}\n\n${(error as Error).stack}`)
  }
  return simulation
}

const storms: Readonly<Record<string, Omit<SimulationOptions, 'seed'>>> = {
  // What a single node is: committed by its own flush alone.
  'a lone voter and an observer': { votersCount: 1, observersCount: 1, lossShare: 0.05, slowShare: 0.03 },
  'three voters': { votersCount: 3, lossShare: 0.05, duplicateShare: 0.05, slowShare: 0.03 },
  'three voters of a static quorum': {
    votersCount: 3,
    kraftVersion: 0,
    lossShare: 0.02,
    duplicateShare: 0.1,
    slowShare: 0.05,
  },
  'five voters and two observers': {
    votersCount: 5,
    observersCount: 2,
    lossShare: 0.03,
    duplicateShare: 0.05,
    slowShare: 0.02,
  },
  'three voters with hints': {
    votersCount: 3,
    givesHints: true,
    lossShare: 0.02,
    duplicateShare: 0.05,
    slowShare: 0.02,
  },
  'five voters with hints and an observer': {
    votersCount: 5,
    observersCount: 1,
    givesHints: true,
    lossShare: 0.03,
    duplicateShare: 0.05,
    slowShare: 0.02,
  },
  'voters that come and go with hints': {
    votersCount: 3,
    sparesCount: 2,
    changesVoters: true,
    givesHints: true,
    lossShare: 0.02,
    slowShare: 0.02,
  },
  'voters that come and go': {
    votersCount: 3,
    sparesCount: 2,
    observersCount: 1,
    changesVoters: true,
    lossShare: 0.02,
    duplicateShare: 0.05,
    slowShare: 0.02,
  },
}

/** Seeds that have found something once, beyond those that run anyway. */
const telling: Readonly<Record<string, readonly number[]>> = {
  // All configured bootstrap servers had left the quorum, and those who still asked them never found it again.
  'voters that come and go': [4834],
}

const only = process.env.SIMULATION_SEED
const seedsCount = Number(process.env.SIMULATION_SEEDS ?? 50)

for (const [name, storm] of Object.entries(storms)) {
  test(`${name}: safe in every storm, and at work again after it`, () => {
    const many = [...Array.from({ length: seedsCount }, (_, seed) => seed), ...(telling[name] ?? [])]
    const seeds = only === undefined ? many : [Number(only)]
    let leadersCount = 0
    let committedOffset = 0
    for (const seed of seeds) {
      const { invariants } = simulate({ ...storm, seed })
      leadersCount += invariants.leadersCount
      committedOffset += invariants.committedOffset
    }
    if (only !== undefined) return
    // The storm neither calmed down nor stood in the way of everything.
    expect(leadersCount / seeds.length).toBeGreaterThan(3)
    expect(committedOffset / seeds.length).toBeGreaterThan(70)
  })
}

/** How long the quorum is without a leader when a leader crashes and the others notice, in a network where nothing is lost. */
function failoverMs(votersCount: number, seed: number): number {
  const simulation = new RaftSimulation({ seed, votersCount, givesHints: true, hintShare: 1 })
  simulation.startAll()
  simulation.run(10_000, () => simulation.append() !== undefined)
  simulation.run(simulation.nowMs + 1000)
  const gone = simulation.leader()!
  simulation.crash(gone)
  const crashedMs = simulation.nowMs
  expect(simulation.run(crashedMs + 60_000, () => simulation.leader() !== undefined)).toBe(true)
  return simulation.nowMs - crashedMs
}

test.each([3, 5])('%i voters that notice the leader is gone have another at once', (votersCount) => {
  const times = Array.from({ length: 50 }, (_, seed) => failoverMs(votersCount, seed)).sort((a, b) => a - b)
  expect(times[25]).toBeLessThan(150)
  expect(times.at(-1)).toBeLessThan(300)
})

test.each([3, 5])('%i voters of a new cluster have a leader at once', (votersCount) => {
  const times = Array.from({ length: 50 }, (_, seed) => {
    const simulation = new RaftSimulation({ seed, votersCount })
    simulation.startAll()
    simulation.run(60_000, () => simulation.leader() !== undefined)
    return simulation.nowMs
  })
  expect(Math.max(...times)).toBeLessThan(500)
})
