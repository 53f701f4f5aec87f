/**
 * Drives the raft core (raft/raft-node.ts) over a real metadata log: takes inputs from clock, disk, network and the
 * state machine, carries out the effects of each step, and gives what is committed to its listener. A single node is a
 * quorum of one and goes the same way: elected at once, committed by its own flush. Built by node.ts; the controller and
 * the metadata publisher are behind the listener.
 *
 * Whatever fails here is final: the driver stops, and `onFailure` ends the node.
 */
import { assert } from '../../base/assert.ts'
import type { Timer } from '../../base/clock.ts'
import type { LogEnvironment } from '../../log/log-environment.ts'
import type { PartitionLog } from '../../log/partition-log.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { batchBytesMax } from '../../raft/log-batches.ts'
import type { OffsetAndEpoch } from '../../raft/log-view.ts'
import type { AddVoterRequest, RaftRequest, RaftResponse } from '../../raft/messages.ts'
import type { QuorumDescription } from '../../raft/quorum-description.ts'
import type { RaftConfig, RaftEffect, RaftInput, RaftTime } from '../../raft/raft-io.ts'
import type { RaftNetwork } from '../../raft/raft-network.ts'
import { RaftNode } from '../../raft/raft-node.ts'
import type { QuorumSettings } from '../../raft/voter-history.ts'
import { describeReplica, type Endpoint, type Voter } from '../../raft/voter-set.ts'
import { ForeignClusters } from '../controller/foreign-clusters.ts'
import { RaftDelivery } from './raft-delivery.ts'
import type { RaftListener } from './raft-listener.ts'
import { type MetadataLogSettings, type OpenedMetadataLog, openMetadataLog } from './raft-metadata-log.ts'
import { ReplicaKnowledge } from './raft-replica-knowledge.ts'
import { type MetadataRetention, RaftSnapshotStore } from './raft-snapshot-store.ts'
import type { SnapshotContent } from './raft-snapshots.ts'
import { RaftStorage } from './raft-storage.ts'

export interface RaftDriverOptions {
  /** metadata.log.dir: the log directory, formatted, that holds `__cluster_metadata-0`. */
  readonly logDirectory: string
  readonly config: RaftConfig
  /** controller.quorum.voters: a static quorum. Empty where voters come from the log. */
  readonly staticVoters: readonly Voter[]
  readonly logSettings: MetadataLogSettings
  readonly retention: MetadataRetention
  /** Lanes and caches of its own, so that partitions do not hold up the metadata log. */
  readonly environment: LogEnvironment
  readonly network: RaftNetwork
  readonly listener: RaftListener
  readonly onFailure: (error: Error) => void
}

type OnReply = (response: RaftResponse) => void

/** Who waits for an answer. */
interface Asker {
  readonly onReply: OnReply
  readonly onStopped: () => void
}

/** Kafka 4.3.1's defaults of metadata.log.segment.* and metadata.max.retention.*. */
export const defaultMetadataLogSettings: MetadataLogSettings = { segmentBytes: 1_073_741_824, segmentMs: 604_800_000 }
export const defaultMetadataRetention: MetadataRetention = { bytesMax: 104_857_600, ageMsMax: 604_800_000 }

export class RaftDriver {
  readonly #options: RaftDriverOptions
  readonly #environment: LogEnvironment
  readonly #log: PartitionLog
  readonly #raft: RaftNode
  readonly #storage: RaftStorage
  readonly #snapshots: RaftSnapshotStore
  readonly #delivery: RaftDelivery
  #loaded: { readonly id: OffsetAndEpoch; readonly content: SnapshotContent } | undefined
  #effects: RaftEffect[] = []
  #isPerforming = false
  #isStarted = false
  #isStopped = false
  #isWritingSnapshot = false
  #timer: Timer | undefined
  #timerDueMs = Number.POSITIVE_INFINITY
  #token = 0
  readonly #askers = new Map<number, Asker>()
  readonly #knowledge: ReplicaKnowledge
  readonly #whenLeaderChanged = new Set<() => void>()
  readonly #foreignClusters: ForeignClusters

