/** One replica on a leash: inputs go in one by one, effects are kept for a look; the disk answers when told to. */
import { SeededRandom } from '../../src/base/random.ts'
import { encodeDataBatch } from '../../src/raft/log-batches.ts'
import type { FetchRequest, RaftRequest, RaftResponse, VoteRequest } from '../../src/raft/messages.ts'
import { defaultRaftTimings, type RaftEffect, type RaftInput, type RaftStart } from '../../src/raft/raft-io.ts'
import { RaftNode } from '../../src/raft/raft-node.ts'
import { VoterSet } from '../../src/raft/voter-set.ts'
import { directoryIdOf, voterOf } from './raft-simulation.ts'

export const emptyLog = { startOffset: 0, endOffset: 0, epochs: [], snapshots: [] }

/** A quorum of `ids` whose voters came from the log. */
export function dynamicVoters(...ids: number[]) {
  return { kraftVersion: 1, voters: new VoterSet(ids.map((id) => voterOf(id))) }
}

export function keyOf(id: number) {
  return { id, directoryId: directoryIdOf(id) }
}

export class ScriptedReplica {
  readonly node: RaftNode
  nowMs = 0
  deadlineMs = Number.POSITIVE_INFINITY
  /** Of the last step. */
  effects: readonly RaftEffect[] = []
  #token = 0

  constructor(start: Partial<RaftStart> = {}, id = 1, canVote = true) {
    this.node = new RaftNode(
      {
        nodeId: id,
        directoryId: directoryIdOf(id),
        clusterId: 'cluster',
        canVote,
        endpoints: voterOf(id).endpoints,
        kraftVersionMin: 0,
        kraftVersionMax: 1,
        bootstrapServers: [],
        ...defaultRaftTimings,
      },
      { election: undefined, log: emptyLog, settings: dynamicVoters(1, 2, 3), changes: [], ...start },
      new SeededRandom(1),
      this.#time(),
    )
    this.step({ kind: 'tick' })
  }

  step(input: RaftInput): readonly RaftEffect[] {
    const output = this.node.step(input, this.#time())
    this.effects = output.effects
    this.deadlineMs = output.deadlineMs
    return output.effects
  }

  /** Lets time pass, ticking when the replica wants it. All effects on the way are in `effects`. */
  wait(ms: number): readonly RaftEffect[] {
    const untilMs = this.nowMs + ms
    const effects: RaftEffect[] = []
    while (this.deadlineMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.deadlineMs)
      effects.push(...this.step({ kind: 'tick' }))
    }
    this.nowMs = untilMs
    this.effects = effects
    return effects
  }

  /** All that was appended is on disk. */
  flush(): readonly RaftEffect[] {
    return this.step({ kind: 'flushed', sequence: Number.MAX_SAFE_INTEGER })
  }

  /** The answer to `request`; undefined when it waits. */
  ask(request: RaftRequest): RaftResponse | undefined {
    this.#token++
    return repliesIn(this.step({ kind: 'request', token: this.#token, request }))[0]
  }

  /** The requests of one kind sent in the last step. */
  sent<Kind extends RaftRequest['kind']>(
    kind: Kind,
  ): { to: number; requestId: number; request: RaftRequest & { kind: Kind } }[] {
    return this.effects.flatMap((effect) =>
      effect.kind === 'send' && effect.request.kind === kind
        ? [{ to: effect.to.id, requestId: effect.requestId, request: effect.request as RaftRequest & { kind: Kind } }]
        : [],
    )
  }

  answer(requestId: number, response: Partial<RaftResponse> & Pick<RaftResponse, 'kind'>): readonly RaftEffect[] {
    const head = { error: 'NONE', isTopLevel: false, leaderId: -1, epoch: this.node.epoch, leaderEndpoint: undefined }
    return this.step({ kind: 'response', requestId, response: { ...head, ...response } as RaftResponse })
  }

  /** Wins an election of three voters. The epoch's first record is appended, not flushed. */
  lead(): this {
    this.wait(2000)
    // With two of three, pre-votes and votes are won by the first answer.
    while (!this.node.isLeader) this.answer(this.sent('vote')[0]!.requestId, { kind: 'vote', isGranted: true })
    return this
  }

  /** Leads, and `followers` have everything. */
  leadWith(...followers: number[]): this {
    this.lead().flush()
    for (const id of followers) this.fetch(id)
    return this
  }

  /** A fetch of another replica that has all of this one's log, unless said otherwise. */
  fetch(id: number, change: Partial<FetchRequest> = {}): RaftResponse | undefined {
    const { node } = this
    return this.ask({
      kind: 'fetch',
      clusterId: 'cluster',
      replica: keyOf(id),
      epoch: node.epoch,
      fetchOffset: node.logEndOffset,
      lastFetchedEpoch: node.epochBefore(node.logEndOffset),
      highWatermark: -1,
      maxWaitMs: 0,
      maxBytes: 1000,
      ...change,
    })
  }

  vote(change: Partial<VoteRequest> = {}): RaftResponse & { kind: 'vote' } {
    return this.ask({
      kind: 'vote',
      clusterId: 'cluster',
      voter: keyOf(this.node.nodeId),
      epoch: this.node.epoch + 1,
      candidate: keyOf(2),
      lastEpoch: this.node.epochBefore(this.node.logEndOffset),
      lastOffset: this.node.logEndOffset,
      isPreVote: false,
      ...change,
    }) as RaftResponse & { kind: 'vote' }
  }

  /** Follows `leaderId`, which answered once. */
  follow(leaderId: number, epoch = 1): this {
    this.ask({
      kind: 'beginQuorumEpoch',
      clusterId: 'cluster',
      voter: keyOf(this.node.nodeId),
      leaderId,
      epoch,
      endpoints: voterOf(leaderId).endpoints,
    })
    const [fetch] = this.sent('fetch')
    this.receive(fetch!.requestId, leaderId, epoch)
    return this
  }

  /** The leader's answer to a fetch. */
  receive(requestId: number, leaderId: number, epoch: number, change: Partial<RaftResponse & { kind: 'fetch' }> = {}) {
    return this.answer(requestId, {
      kind: 'fetch',
      leaderId,
      epoch,
      highWatermark: -1,
      logStartOffset: 0,
      divergingEpoch: undefined,
      snapshotId: undefined,
      records: Buffer.alloc(0),
      ...change,
    })
  }

  #time() {
    return { monotonicMs: this.nowMs, wallMs: 1_700_000_000_000 + this.nowMs }
  }
}

export function repliesIn(effects: readonly RaftEffect[]): RaftResponse[] {
  return effects.flatMap((effect) =>
    effect.kind === 'reply' || effect.kind === 'replyWithRecords' || effect.kind === 'replyWithSnapshot'
      ? [effect.response]
      : [],
  )
}

export function kindsIn(effects: readonly RaftEffect[]): string[] {
  return effects.map(({ kind }) => kind)
}

/** A batch of `count` records as a leader of `epoch` would send it. */
export function fetchedBatch(baseOffset: number, epoch: number, count = 1): Buffer {
  const values = Array.from({ length: count }, (_, index) => Buffer.from(`${baseOffset + index}`))
  return encodeDataBatch({ baseOffset, epoch, timestampMs: 1 }, values)
}
