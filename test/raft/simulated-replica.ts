/**
 * One replica in the simulation: a RaftNode over a disk in memory that forgets on a crash what was not flushed. Flushes
 * and writes of the election state take a random time, as disks do; what must wait for a durable vote waits.
 */
import type { Random } from '../../src/base/random.ts'
import type { Uuid } from '../../src/base/uuid.ts'
import { forEachBatch } from '../../src/protocol/record/batch-cursor.ts'
import * as batch from '../../src/protocol/record/batch-header.ts'
import { controlChangesOf } from '../../src/raft/log-batches.ts'
import type { OffsetAndEpoch } from '../../src/raft/log-view.ts'
import type { RaftRequest, RaftResponse } from '../../src/raft/messages.ts'
import {
  type Destination,
  defaultRaftTimings,
  type ElectionState,
  type RaftConfig,
  type RaftEffect,
  type RaftInput,
  type RaftTime,
} from '../../src/raft/raft-io.ts'
import { RaftNode } from '../../src/raft/raft-node.ts'
import type { QuorumSettings } from '../../src/raft/voter-history.ts'
import { type Endpoint, type Voter, VoterSet } from '../../src/raft/voter-set.ts'

/** A batch on the simulated disk. */
export interface StoredBatch {
  readonly baseOffset: number
  readonly endOffset: number
  readonly epoch: number
  readonly bytes: Buffer
}

export interface StoredSnapshot extends OffsetAndEpoch {
  readonly settings: QuorumSettings
  /** What is sent of it: here the voters alone. */
  readonly bytes: Buffer
}

function encodeSettings({ kraftVersion, voters }: QuorumSettings): Buffer {
  return Buffer.from(JSON.stringify({ kraftVersion, voters: voters.voters }))
}

function decodeSettings(bytes: Buffer): QuorumSettings {
  const { kraftVersion, voters } = JSON.parse(bytes.toString()) as { kraftVersion: number; voters: Voter[] }
  return { kraftVersion, voters: new VoterSet(voters) }
}

/** What survives. */
export class SimulatedDisk {
  election: ElectionState | undefined
  startOffset = 0
  batches: StoredBatch[] = []
  /** Batches that end at or below are flushed. */
  flushedOffset = 0
  snapshots: StoredSnapshot[] = []

  get endOffset(): number {
    return this.batches.at(-1)?.endOffset ?? this.startOffset
  }

  /** Power fails: of what was not flushed, some leading part may have reached the platter. */
  crash(random: Random): void {
    const unflushed = this.batches.filter((stored) => stored.endOffset > this.flushedOffset)
    const kept = unflushed.length === 0 ? 0 : random.integer(unflushed.length + 1)
    this.batches = this.batches.slice(0, this.batches.length - unflushed.length + kept)
    this.flushedOffset = this.endOffset
  }

  truncate(endOffset: number): void {
    this.batches = this.batches.filter((stored) => stored.endOffset <= endOffset)
    this.flushedOffset = Math.min(this.flushedOffset, this.endOffset)
  }
}

export interface ReplicaWorld {
  readonly random: Random
  now(): RaftTime
  /** Runs `action` after `delayMs`, unless the replica crashed meanwhile. */
  later(replica: SimulatedReplica, delayMs: number, action: () => void): void
  send(from: SimulatedReplica, requestId: number, to: Destination, request: RaftRequest): void
  /** An answer leaves `from`. */
  onReply?(from: SimulatedReplica, request: RaftRequest, response: RaftResponse): void
  onHighWatermark(replica: SimulatedReplica, highWatermark: number): void
  onLeaderChange(replica: SimulatedReplica, leaderId: number, epoch: number): void
  tell(replica: SimulatedReplica, what: string): void
}

export interface ReplicaIdentity {
  readonly id: number
  readonly directoryId: Uuid
  readonly canVote: boolean
  readonly settings: QuorumSettings
  readonly bootstrapServers?: readonly Endpoint[]
}

export function endpointOf(id: number): Endpoint {
  return { name: 'CONTROLLER', host: `node${id}`, port: 9093 }
}

