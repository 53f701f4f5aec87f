/**
 * The producers of one partition: which sequence numbers it saw (idempotence, KIP-98), which transactions are open and
 * which are decided above the high watermark, hence the first unstable offset. A leader asks `check` before it appends a
 * batch; every appended or replayed batch then goes through `replay`, on leader, follower and recovery alike, so that the
 * state is a function of the log. Rules and error codes are Kafka 4.3.1's.
 */
import { KafkaError } from '../protocol/errors.ts'
import * as batch from '../protocol/record/batch-header.ts'
import { ProducerEntry, type RememberedBatch } from './producer-entry.ts'
import { encodeProducerSnapshot } from './producer-snapshot.ts'
import { readTransactionMarker, type TransactionMarkerFacts } from './transaction-marker.ts'

/** Who appends: it decides what is checked. `replication` was checked by the leader. */
export type AppendOrigin = 'client' | 'coordinator' | 'raft' | 'replication'

export interface ProducerCheckOptions {
  readonly origin: AppendOrigin
  /** False refuses the first batch of a transaction: the coordinator has not confirmed that it is open. Default true. */
  readonly isTransactionVerified?: boolean
  /** Of a marker: 2 (KIP-890) demands that it raises the producer epoch. Default 0. */
  readonly transactionVersion?: number
  /** The lowest sequence that waits for verification (KIP-890); undefined when none does. */
  readonly lowestSequence?: number
  /** The client raises its epoch with each transaction, so that an unknown producer must start at sequence 0. Default false. */
  readonly supportsEpochBump?: boolean
}

export interface CompletedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
  /** That of the marker. */
  readonly lastOffset: number
  readonly isAborted: boolean
  /** The last stable offset right after the marker, as far as transactions decide it. */
  readonly lastStableOffset: number
}

/** Producer ids come from our own blocks and are small; what else a client makes up is kept exactly. */
type ProducerKey = number | bigint

export class ProducerState {
  readonly #producers = new Map<ProducerKey, ProducerEntry>()
  /** First offsets of open transactions, ascending, with their producers. */
  readonly #ongoing = new Map<number, ProducerEntry>()
  /** First to last offset of transactions whose marker is not below the high watermark. */
  readonly #unreplicated = new Map<number, number>()
  /** Everything below was replayed. */
  endOffset = 0

  get producersCount(): number {
    return this.#producers.size
  }

  get producers(): Iterable<ProducerEntry> {
    return this.#producers.values()
  }

  entry(producerId: bigint): ProducerEntry | undefined {
    return this.#producers.get(keyOf(producerId))
  }

