/**
 * What a coordinator is to the shell that drives it (runtime/coordinator-runtime.ts): the state of one partition of an
 * internal topic as a pure machine. Requests call the methods of their machine; it validates against its state, emits
 * records (which it has replayed already, at the offsets that they will get) and replies, and says when it wants to be
 * called again. The shell appends the records, tells when they are committed or that they could not be written, and
 * delivers replies by token.
 *
 * Invariant: hard state is exactly the replay of the records below `endOffset`. Soft state (who waits, deadlines) is
 * lost when the partition moves, on purpose.
 */
import type { KafkaError } from '../protocol/errors.ts'

/** The time of an input: the wall clock for what is stored, the monotonic clock for deadlines. */
export interface Instant {
  /** Integer milliseconds since 1970. */
  readonly wallMs: number
  readonly monotonicMs: number
}

export interface CoordinatorRecord {
  readonly key: Buffer
  /** Null: a tombstone. */
  readonly value: Buffer | null
}

/** Records that are written together or not at all. */
export interface CoordinatorWrite {
  readonly records: readonly CoordinatorRecord[]
  /**
   * The records are committed, or with `error` they could not be written and are undone. May emit replies and writes.
   */
  readonly onSettled: ((now: Instant, error: KafkaError | undefined) => void) | undefined
}

/** Names who waits for an answer that does not come at once; the shell chooses it. */
export type ReplyToken = number

export interface CoordinatorReply {
  readonly token: ReplyToken
  readonly response: object
}

export interface CoordinatorOutput {
  readonly replies: readonly CoordinatorReply[]
  readonly writes: readonly CoordinatorWrite[]
}

export interface CoordinatorMachine {
  /** Exclusive: the offset that the next record gets. */
  readonly endOffset: number
  /** A record that is in the log. `producerId` is -1n unless it belongs to a transaction. */
  replay(offset: number, producerId: bigint, key: Buffer | null, value: Buffer | null): void
  /** A transaction's end in the log. */
  replayEndTransaction(offset: number, producerId: bigint, isCommit: boolean): void
  /** There are no more records below `endOffset`: compaction took the last ones. */
  advanceTo(endOffset: number): void
  /** Records below `endOffset` will not be undone. */
  commitTo(endOffset: number): void
  /** Undoes the records from `endOffset` on. */
  undoTo(endOffset: number): void
  /** The log is replayed: from now on this machine answers. */
  becomeActive(now: Instant): void
  /** It answers no more; who waits is told NOT_COORDINATOR. */
  becomeInactive(): void
  /** In monotonic milliseconds; undefined when nothing is due. */
  nextDueMs(): number | undefined
  /** Runs what is due. */
  runDue(now: Instant): void
  /** What was emitted since the last call. */
  takeOutput(): CoordinatorOutput
}

const noOutput: CoordinatorOutput = { replies: [], writes: [] }

/** Collects what one input leads to. */
export class CoordinatorOutbox {
  #replies: CoordinatorReply[] = []
  #writes: CoordinatorWrite[] = []

  reply(token: ReplyToken, response: object): void {
    this.#replies.push({ token, response })
  }

  write(write: CoordinatorWrite): void {
    this.#writes.push(write)
  }

  /** Takes back a reply that is better sent later. */
  takeReply(token: ReplyToken): object | undefined {
    const at = this.#replies.findIndex((reply) => reply.token === token)
    return at < 0 ? undefined : this.#replies.splice(at, 1)[0]!.response
  }

  take(): CoordinatorOutput {
    if (this.#replies.length === 0 && this.#writes.length === 0) return noOutput
    const output = { replies: this.#replies, writes: this.#writes }
    this.#replies = []
    this.#writes = []
    return output
  }
}