export function configOf(identity: ReplicaIdentity): RaftConfig {
  return {
    nodeId: identity.id,
    directoryId: identity.directoryId,
    clusterId: 'simulated',
    canVote: identity.canVote,
    endpoints: identity.canVote ? [endpointOf(identity.id)] : [],
    kraftVersionMin: 0,
    kraftVersionMax: 1,
    bootstrapServers: identity.bootstrapServers ?? [],
    ...defaultRaftTimings,
    // Small, so that a log takes several fetches and a snapshot several chunks.
    fetchBytesMax: 400,
    fetchSnapshotBytesMax: 64,
  }
}

export class SimulatedReplica {
  readonly identity: ReplicaIdentity
  readonly disk = new SimulatedDisk()
  readonly #world: ReplicaWorld
  readonly #replies = new Map<number, (response: RaftResponse) => void>()
  node: RaftNode | undefined
  deadlineMs = Number.POSITIVE_INFINITY
  /** Counts starts: what was set off before a crash does not reach the next life. */
  life = 0
  #token = 0
  #electionWrites = 0
  #outbox: (() => void)[] = []
  #download: Buffer[] = []

  constructor(identity: ReplicaIdentity, world: ReplicaWorld) {
    this.identity = identity
    this.#world = world
  }

  get id(): number {
    return this.identity.id
  }

  start(): void {
    const { disk } = this
    const latest = disk.snapshots.at(-1)
    const epochs: { epoch: number; startOffset: number }[] = []
    for (const { epoch, baseOffset } of disk.batches) {
      if (epochs.at(-1)?.epoch !== epoch) epochs.push({ epoch, startOffset: baseOffset })
    }
    const changes = disk.batches
      .flatMap((stored) => controlChangesOf(stored.bytes))
      .filter(({ offset }) => offset >= (latest?.endOffset ?? 0))
    this.life++
    this.node = new RaftNode(
      configOf(this.identity),
      {
        election: disk.election,
        log: { startOffset: disk.startOffset, endOffset: disk.endOffset, epochs, snapshots: disk.snapshots },
        settings: latest?.settings ?? this.identity.settings,
        changes,
      },
      this.#world.random,
      this.#world.now(),
    )
    this.step({ kind: 'tick' })
  }

  crash(): void {
    this.node = undefined
    this.life++
    this.deadlineMs = Number.POSITIVE_INFINITY
    this.#replies.clear()
    this.#outbox = []
    this.#electionWrites = 0
    this.disk.crash(this.#world.random)
  }

  step(input: RaftInput): void {
    if (this.node === undefined) return
    const { effects, deadlineMs } = this.node.step(input, this.#world.now())
    this.deadlineMs = deadlineMs
    for (const effect of effects) this.#perform(effect)
  }

  request(request: RaftRequest, onReply: (response: RaftResponse) => void): void {
    this.#token++
    this.#replies.set(this.#token, (response) => {
      this.#world.onReply?.(this, request, response)
      onReply(response)
    })
    this.step({ kind: 'request', token: this.#token, request })
  }

  /** Leaves a snapshot of what is committed and forgets the log before it. */
  takeSnapshot(): void {
    const { node, disk } = this
    if (node === undefined) return
    const endOffset = node.highWatermark
    if (endOffset <= (disk.snapshots.at(-1)?.endOffset ?? 0)) return
    // A snapshot ends where a batch does.
    if (!disk.batches.some((stored) => stored.endOffset === endOffset)) return
    const id = { endOffset, epoch: node.epochBefore(endOffset) }
    const settings = node.settingsBefore(endOffset)
    disk.snapshots.push({ ...id, settings, bytes: encodeSettings(settings) })
    this.#world.tell(this, `writes snapshot ${id.endOffset}-${id.epoch}`)
    this.step({ kind: 'snapshotCreated', id })
    if (this.#world.random.next() < 0.5) return
    disk.snapshots = disk.snapshots.filter((snapshot) => snapshot.endOffset >= endOffset)
    disk.batches = disk.batches.filter((stored) => stored.baseOffset >= endOffset)
    disk.startOffset = endOffset
    this.step({ kind: 'trimmed', startOffset: endOffset })
  }

  #perform(effect: RaftEffect): void {
    switch (effect.kind) {
      case 'persistElection':
        this.#persist(effect.election)
        return
      case 'append':
        this.#append(effect.bytes, effect.sequence)
        return
      case 'truncate':
        this.#world.tell(this, `truncates to ${effect.endOffset}`)
        this.disk.truncate(effect.endOffset)
        return
      case 'send':
        this.#afterPersist(() => this.#world.send(this, effect.requestId, effect.to, effect.request))
        return
      case 'reply':
        this.#afterPersist(() => this.#reply(effect.token, effect.response))
        return
      case 'replyWithRecords':
        this.#afterPersist(() => {
          const records = this.#read(effect.startOffset, effect.endOffset, effect.bytesMax)
          this.#reply(effect.token, { ...effect.response, records })
        })
        return
      case 'replyWithSnapshot':
        this.#afterPersist(() => this.#replyWithSnapshot(effect))
        return
      case 'writeSnapshotChunk':
        if (effect.position === 0) this.#download = []
        this.#download.push(effect.bytes)
        return
      case 'installSnapshot':
        this.#install(effect.id)
        return
      case 'highWatermark':
        this.#world.onHighWatermark(this, effect.highWatermark)
        return
      case 'leaderChange':
        this.#world.onLeaderChange(this, effect.leaderId, effect.epoch)
        return
    }
  }