  private constructor(options: RaftDriverOptions, opened: OpenedMetadataLog) {
    const { environment, config, listener } = options
    this.#options = options
    this.#environment = environment
    this.#log = opened.log
    this.#foreignClusters = new ForeignClusters(config.clusterId, environment.logger)
    this.#raft = new RaftNode(config, opened.start, environment.random, this.#time())
    const { fileSystem, clock } = environment
    this.#snapshots = new RaftSnapshotStore(fileSystem, opened.directory, clock, opened.snapshots)
    this.#storage = new RaftStorage(environment, opened.log, this.#snapshots, {
      onFlushed: (sequence) => this.#step({ kind: 'flushed', sequence }),
      onSnapshotInstalled: (id, content) => this.#onSnapshotInstalled(id, content),
      onFailure: (error) => this.#fail(error),
    })
    this.#knowledge = new ReplicaKnowledge(this.#raft, environment.clock)
    const newest = opened.snapshots.at(-1)
    const startOffset = newest?.endOffset ?? opened.log.logStartOffset
    this.#delivery = new RaftDelivery(opened.log, clock, startOffset, listener, (error) => this.#fail(error))
    if (newest !== undefined && opened.content !== undefined) this.#loaded = { id: newest, content: opened.content }
  }

  /** Opens the metadata log. Rejects when the disk fails or the directory cannot be what a metadata log is. */
  static async open(options: RaftDriverOptions): Promise<RaftDriver> {
    const { logDirectory, logSettings, staticVoters, environment } = options
    return new RaftDriver(options, await openMetadataLog(logDirectory, logSettings, staticVoters, environment))
  }

  /** Gives the newest snapshot to the listener and takes up a role. A lone voter leads before this returns. */
  start(): void {
    assert(!this.#isStarted, 'a raft driver starts once')
    this.#isStarted = true
    const loaded = this.#loaded
    this.#loaded = undefined
    if (loaded !== undefined && loaded.id.endOffset > 0) this.#delivery.loadSnapshot(loaded.id, loaded.content)
    this.#step({ kind: 'tick' })
  }

  get nodeId(): number {
    return this.#raft.nodeId
  }

  /** -1 when not known. */
  get leaderId(): number {
    return this.#raft.leaderId
  }

  get epoch(): number {
    return this.#raft.epoch
  }

  get isLeader(): boolean {
    return this.#raft.isLeader
  }

  /** Who leads and where it is reached; undefined while that is not known. */
  get leader(): { readonly id: number; readonly endpoint: Endpoint } | undefined {
    const { leaderId: id, leaderEndpoint: endpoint } = this.#raft
    return id < 0 || endpoint === undefined ? undefined : { id, endpoint }
  }

  /** The offset that the next appended record gets. */
  get logEndOffset(): number {
    return this.#raft.logEndOffset
  }

  /** The offset below which the log is committed, as far as this node knows; -1 when it knows nothing. */
  get highWatermark(): number {
    return this.#raft.highWatermark
  }

  /** Where the newest snapshot ends; 0 without one. */
  get latestSnapshotEndOffset(): number {
    return this.#snapshots.files.at(-1)?.endOffset ?? 0
  }

  /** Voters and kraft.version as they hold now. */
  get settings(): QuorumSettings {
    return this.#raft.settings
  }

  /**
   * Appends framed metadata records as one atomic batch; returns the offset of the last, which is committed once the
   * listener is given it. Throws KafkaError: NOT_CONTROLLER when this node does not lead, RECORD_LIST_TOO_LARGE beyond 8 MiB,
   * REQUEST_TIMED_OUT when too much waits for the disk.
   */
  append(records: readonly Buffer[]): number {
    if (this.#isStopped) throw new KafkaError('NOT_CONTROLLER', 'The metadata log is closed')
    if (!this.#log.canAppend(batchBytesMax)) {
      throw new KafkaError('REQUEST_TIMED_OUT', `${this.#log.queuedBytes} bytes wait for the metadata log's disk`)
    }
    this.#step({ kind: 'append', values: records })
    return this.#raft.logEndOffset - 1
  }

  /**
   * Raises the finalized kraft.version; committed once what is appended after it is. Throws KafkaError: NOT_CONTROLLER when
   * this node does not lead, INVALID_UPDATE_VERSION when the voters cannot go there.
   */
  upgradeKraftVersion(kraftVersion: number): void {
    if (this.#isStopped) throw new KafkaError('NOT_CONTROLLER', 'The metadata log is closed')
    this.#step({ kind: 'upgradeKraftVersion', kraftVersion })
  }

  /**
   * A raft request of another node. Calls one of the two once, maybe within this call; `onStopped` also before the start,
   * when listeners may be open already.
   */
  handleRequest(request: RaftRequest, onReply: OnReply, onStopped: () => void = () => {}): void {
    this.#foreignClusters.onRequest(request)
    if (this.#isStopped || !this.#isStarted) onStopped()
    else if (request.kind === 'addVoter') this.#addVoter(request, { onReply, onStopped })
    else this.#take(request, { onReply, onStopped })
  }

  /** The network saw the process of `id` go: a hint, of which leader-gone.ts says what it decides. */
  onPeerGone(id: number): void {
    if (this.#isStarted) this.#step({ kind: 'peerGone', id })
  }

  /**
   * Resolves once each of those replicas, voters or observers, has shown in its fetches that it knows `offset` to be
   * committed; else after `timeoutMs`, or when this node does not lead (any more).
   */
  whenReplicasKnow(ids: readonly number[], offset: number, timeoutMs: number): Promise<void> {
    return this.#knowledge.whenKnown(ids, offset, timeoutMs)
  }

  #take(request: RaftRequest, asker: Asker): void {
    this.#token++
    this.#askers.set(this.#token, asker)
    this.#step({ kind: 'request', token: this.#token, request })
    if (request.kind === 'fetch') this.#knowledge.check()
  }

  /** A new voter must be there, where it says, and able to take part: the leader asks before it counts it. */
  #addVoter(request: AddVoterRequest, asker: Asker): void {
    const { network, config } = this.#options
    const endpoint = request.voter.endpoints.find(({ name }) => name === config.endpoints[0]?.name)
    const refusal = this.#raft.refusalOf(request, this.#time())
    if (network.probe === undefined || refusal !== undefined || endpoint === undefined) {
      this.#take(request, asker)
      return
    }
    network.probe(endpoint, (supported) => {
      if (this.#isStopped) asker.onStopped()
      else if (supported === undefined) asker.onReply(unreachable(request))
      else this.#take({ ...request, voter: { ...request.voter, ...supported } }, asker)
    })
  }

  /** Gives up leadership of `epoch`, if it still has it: the state machine cannot go on. */
  resign(epoch: number): void {
    if (this.#raft.isLeader && this.#raft.epoch === epoch) this.#step({ kind: 'resign' })
  }

  describeQuorum(): QuorumDescription {
    return this.#raft.describeQuorum(this.#time())
  }

  /**
   * Writes a snapshot of the state machine as of `endOffset` (exclusive), which must have been delivered, then lets go of
   * what retention allows. `batches` yields the record values of one batch at a time and is drawn from in slices. Resolves
   * with false when there is one already for that offset, or one is being written. Rejects when the disk fails.
   */
  async writeSnapshot(
    endOffset: number,
    batches: Iterable<readonly Buffer[]>,
    appendTimestampMs?: number,
  ): Promise<boolean> {
    assert(endOffset <= this.#delivery.nextOffset, `a snapshot of ${endOffset}, delivered ${this.#delivery.nextOffset}`)
    if (this.#isWritingSnapshot || this.#isStopped || endOffset <= this.latestSnapshotEndOffset) return false
    this.#isWritingSnapshot = true
    try {
      const file = await this.#snapshots.write(
        endOffset,
        {
          epoch: this.#raft.epochBefore(endOffset),
          lastContainedLogTimestamp: appendTimestampMs ?? this.#delivery.lastTimestampMs,
          settings: this.#raft.settingsBefore(endOffset),
        },
        batches,
      )
      if (this.#isStopped) return true
      this.#step({ kind: 'snapshotCreated', id: file })
      // A new segment, so that the old ones can go as a whole and recovery reads little.
      this.#log.roll()
      await this.#trim()
      return true
    } finally {
      this.#isWritingSnapshot = false
    }
  }

  /** Lets go of what metadata.max.retention.* allow; also done after each snapshot. */
  async #trim(): Promise<void> {
    const first = await this.#snapshots.firstToKeep(this.#options.retention, this.#log.sizeInBytes)
    if (first === undefined || this.#isStopped) return
    this.#log.advanceLogStartOffset(first.endOffset)
    this.#step({ kind: 'trimmed', startOffset: first.endOffset })
    await this.#snapshots.removeBefore(first.endOffset)
    await this.#log.deleteOldSegments(this.#environment.clock.now())
  }

  /** Stops. A leader with other voters resigns first and waits up to `handoverMs` for another to be elected. */
  async close(handoverMs = 0): Promise<void> {
    if (this.#isStopped) return
    if (this.#isStarted && this.#raft.isLeader && this.#raft.settings.voters.size > 1) {
      this.#step({ kind: 'resign' })
      if (handoverMs > 0) await this.#leaderChange(handoverMs)
    }
    this.#stop()
    await this.#log.close()
  }

  #leaderChange(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel()
        this.#whenLeaderChanged.delete(done)
        resolve()
      }
      const timer = this.#environment.clock.schedule(timeoutMs, done)
      this.#whenLeaderChanged.add(done)
    })
  }

  #stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
    this.#storage.stop()
    this.#delivery.stop()
    const askers = [...this.#askers.values()]
    this.#askers.clear()
    for (const { onStopped } of askers) onStopped()
    this.#knowledge.giveUp()
    for (const done of [...this.#whenLeaderChanged]) done()
  }

  #fail(error: Error): void {
    if (this.#isStopped) return
    this.#environment.logger.error('the metadata log stops', { error: error.message })
    this.#stop()
    this.#options.onFailure(error)
  }

  #time(): RaftTime {
    const { clock } = this.#environment
    return { monotonicMs: clock.monotonic(), wallMs: clock.now() }
  }

  #step(input: RaftInput): void {
    if (this.#isStopped) return
    const wasLeader = this.#raft.isLeader
    let deadlineMs: number
    try {
      const output = this.#raft.step(input, this.#time())
      for (const effect of output.effects) this.#effects.push(effect)
      deadlineMs = output.deadlineMs
    } catch (error) {
      const isAsked = input.kind === 'append' || input.kind === 'upgradeKraftVersion'
      if (error instanceof KafkaError && isAsked) throw error
      this.#fail(error as Error)
      return
    }
    this.#wakeAt(deadlineMs)
    this.#perform()
    if (!wasLeader || this.#raft.isLeader) return
    this.#delivery.onResigned()
    this.#knowledge.giveUp()
  }

  /** A timer that fires too early costs a step; so only an earlier deadline sets a new one. */
  #wakeAt(deadlineMs: number): void {
    if (deadlineMs >= this.#timerDueMs || deadlineMs === Number.POSITIVE_INFINITY) return
    this.#timer?.cancel()
    this.#timerDueMs = deadlineMs
    const { clock } = this.#environment
    const delayMs = Math.max(0, Math.ceil(deadlineMs - clock.monotonic()))
    this.#timer = clock.schedule(delayMs, () => {
      this.#timerDueMs = Number.POSITIVE_INFINITY
      this.#step({ kind: 'tick' })
    })
  }

  /** Carries out effects in their order; those of steps that an effect causes come behind. */
  #perform(): void {
    if (this.#isPerforming) return
    this.#isPerforming = true
    for (let index = 0; index < this.#effects.length && !this.#isStopped; index++) {
      this.#performOne(this.#effects[index]!)
    }
    this.#effects = []
    this.#isPerforming = false
    this.#storage.flushElection()
  }

  #performOne(effect: RaftEffect): void {
    switch (effect.kind) {
      case 'persistElection':
        this.#storage.persistElection(effect.election, this.#raft.settings)
        return
      case 'append':
      case 'truncate':
      case 'writeSnapshotChunk':
      case 'installSnapshot':
        this.#storage.perform(effect)
        return
      case 'highWatermark':
        this.#log.updateHighWatermark(effect.highWatermark)
        this.#delivery.onHighWatermark(effect.highWatermark)
        return
      case 'leaderChange':
        this.#onLeaderChange(effect)
        return
      case 'send':
        this.#storage.afterElection(() => this.#send(effect))
        return
      case 'reply':
        this.#storage.afterElection(() => this.#reply(effect.token, effect.response))
        return
      case 'replyWithRecords':
        this.#storage.afterElection(() => this.#replyLater(effect.token, this.#readRecords(effect)))
        return
      case 'replyWithSnapshot':
        this.#storage.afterElection(() => this.#replyLater(effect.token, this.#readSnapshot(effect)))
        return
    }
  }

  #onLeaderChange({ leaderId, epoch, epochStartOffset }: Extract<RaftEffect, { kind: 'leaderChange' }>): void {
    if (leaderId >= 0) this.#environment.logger.info('leader of the metadata quorum', { leaderId, epoch })
    else this.#environment.logger.debug('the metadata quorum elects a leader', { epoch })
    this.#delivery.onLeaderChange(leaderId, epoch, epochStartOffset)
    if (leaderId !== -1) for (const done of [...this.#whenLeaderChanged]) done()
  }

  #send({ requestId, to, request }: Extract<RaftEffect, { kind: 'send' }>): void {
    this.#options.network.send(to, request, (response) => {
      this.#foreignClusters.onAnswer(to, response)
      this.#step(
        response === undefined ? { kind: 'requestFailed', requestId } : { kind: 'response', requestId, response },
      )
    })
  }

  #reply(token: number, response: RaftResponse): void {
    const asker = this.#askers.get(token)
    this.#askers.delete(token)
    asker?.onReply(response)
  }

  #replyLater(token: number, response: Promise<RaftResponse>): void {
    response.then(
      (found) => this.#reply(token, found),
      (error: Error) => this.#fail(error),
    )
  }

  /** What was read may be of a log that was cut since: only a leader of the same epoch vouches for it. */
  async #readRecords(effect: Extract<RaftEffect, { kind: 'replyWithRecords' }>): Promise<RaftResponse> {
    const { response, startOffset, endOffset, bytesMax } = effect
    try {
      const records = await this.#log.readBatches(startOffset, endOffset, bytesMax)
      if (this.#raft.isLeader && this.#raft.epoch === response.epoch) return { ...response, records }
    } catch (error) {
      // Trimmed meanwhile: the next fetch is told of the snapshot.
      if (!(error instanceof KafkaError) || error.error !== 'OFFSET_OUT_OF_RANGE') throw error
    }
    const { leaderId, epoch } = this.#raft
    return {
      ...response,
      error: 'NOT_LEADER_OR_FOLLOWER',
      leaderId,
      epoch,
      leaderEndpoint: undefined,
      highWatermark: -1,
      logStartOffset: -1,
    }
  }

  async #readSnapshot(effect: Extract<RaftEffect, { kind: 'replyWithSnapshot' }>): Promise<RaftResponse> {
    const { response, bytesMax } = effect
    const chunk = await this.#snapshots.readChunk(response.snapshotId, response.position, bytesMax)
    return chunk === undefined ? { ...response, error: 'POSITION_OUT_OF_RANGE' } : { ...response, ...chunk }
  }

  #onSnapshotInstalled(id: OffsetAndEpoch, content: SnapshotContent | undefined): void {
    if (content === undefined) {
      this.#step({ kind: 'snapshotRefused', id })
      return
    }
    this.#delivery.loadSnapshot(id, content)
    this.#step({ kind: 'snapshotInstalled', id, settings: content.settings })
  }
}

function unreachable({ voter, kind }: AddVoterRequest): RaftResponse {
  const { host, port } = voter.endpoints[0]!
  const message = `New voter ${describeReplica(voter)} at ${host}:${port} did not answer when it was asked for its versions`
  return {
    kind,
    error: 'REQUEST_TIMED_OUT',
    isTopLevel: true,
    leaderId: -1,
    epoch: -1,
    leaderEndpoint: undefined,
    message,
  }
}