  /** First offset of a transaction that is open, or decided above the high watermark; undefined when all is stable. */
  get firstUnstableOffset(): number | undefined {
    let first = this.firstUndecidedOffset
    if (this.#unreplicated.size > 0) {
      for (const offset of this.#unreplicated.keys()) if (first === undefined || offset < first) first = offset
    }
    return first
  }

  /** First offset of a transaction that is neither committed nor aborted. */
  get firstUndecidedOffset(): number | undefined {
    return this.#ongoing.size === 0 ? undefined : this.#ongoing.keys().next().value
  }

  /** True while `producerId` has a transaction open in this epoch. */
  hasOngoingTransaction(producerId: bigint, producerEpoch: number): boolean {
    const entry = this.entry(producerId)
    return entry !== undefined && entry.transactionFirstOffset >= 0 && entry.producerEpoch === producerEpoch
  }

  /**
   * Checks a batch with a producer id before a leader appends it. Returns what was appended before when it is a
   * repetition. Throws KafkaError: INVALID_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_TXN_STATE,
   * TRANSACTION_COORDINATOR_FENCED. Changes nothing.
   */
  check(bytes: Buffer, position: number, options: ProducerCheckOptions): RememberedBatch | undefined {
    const entry = this.#producers.get(keyAt(bytes, position))
    const epoch = batch.producerEpoch(bytes, position)
    const isClient = options.origin === 'client'
    if (isClient && entry !== undefined && entry.producerEpoch === epoch) {
      const repeated = entry.findBatch(batch.baseSequence(bytes, position), batch.lastSequence(bytes, position))
      if (repeated !== undefined) return repeated
    }
    const isTransactional = batch.isTransactional(bytes, position)
    const isControl = batch.isControl(bytes, position)
    if (isTransactional && (isClient || options.origin === 'coordinator')) {
      checkVerified(entry, epoch, isControl || options.isTransactionVerified !== false)
    }
    if (isControl) {
      const marker = readTransactionMarker(bytes, position)
      if (marker !== undefined) checkMarker(entry, epoch, marker, options.transactionVersion ?? 0)
      return undefined
    }
    if (entry !== undefined && epoch < entry.producerEpoch) throw invalidEpoch(entry, epoch)
    if (isClient) checkSequence(entry, epoch, batch.baseSequence(bytes, position), options)
    if (entry !== undefined && entry.transactionFirstOffset >= 0 && !isTransactional) {
      throw new KafkaError('INVALID_TXN_STATE', `Producer ${entry.producerId} must write transactionally`)
    }
    return undefined
  }

  /**
   * The producer of a batch that `check` refuses as out of order though it may be a repetition: it comes before what is
   * known of the producer, and only a part is known. Undefined when it is out of order for certain.
   */
  findForgetful(bytes: Buffer, position: number): ProducerEntry | undefined {
    const entry = this.#producers.get(keyAt(bytes, position))
    if (entry === undefined || entry.missingCount === 0) return undefined
    if (entry.producerEpoch !== batch.producerEpoch(bytes, position)) return undefined
    return entry.isBeforeLast(batch.baseSequence(bytes, position)) ? entry : undefined
  }

  /** Takes in a batch that is in the log, offsets stamped. Returns the transaction that it completed. */
  replay(bytes: Buffer, position: number): CompletedTransaction | undefined {
    const firstOffset = batch.baseOffset(bytes, position)
    const lastOffset = firstOffset + batch.lastOffsetDelta(bytes, position)
    this.endOffset = lastOffset + 1
    if (!batch.hasProducerId(bytes, position)) return undefined
    if (batch.isControl(bytes, position)) {
      const marker = readTransactionMarker(bytes, position)
      return marker === undefined ? undefined : this.#replayMarker(bytes, position, marker, firstOffset)
    }
    const entry = this.#getOrCreate(bytes, position)
    entry.setEpoch(batch.producerEpoch(bytes, position))
    entry.addBatch(
      batch.lastSequence(bytes, position),
      lastOffset,
      lastOffset - firstOffset,
      batch.maxTimestamp(bytes, position),
    )
    if (entry.transactionFirstOffset < 0 && batch.isTransactional(bytes, position)) {
      entry.transactionFirstOffset = firstOffset
      this.#ongoing.set(firstOffset, entry)
    }
    return undefined
  }

  /** Transactions decided below the high watermark are stable. */
  onHighWatermark(highWatermark: number): void {
    if (this.#unreplicated.size === 0) return
    for (const [firstOffset, lastOffset] of this.#unreplicated) {
      if (lastOffset < highWatermark) this.#unreplicated.delete(firstOffset)
    }
  }

  /** Forgets everything, then takes the producers of a snapshot that ends at `endOffset`. */
  reset(endOffset: number, entries: readonly ProducerEntry[] = []): void {
    this.#producers.clear()
    this.#ongoing.clear()
    this.#unreplicated.clear()
    this.endOffset = endOffset
    for (const entry of entries) this.#producers.set(keyOf(entry.producerId), entry)
    const open = entries.filter((entry) => entry.transactionFirstOffset >= 0)
    open.sort((left, right) => left.transactionFirstOffset - right.transactionFirstOffset)
    for (const entry of open) this.#ongoing.set(entry.transactionFirstOffset, entry)
  }

  /** Forgets producers that wrote nothing for `expirationMs`, unless they have a transaction open. */
  removeExpired(nowMs: number, expirationMs: number): void {
    for (const [key, entry] of this.#producers) {
      if (entry.transactionFirstOffset < 0 && nowMs - entry.lastTimestamp >= expirationMs) this.#producers.delete(key)
    }
  }

  encodeSnapshot(): Buffer {
    return encodeProducerSnapshot(this.#producers.values(), this.#producers.size)
  }

  #replayMarker(
    bytes: Buffer,
    position: number,
    marker: TransactionMarkerFacts,
    offset: number,
  ): CompletedTransaction | undefined {
    const entry = this.#getOrCreate(bytes, position)
    const firstOffset = entry.transactionFirstOffset
    entry.setEpoch(batch.producerEpoch(bytes, position))
    entry.coordinatorEpoch = marker.coordinatorEpoch
    entry.lastTimestamp = marker.timestamp
    entry.transactionFirstOffset = -1
    if (firstOffset < 0) return undefined
    this.#ongoing.delete(firstOffset)
    this.#unreplicated.set(firstOffset, offset)
    return {
      producerId: entry.producerId,
      firstOffset,
      lastOffset: offset,
      isAborted: marker.isAbort,
      lastStableOffset: this.firstUndecidedOffset ?? offset + 1,
    }
  }

  #getOrCreate(bytes: Buffer, position: number): ProducerEntry {
    const key = keyAt(bytes, position)
    let entry = this.#producers.get(key)
    if (entry === undefined) {
      entry = new ProducerEntry(BigInt(key))
      this.#producers.set(key, entry)
    }
    return entry
  }
}

function keyOf(producerId: bigint): ProducerKey {
  return producerId <= Number.MAX_SAFE_INTEGER ? Number(producerId) : producerId
}

/** The key of the batch's producer, without making a bigint where a number holds it. */
function keyAt(bytes: Buffer, position: number): ProducerKey {
  const id = batch.readLong(bytes, position + batch.producerIdPosition)
  return id <= Number.MAX_SAFE_INTEGER ? id : batch.producerId(bytes, position)
}

function checkVerified(entry: ProducerEntry | undefined, epoch: number, isVerified: boolean): void {
  if (entry !== undefined && entry.transactionFirstOffset >= 0 && entry.producerEpoch === epoch) return
  if (entry !== undefined && epoch < entry.producerEpoch) throw invalidEpoch(entry, epoch)
  if (!isVerified) throw new KafkaError('INVALID_TXN_STATE', 'Record was not part of an ongoing transaction')
}

function checkMarker(
  entry: ProducerEntry | undefined,
  epoch: number,
  marker: TransactionMarkerFacts,
  transactionVersion: number,
): void {
  if (entry === undefined) return
  const isRetry = epoch === entry.producerEpoch && (entry.transactionFirstOffset < 0 || epoch === 0x7fff)
  const isStale = transactionVersion >= 2 ? epoch <= entry.producerEpoch && !isRetry : epoch < entry.producerEpoch
  if (isStale) throw invalidEpoch(entry, epoch)
  if (entry.coordinatorEpoch > marker.coordinatorEpoch) {
    throw new KafkaError(
      'TRANSACTION_COORDINATOR_FENCED',
      `Coordinator epoch ${marker.coordinatorEpoch} is older than ${entry.coordinatorEpoch}`,
    )
  }
}

function checkSequence(
  entry: ProducerEntry | undefined,
  epoch: number,
  sequence: number,
  { lowestSequence, supportsEpochBump }: ProducerCheckOptions,
): void {
  const isUnknown = entry === undefined || !entry.hasBatches
  if (lowestSequence !== undefined && supportsEpochBump && sequence !== 0 && isUnknown) {
    throw outOfOrder(`a new transaction starts at 0, not at ${sequence}`)
  }
  if (lowestSequence !== undefined && sequence > lowestSequence) {
    throw outOfOrder(`${sequence} came after ${lowestSequence}, which waits for verification`)
  }
  if (entry === undefined || entry.producerEpoch < 0) return
  if (epoch !== entry.producerEpoch) {
    if (sequence !== 0) throw outOfOrder(`${sequence}, but epoch ${epoch} is new and starts at 0`)
    return
  }
  const last = entry.lastSequence
  if (sequence !== last + 1 && !(sequence === 0 && last === 0x7fff_ffff)) {
    throw outOfOrder(`${sequence} (incoming), ${last} (last)`)
  }
}

function outOfOrder(message: string): KafkaError {
  return new KafkaError('OUT_OF_ORDER_SEQUENCE_NUMBER', `Out of order sequence number: ${message}`)
}

function invalidEpoch(entry: ProducerEntry, epoch: number): KafkaError {
  return new KafkaError(
    'INVALID_PRODUCER_EPOCH',
    `Epoch ${epoch} of producer ${entry.producerId} is below ${entry.producerEpoch}`,
  )
}