  #persist(election: ElectionState): void {
    this.#electionWrites++
    this.#world.later(this, this.#world.random.integer(10), () => {
      // Writes may finish in any order here; the file only ever goes forward.
      if (this.disk.election === undefined || election.epoch >= this.disk.election.epoch) this.disk.election = election
      this.#electionWrites--
      if (this.#electionWrites > 0) return
      this.disk.election = this.node?.election
      const actions = this.#outbox
      this.#outbox = []
      for (const action of actions) action()
    })
  }

  #afterPersist(action: () => void): void {
    if (this.#electionWrites === 0) action()
    else this.#outbox.push(action)
  }

  #append(bytes: Buffer, sequence: number): void {
    forEachBatch(bytes, (_, position, size) => {
      this.disk.batches.push({
        baseOffset: batch.baseOffset(bytes, position),
        endOffset: batch.lastOffset(bytes, position) + 1,
        epoch: batch.leaderEpoch(bytes, position),
        bytes: bytes.subarray(position, position + size),
      })
    })
    const written = this.disk.batches.at(-1)!
    const { random } = this.#world
    const isSlow = random.next() < 0.01
    this.#world.later(this, 1 + random.integer(isSlow ? 3000 : 20), () => {
      // A flush that ends after a truncation says nothing of what stands there now.
      if (this.disk.batches.includes(written)) {
        this.disk.flushedOffset = Math.max(this.disk.flushedOffset, written.endOffset)
      }
      this.step({ kind: 'flushed', sequence })
    })
  }

  #read(startOffset: number, endOffset: number, bytesMax: number): Buffer {
    const found: Buffer[] = []
    let size = 0
    for (const stored of this.disk.batches) {
      if (stored.endOffset <= startOffset || stored.endOffset > endOffset) continue
      if (found.length > 0 && size + stored.bytes.length > bytesMax) break
      found.push(stored.bytes)
      size += stored.bytes.length
    }
    return Buffer.concat(found)
  }

  #reply(token: number, response: RaftResponse): void {
    const onReply = this.#replies.get(token)
    this.#replies.delete(token)
    onReply?.(response)
  }

  #replyWithSnapshot(effect: Extract<RaftEffect, { kind: 'replyWithSnapshot' }>): void {
    const { response, bytesMax } = effect
    const { endOffset, epoch } = response.snapshotId
    const snapshot = this.disk.snapshots.find((stored) => stored.endOffset === endOffset && stored.epoch === epoch)
    if (snapshot === undefined) {
      this.#reply(effect.token, { ...response, error: 'SNAPSHOT_NOT_FOUND' })
      return
    }
    const bytes = snapshot.bytes.subarray(response.position, response.position + bytesMax)
    this.#reply(effect.token, { ...response, size: snapshot.bytes.length, bytes })
  }

  #install(id: OffsetAndEpoch): void {
    const bytes = Buffer.concat(this.#download)
    this.#download = []
    this.#world.later(this, 1 + this.#world.random.integer(30), () => {
      const settings = decodeSettings(bytes)
      this.#world.tell(this, `installs snapshot ${id.endOffset}-${id.epoch}`)
      this.disk.snapshots = [{ ...id, settings, bytes }]
      this.disk.batches = []
      this.disk.startOffset = id.endOffset
      this.disk.flushedOffset = id.endOffset
      this.step({ kind: 'snapshotInstalled', id, settings })
    })
  }
}
