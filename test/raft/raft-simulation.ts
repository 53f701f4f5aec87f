/**
 * A quorum in one process on a virtual clock: messages are lost, delayed, doubled and reordered, the network is cut,
 * replicas crash and lose what they had not flushed, snapshots replace logs, voters come and go. Everything follows from
 * the seed. After every event Raft's promises are checked (raft-invariants.ts); when one is broken, `story` tells what
 * happened last.
 */
import { SeededRandom } from '../../src/base/random.ts'
import { TimerHeap } from '../../src/base/timer-heap.ts'
import type { RaftRequest, RaftResponse } from '../../src/raft/messages.ts'
import type { Destination, RaftTime } from '../../src/raft/raft-io.ts'
import { type Voter, VoterSet } from '../../src/raft/voter-set.ts'
import { RaftInvariants } from './raft-invariants.ts'
import { endpointOf, type ReplicaIdentity, type ReplicaWorld, SimulatedReplica } from './simulated-replica.ts'

export interface SimulationOptions {
  readonly seed: number
  readonly votersCount: number
  /** Controllers that are no voters at first, and may become some when `changesVoters`. */
  readonly sparesCount?: number
  readonly observersCount?: number
  readonly kraftVersion?: 0 | 1
  readonly changesVoters?: boolean
  /** Replicas hear that a process is gone, mostly when it is. */
  readonly givesHints?: boolean
  /** How many of them hear so of one that crashed. */
  readonly hintShare?: number
  /** Shares from 0 to 1. */
  readonly lossShare?: number
  readonly duplicateShare?: number
  readonly slowShare?: number
}

const storyLinesMax = 60

export class RaftSimulation implements ReplicaWorld {
  readonly random: SeededRandom
  readonly replicas: SimulatedReplica[]
  readonly invariants: RaftInvariants
  readonly #options: SimulationOptions
  readonly #timers = new TimerHeap()
  readonly #cut = new Set<string>()
  readonly #story: string[] = []
  #nowMs = 0
  #faults: boolean
  #valuesCount = 0
  eventsCount = 0

  constructor(options: SimulationOptions) {
    this.#options = options
    this.#faults = true
    this.random = new SeededRandom(options.seed)
    const { votersCount, sparesCount = 0, observersCount = 0, kraftVersion = 1 } = options
    const voters = Array.from({ length: votersCount }, (_, index) => voterOf(index + 1, kraftVersion))
    const settings = { kraftVersion, voters: new VoterSet(voters) }
    const bootstrapServers = voters.map(({ id }) => endpointOf(id))
    this.replicas = Array.from({ length: votersCount + sparesCount + observersCount }, (_, index) => {
      const id = index + 1
      const isVoter = id <= votersCount
      const identity: ReplicaIdentity = {
        id,
        directoryId: directoryIdOf(id),
        canVote: id <= votersCount + sparesCount,
        // Only voters are formatted with the voter set; the others learn it.
        settings: isVoter || kraftVersion === 0 ? settings : { kraftVersion: 0, voters: new VoterSet([]) },
        bootstrapServers,
      }
      const replica = new SimulatedReplica(identity, this)
      if (isVoter && kraftVersion === 1) {
        replica.disk.snapshots = [{ endOffset: 0, epoch: 0, settings, bytes: Buffer.from('-') }]
      }
      return replica
    })
    this.invariants = new RaftInvariants(this.replicas)
  }

  get story(): string {
    return this.#story.join('\n')
  }

  get nowMs(): number {
    return this.#nowMs
  }

  startAll(): void {
    for (const replica of this.replicas) this.start(replica)
  }

  start(replica: SimulatedReplica): void {
    this.tell(replica, 'starts')
    replica.start()
    this.#after(replica)
  }

  crash(replica: SimulatedReplica): void {
    replica.crash()
    this.tell(replica, `crashes, ${replica.disk.endOffset} left`)
    this.invariants.onCrash(replica)
    if (!this.#options.givesHints) return
    const { hintShare = 0.8 } = this.#options
    for (const other of this.replicas) if (this.random.next() < hintShare) this.hint(other, replica.id)
  }

  /** `replica` is told after a moment that the process of `id` is gone, true or not by then. */
  hint(replica: SimulatedReplica, id: number): void {
    this.later(replica, 1 + this.random.integer(10), () => {
      if (replica.node === undefined || replica.id === id) return
      this.tell(replica, `hears that ${id} is gone`)
      replica.step({ kind: 'peerGone', id })
    })
  }

  /** Runs until `untilMs` of virtual time, or until `isDone`. True when `isDone` was. */
  run(untilMs: number, isDone: () => boolean = () => false): boolean {
    while (!isDone()) {
      const timerMs = this.#timers.nextDueMs() ?? Number.POSITIVE_INFINITY
      const ticking = this.#nextTicking()
      const dueMs = Math.min(timerMs, ticking?.deadlineMs ?? Number.POSITIVE_INFINITY)
      if (dueMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, untilMs)
        return isDone()
      }
      this.#nowMs = Math.max(this.#nowMs, dueMs)
      this.eventsCount++
      if (timerMs <= dueMs) this.#timers.runDue(this.#nowMs)
      else if (ticking !== undefined) {
        ticking.step({ kind: 'tick' })
        this.#after(ticking)
      }
    }
    return true
  }

  at(delayMs: number, action: () => void): void {
    this.#timers.add(this.#nowMs + delayMs, action)
  }

  leader(): SimulatedReplica | undefined {
    const leaders = this.replicas.filter((replica) => replica.node?.isLeader)
    return leaders.toSorted((left, right) => right.node!.epoch - left.node!.epoch)[0]
  }

