/**
 * Replicas that talk with nothing in between: messages arrive in the order in which they were sent, disks answer at
 * once, and every line is written down. Time stands still unless told otherwise.
 */
import { SeededRandom } from '../../src/base/random.ts'
import type { RaftRequest, RaftResponse } from '../../src/raft/messages.ts'
import type { RaftInput } from '../../src/raft/raft-io.ts'
import { RaftSimulation } from './raft-simulation.ts'
import { type ReplicaIdentity, type ReplicaWorld, SimulatedReplica } from './simulated-replica.ts'

interface Message {
  readonly from: number
  readonly to: number
  readonly line: string
  readonly arrive: () => void
}

/** The same replicas as in the simulation, in a world without accidents. */
export class Conversation implements ReplicaWorld {
  readonly random = new SeededRandom(7)
  readonly replicas: SimulatedReplica[]
  readonly #queue: Message[] = []
  readonly #disks: (() => void)[] = []
  readonly #cut = new Set<number>()
  #lines: string[] = []
  #nowMs = 0

  constructor(votersCount: number) {
    const { replicas } = new RaftSimulation({ seed: 1, votersCount })
    this.replicas = replicas.map(({ identity, disk }) => {
      const replica = new SimulatedReplica(identity as ReplicaIdentity, this)
      replica.disk.snapshots = disk.snapshots
      return replica
    })
    for (const replica of this.replicas) replica.start()
    this.#settle()
    this.#lines = []
  }

  replica(id: number): SimulatedReplica {
    return this.replicas.find((replica) => replica.id === id)!
  }

  /** What was said and noticed since the last call. */
  takeText(): string {
    const lines = this.#lines
    this.#lines = []
    return lines.join('\n')
  }

  /** Messages to and from `id` are lost. */
  cut(id: number): void {
    this.#cut.add(id)
  }

  heal(id: number): void {
    this.#cut.delete(id)
  }

  step(id: number, input: RaftInput): void {
    this.replica(id).step(input)
    this.deliver()
  }

  append(id: number, ...values: string[]): void {
    this.#lines.push(`${id} appends ${values.join(', ')}`)
    this.step(id, { kind: 'append', values: values.map((value) => Buffer.from(value)) })
  }

  /** The election or fetch timeout of `id` passes, of nobody else. */
  timeOut(id: number): void {
    const replica = this.replica(id)
    this.#nowMs = Math.max(this.#nowMs, replica.deadlineMs)
    const role = replica.node!.roleName
    while (replica.node!.roleName === role) {
      this.#nowMs = Math.max(this.#nowMs, replica.deadlineMs)
      replica.step({ kind: 'tick' })
    }
    this.deliver()
  }

  /** Everybody is up, and has found that nobody leads. */
  #settle(): void {
    this.#queue.length = 0
    for (const done of this.#disks.splice(0)) done()
  }

  /** Everything that is under way arrives, and what that causes. */
  deliver(): void {
    for (;;) {
      for (let done = this.#disks.shift(); done !== undefined; done = this.#disks.shift()) done()
      const message = this.#queue.shift()
      if (message === undefined) return
      if (this.#cut.has(message.from) || this.#cut.has(message.to)) continue
      this.#lines.push(`${message.from} > ${message.to} ${message.line}`)
      message.arrive()
    }
  }

  now() {
    return { monotonicMs: this.#nowMs, wallMs: this.#nowMs }
  }

  later(replica: SimulatedReplica, _delayMs: number, action: () => void): void {
    const { life } = replica
    this.#disks.push(() => {
      if (replica.life === life) action()
    })
  }

  send(from: SimulatedReplica, requestId: number, to: { readonly id: number }, request: RaftRequest): void {
    // Whoever looks for a leader asks the bootstrap servers: they do not answer here.
    if (to.id < 0) return
    const target = this.replica(to.id)
    const answer = (response: RaftResponse) => {
      this.#queue.push({
        from: target.id,
        to: from.id,
        line: describeResponse(response),
        arrive: () => from.step({ kind: 'response', requestId, response }),
      })
    }
    this.#queue.push({
      from: from.id,
      to: target.id,
      line: describeRequest(request),
      arrive: () => target.request(request, answer),
    })
  }

  onHighWatermark(replica: SimulatedReplica, highWatermark: number): void {
    if (highWatermark > 0) this.#lines.push(`${replica.id} commits below ${highWatermark}`)
  }

  onLeaderChange(replica: SimulatedReplica, leaderId: number, epoch: number): void {
    if (leaderId === replica.id) this.#lines.push(`${replica.id} leads epoch ${epoch}`)
    else if (leaderId !== -1) this.#lines.push(`${replica.id} follows ${leaderId} in epoch ${epoch}`)
  }

  tell(replica: SimulatedReplica, what: string): void {
    this.#lines.push(`${replica.id} ${what}`)
  }
}

function describeRequest(request: RaftRequest): string {
  switch (request.kind) {
    case 'vote':
      return `${request.isPreVote ? 'pre-vote in' : 'vote for'} epoch ${request.epoch}? log ${request.lastEpoch}/${request.lastOffset}`
    case 'fetch':
      return `fetch ${request.lastFetchedEpoch}/${request.fetchOffset}`
    case 'beginQuorumEpoch':
      return `epoch ${request.epoch} begins`
    case 'endQuorumEpoch':
      return `epoch ${request.epoch} ends, next ${request.preferredCandidates.map(({ id }) => id).join(', ')}`
    default:
      return request.kind
  }
}

function describeResponse(response: RaftResponse): string {
  if (response.error !== 'NONE') return response.error
  switch (response.kind) {
    case 'vote':
      return response.isGranted ? 'yes' : 'no'
    case 'fetch':
      if (response.divergingEpoch !== undefined) {
        return `epoch ${response.divergingEpoch.epoch} ended at ${response.divergingEpoch.endOffset}`
      }
      return response.records.length > 0
        ? `records, committed ${response.highWatermark}`
        : `committed ${response.highWatermark}`
    default:
      return 'ok'
  }
}
