/**
 * A Fetch from its first read to its answer. It reads; when there is less than it asked for it waits in the partitions it
 * reads from, or in its session, counting the bytes that they announce, and reads again once there should be enough, once something else
 * must be said, or when its time is up. It is one object for as long as it waits; nobody polls.
 *
 * When its connection closes it is dropped, and holds nothing any more.
 */
import type { Clock, Timer } from '../../base/clock.ts'
import type { FetchWait } from '../replica/partition.ts'
import { type FetchParams, FetchReader, type ReadEnvironment } from './fetch-reader.ts'
import type { FetchTargets } from './fetch-targets.ts'

/** What all fetches of a broker share. */
export interface FetchEnvironment extends ReadEnvironment {
  readonly clock: Clock
}

export interface FetchOrder {
  readonly params: FetchParams
  readonly targets: FetchTargets
  /** Bytes of records that are worth an answer. */
  readonly minBytes: number
  readonly maxWaitMs: number
}

/** Fetches that wait for one connection: let go together when it closes. */
export class ConnectionFetches {
  readonly #fetches = new Set<DelayedFetch>()

  get count(): number {
    return this.#fetches.size
  }

  add(fetch: DelayedFetch): void {
    this.#fetches.add(fetch)
  }

  delete(fetch: DelayedFetch): void {
    this.#fetches.delete(fetch)
  }

  onClose(): void {
    for (const fetch of [...this.#fetches]) fetch.drop()
  }
}

export class DelayedFetch implements FetchWait {
  readonly #environment: FetchEnvironment
  readonly #order: FetchOrder
  readonly #connection: ConnectionFetches
  #missingBytes = 0
  #isExpired = false
  /** In the partitions' sets. */
  #isWaiting = false
  #isReading = false
  /** Something happened while it read. */
  #isWoken = false
  #isDropped = false
  #timer: Timer | undefined
  #resolve: ((reader: FetchReader) => void) | undefined
  #reject: ((error: unknown) => void) | undefined

  private constructor(environment: FetchEnvironment, order: FetchOrder, connection: ConnectionFetches) {
    this.#environment = environment
    this.#order = order
    this.#connection = connection
  }

  /**
   * Reads, and waits when need be; at once, when it need not. The reader holds what is to be sent; the caller sends or
   * releases it.
   */
  static fetch(
    environment: FetchEnvironment,
    order: FetchOrder,
    connection: ConnectionFetches,
  ): FetchReader | Promise<FetchReader> {
    if (mayRead(environment, order)) {
      const reader = newReader(environment, order)
      const pending = reader.run()
      if (pending === undefined && isEnough(order, reader)) return reader
      return new DelayedFetch(environment, order, connection).#begin(reader, pending)
    }
    return new DelayedFetch(environment, order, connection).#begin(undefined, environment.budget.whenLeft())
  }

  onAdvance(writtenBytes: number, replicatedBytes: number, stableBytes: number): void {
    const { replicaId, isReadCommitted } = this.#order.params
    if (replicaId >= 0) {
      // A follower waits for the high watermark as much as for records.
      this.#missingBytes -= writtenBytes
      if (this.#missingBytes <= 0 || replicatedBytes > 0) this.#wake()
      return
    }
    this.#missingBytes -= isReadCommitted ? stableBytes : replicatedBytes
    if (this.#missingBytes <= 0) this.#wake()
  }

  onChanged(): void {
    this.#wake()
  }

  /** The connection is gone. */
  drop(): void {
    this.#isDropped = true
    this.#settle()
    if (!this.#isReading) this.#resolve?.(newReader(this.#environment, this.#order))
  }

  #begin(reader: FetchReader | undefined, pending: void | Promise<void>): Promise<FetchReader> {
    const { clock } = this.#environment
    const { maxWaitMs } = this.#order
    this.#isExpired = maxWaitMs <= 0
    this.#connection.add(this)
    if (!this.#isExpired) this.#timer = clock.schedule(maxWaitMs, () => this.#onTimeout())
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      if (reader === undefined) this.#readAfter(pending!)
      else if (pending === undefined) this.#onRead(reader, false)
      else this.#onReadLater(reader, pending)
    })
  }

  #onTimeout(): void {
    this.#isExpired = true
    this.#wake()
  }

  #wake(): void {
    if (this.#isReading) this.#isWoken = true
    else if (!this.#isDropped) this.#read()
  }

  #read(): void {
    this.#leavePartitions()
    if (!mayRead(this.#environment, this.#order)) {
      this.#readAfter(this.#environment.budget.whenLeft())
      return
    }
    const reader = newReader(this.#environment, this.#order)
    const pending = reader.run()
    if (pending === undefined) this.#onRead(reader, false)
    else this.#onReadLater(reader, pending)
  }

  #readAfter(pending: Promise<void>): void {
    this.#isReading = true
    void pending.then(() => {
      this.#isReading = false
      if (this.#isDropped) this.#resolve?.(newReader(this.#environment, this.#order))
      else this.#read()
    })
  }

  #onReadLater(reader: FetchReader, pending: Promise<void>): void {
    this.#isReading = true
    pending.then(
      () => {
        this.#isReading = false
        this.#onRead(reader, true)
      },
      (error) => {
        reader.release()
        this.#settle()
        this.#reject?.(error)
      },
    )
  }

  #onRead(reader: FetchReader, isLater: boolean): void {
    const isWoken = this.#isWoken
    this.#isWoken = false
    if (this.#isDropped || this.#isExpired || isEnough(this.#order, reader)) {
      this.#settle()
      this.#resolve?.(reader)
      return
    }
    reader.release()
    // While files were read partitions may have moved on, whose news nobody waited for.
    if (isWoken || (isLater && this.#hasMissedNews())) this.#read()
    else this.#wait(this.#order.minBytes - reader.sizeInBytes)
  }

  #hasMissedNews(): boolean {
    for (const target of this.#order.targets.toRead()) {
      if (target.partition?.changeCount !== target.seenChangeCount) return true
    }
    return false
  }

  #wait(missingBytes: number): void {
    this.#missingBytes = missingBytes
    this.#isWaiting = true
    this.#order.targets.join(this)
  }

  #leavePartitions(): void {
    if (!this.#isWaiting) return
    this.#isWaiting = false
    this.#order.targets.leave(this)
  }

  #settle(): void {
    this.#leavePartitions()
    this.#timer?.cancel()
    this.#connection.delete(this)
  }
}

/** Consumers with slow sockets must not hold up replication; followers are few, and limit themselves. */
function mayRead({ budget }: FetchEnvironment, { params }: FetchOrder): boolean {
  return params.replicaId >= 0 || budget.leftBytes > 0
}

function newReader(environment: FetchEnvironment, { params, targets }: FetchOrder): FetchReader {
  return new FetchReader(environment, params, targets.toRead())
}

function isEnough(order: FetchOrder, reader: FetchReader): boolean {
  return reader.isUrgent || reader.sizeInBytes >= order.minBytes || order.maxWaitMs <= 0 || order.targets.size === 0
}