  /** Appends a batch at whoever leads; returns the offset of its last record. */
  append(replica = this.leader()): number | undefined {
    if (replica?.node === undefined || !replica.node.isLeader) return undefined
    const count = 1 + this.random.integer(3)
    const values = Array.from({ length: count }, () => Buffer.from(`value ${this.#valuesCount++}`))
    replica.step({ kind: 'append', values })
    const lastOffset = replica.node.logEndOffset - 1
    this.tell(replica, `appends up to ${lastOffset}`)
    this.#after(replica)
    return lastOffset
  }

  isolate(replica: SimulatedReplica): void {
    for (const other of this.replicas) if (other !== replica) this.cut(replica, other)
  }

  cut(left: SimulatedReplica, right: SimulatedReplica): void {
    this.#cut.add(`${left.id}>${right.id}`)
    this.#cut.add(`${right.id}>${left.id}`)
  }

  cutOneWay(from: SimulatedReplica, to: SimulatedReplica): void {
    this.#cut.add(`${from.id}>${to.id}`)
  }

  heal(): void {
    this.#cut.clear()
  }

  /** From now on nothing goes wrong. */
  calm(): void {
    this.#faults = false
    this.heal()
    for (const replica of this.replicas) if (replica.node === undefined) this.start(replica)
  }

  now(): RaftTime {
    return { monotonicMs: this.#nowMs, wallMs: 1_700_000_000_000 + Math.floor(this.#nowMs) }
  }

  later(replica: SimulatedReplica, delayMs: number, action: () => void): void {
    const { life } = replica
    this.at(delayMs, () => {
      if (replica.life !== life) return
      action()
      this.#after(replica)
    })
  }

  send(from: SimulatedReplica, requestId: number, to: Destination, request: RaftRequest): void {
    const target = this.replicas.find((replica) => endpointOf(replica.id).host === to.endpoint.host)
    if (target === undefined) return
    const { life } = from
    this.invariants.onRequest(from, request)
    this.tell(from, `> ${target.id} ${describeRequest(request)}`)
    const onAnswer = (response: RaftResponse | undefined) => {
      this.#travel(target, from, () => {
        if (from.life !== life) return
        if (response === undefined) from.step({ kind: 'requestFailed', requestId })
        else from.step({ kind: 'response', requestId, response })
        this.#after(from)
      })
    }
    this.#travel(from, target, () => {
      if (target.node === undefined) {
        onAnswer(undefined)
        return
      }
      target.request(request, onAnswer)
      this.#after(target)
    })
  }

  onReply(from: SimulatedReplica, request: RaftRequest, response: RaftResponse): void {
    this.invariants.onReply(from, request, response)
  }

  onHighWatermark(replica: SimulatedReplica, highWatermark: number): void {
    this.tell(replica, `committed ${highWatermark}`)
    this.invariants.onHighWatermark(replica, highWatermark)
  }

  onLeaderChange(replica: SimulatedReplica, leaderId: number, epoch: number): void {
    this.tell(replica, `sees leader ${leaderId} of epoch ${epoch}`)
  }

  tell(replica: SimulatedReplica, what: string): void {
    const { node } = replica
    const state = node === undefined ? 'down' : `${node.roleName} ${node.epoch}`
    this.#story.push(`${Math.floor(this.#nowMs)} ms  ${replica.id} (${state})  ${what}`)
    if (this.#story.length > storyLinesMax) this.#story.shift()
  }

  #after(replica: SimulatedReplica): void {
    this.invariants.check(replica)
  }

  #nextTicking(): SimulatedReplica | undefined {
    let first: SimulatedReplica | undefined
    for (const replica of this.replicas) {
      if (replica.node !== undefined && replica.deadlineMs < (first?.deadlineMs ?? Number.POSITIVE_INFINITY))
        first = replica
    }
    return first
  }

  /** One message over the simulated network. */
  #travel(from: SimulatedReplica, to: SimulatedReplica, arrive: () => void): void {
    if (this.#cut.has(`${from.id}>${to.id}`)) return
    const { lossShare = 0, duplicateShare = 0, slowShare = 0 } = this.#faults ? this.#options : {}
    if (this.random.next() < lossShare) return
    const copies = this.random.next() < duplicateShare ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const isSlow = this.random.next() < slowShare
      this.at(1 + this.random.integer(isSlow ? 4000 : 15), () => {
        if (!this.#cut.has(`${from.id}>${to.id}`)) arrive()
      })
    }
  }
}

export function directoryIdOf(id: number): string {
  return Buffer.alloc(16, id).toString('base64url')
}

export function voterOf(id: number, kraftVersion = 1): Voter {
  return {
    id,
    directoryId: kraftVersion === 0 ? 'AAAAAAAAAAAAAAAAAAAAAA' : directoryIdOf(id),
    endpoints: [endpointOf(id)],
    kraftVersionMin: 0,
    kraftVersionMax: 1,
  }
}

function describeRequest(request: RaftRequest): string {
  switch (request.kind) {
    case 'vote':
      return `${request.isPreVote ? 'pre-vote' : 'vote'} epoch ${request.epoch}, log ${request.lastEpoch}/${request.lastOffset}`
    case 'fetch':
      return `fetch epoch ${request.epoch} from ${request.lastFetchedEpoch}/${request.fetchOffset}`
    case 'fetchSnapshot':
      return `fetch snapshot ${request.snapshotId.endOffset} at ${request.position}`
    case 'beginQuorumEpoch':
    case 'endQuorumEpoch':
      return `${request.kind} ${request.epoch}`
    default:
      return `${request.kind} ${request.voter.id}`
  }
}
