/**
 * Carries out what the raft core wants on disk. Appends and truncations reach the log in their order; the log groups
 * appends that come while a flush is under way into the next one. Votes go to `quorum-state`, the latest wins, and
 * whatever must not leave before a vote is durable waits here for it. Any failure is final: `onFailure` hears it once.
 */
import type { LogEnvironment } from '../../log/log-environment.ts'
import type { PartitionLog } from '../../log/partition-log.ts'
import type { OffsetAndEpoch } from '../../raft/log-view.ts'
import type { ElectionState, RaftEffect } from '../../raft/raft-io.ts'
import type { QuorumSettings } from '../../raft/voter-history.ts'
import { writeQuorumState } from './raft-quorum-state.ts'
import type { RaftSnapshotStore } from './raft-snapshot-store.ts'
import type { SnapshotContent, SnapshotPart } from './raft-snapshots.ts'

export interface RaftStorageEvents {
  /** Appends up to this sequence number are on disk. */
  onFlushed(sequence: number): void
  /** `content` is undefined when the download cannot be read; the log was left alone then. */
  onSnapshotInstalled(id: OffsetAndEpoch, content: SnapshotContent | undefined): void
  onFailure(error: Error): void
}

type LogEffect = Extract<RaftEffect, { kind: 'append' | 'truncate' | 'writeSnapshotChunk' | 'installSnapshot' }>

export class RaftStorage {
  readonly #environment: LogEnvironment
  readonly #directory: string
  readonly #log: PartitionLog
  readonly #snapshots: RaftSnapshotStore
  readonly #events: RaftStorageEvents
  /** Appends that the log has not flushed. */
  #unflushed: { readonly sequence: number; readonly endOffset: number }[] = []
  /** Waits for a change of the log or of a snapshot that is under way. */
  #waiting: LogEffect[] = []
  #isChanging = false
  #download: SnapshotPart | undefined
  #election: { readonly state: ElectionState; readonly settings: QuorumSettings } | undefined
  #isWritingElection = false
  #whenElected: (() => void)[] = []
  #isStopped = false

  constructor(environment: LogEnvironment, log: PartitionLog, snapshots: RaftSnapshotStore, events: RaftStorageEvents) {
    this.#environment = environment
    this.#directory = log.directory
    this.#log = log
    this.#snapshots = snapshots
    this.#events = events
    log.setListener({
      onFlushed: (flushedOffset) => this.#onFlushed(flushedOffset),
      onFailure: (error) => this.#fail(error),
    })
  }

  perform(effect: LogEffect): void {
    if (this.#isStopped) return
    if (this.#isChanging) this.#waiting.push(effect)
    else this.#start(effect)
  }

  /** Makes an election state durable; the write begins with `flushElection`, so that one of several is enough. */
  persistElection(state: ElectionState, settings: QuorumSettings): void {
    this.#election = { state, settings }
  }

  flushElection(): void {
    if (this.#election === undefined || this.#isWritingElection || this.#isStopped) return
    this.#isWritingElection = true
    this.#writeElections().catch((error: Error) => this.#fail(error))
  }

  /** Runs `action` once every election state so far is durable: at once when it is. */
  afterElection(action: () => void): void {
    if (this.#election === undefined && !this.#isWritingElection) action()
    else this.#whenElected.push(action)
  }

  stop(): void {
    this.#isStopped = true
    this.#log.setListener({})
  }

  async #writeElections(): Promise<void> {
    while (this.#election !== undefined) {
      const { state, settings } = this.#election
      this.#election = undefined
      const { kraftVersion, voters } = settings
      await writeQuorumState(this.#environment.fileSystem, this.#directory, state, {
        kraftVersion,
        voterIds: voters.ids,
      })
    }
    this.#isWritingElection = false
    const actions = this.#whenElected
    this.#whenElected = []
    for (const action of actions) if (!this.#isStopped) action()
  }

  #start(effect: LogEffect): void {
    switch (effect.kind) {
      case 'append':
        this.#append(effect)
        return
      case 'truncate':
        this.#change(() => this.#log.truncateTo(effect.endOffset))
        return
      case 'writeSnapshotChunk':
        this.#change(() => this.#writeChunk(effect.id, effect.position, effect.bytes))
        return
      case 'installSnapshot':
        this.#change(() => this.#install(effect.id))
        return
    }
  }

  #append({ sequence, endOffset, bytes }: Extract<LogEffect, { kind: 'append' }>): void {
    try {
      this.#unflushed.push({ sequence, endOffset })
      this.#log.appendAsFollower(bytes)
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #onFlushed(flushedOffset: number): void {
    let sequence = 0
    while (this.#unflushed.length > 0 && this.#unflushed[0]!.endOffset <= flushedOffset) {
      sequence = this.#unflushed.shift()!.sequence
    }
    if (sequence > 0) this.#events.onFlushed(sequence)
  }

  /** Runs a change that others must wait for; then what waited. */
  #change(change: () => Promise<void>): void {
    this.#isChanging = true
    change().then(
      () => {
        this.#isChanging = false
        while (!this.#isChanging && this.#waiting.length > 0) this.#start(this.#waiting.shift()!)
      },
      (error: Error) => this.#fail(error),
    )
  }

  async #writeChunk(id: OffsetAndEpoch, position: number, bytes: Buffer): Promise<void> {
    if (position === 0) {
      await this.#download?.discard()
      this.#download = await this.#snapshots.create(id)
    }
    await this.#download!.write([bytes])
  }

  async #install(id: OffsetAndEpoch): Promise<void> {
    const part = this.#download!
    this.#download = undefined
    const content = await part.verify().catch(() => undefined)
    if (content === undefined) {
      await part.discard()
      this.#events.onSnapshotInstalled(id, undefined)
      return
    }
    await part.complete()
    await this.#log.truncateFullyAndStartAt(id.endOffset)
    this.#unflushed = []
    await this.#snapshots.replaceAll({ ...id, sizeInBytes: content.sizeInBytes })
    this.#events.onSnapshotInstalled(id, content)
  }

  #fail(error: Error): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#events.onFailure(error)
  }
}
