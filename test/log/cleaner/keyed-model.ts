/**
 * What a compacted log must say, the simple way: all batches that were appended, and from them the last committed value
 * of each key. Nothing is ever compacted here.
 */
export interface KeyedRecord {
  readonly offset: number
  readonly key: string
  /** Undefined: a tombstone. */
  readonly value: string | undefined
}

export interface KeyedBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly records: readonly KeyedRecord[]
  readonly producerId: bigint
  readonly lastSequence: number
  readonly isTransactional: boolean
  readonly marker: 'commit' | 'abort' | undefined
}

export class KeyedModel {
  batches: KeyedBatch[] = []
  endOffset = 0

  add(batch: KeyedBatch): void {
    this.batches.push(batch)
    this.endOffset = batch.lastOffset + 1
  }

  truncateTo(offset: number): void {
    this.batches = this.batches.filter(({ lastOffset }) => lastOffset < offset)
    this.endOffset = offset
  }

  openTransactions(): Set<bigint> {
    const open = new Set<bigint>()
    for (const { marker, isTransactional, producerId } of this.batches) {
      if (marker !== undefined) open.delete(producerId)
      else if (isTransactional) open.add(producerId)
    }
    return open
  }

  lastSequence(producerId: bigint): number {
    const last = this.batches.findLast((each) => each.producerId === producerId && each.marker === undefined)
    return last?.lastSequence ?? -1
  }

  record(offset: number): KeyedRecord | undefined {
    const holder = this.batches.find(({ lastOffset }) => lastOffset >= offset)
    return holder?.records.find((record) => record.offset === offset)
  }

  /** The last committed record of each key below `endOffset`, tombstones too. */
  latest(endOffset: number): Map<string, KeyedRecord> {
    const latest = new Map<string, KeyedRecord>()
    for (const [index, batch] of this.batches.entries()) {
      if (batch.marker !== undefined || (batch.isTransactional && this.#fateOf(index) !== 'commit')) continue
      for (const record of batch.records) if (record.offset < endOffset) latest.set(record.key, record)
    }
    return latest
  }

  #fateOf(index: number): 'commit' | 'abort' | undefined {
    const { producerId } = this.batches[index]!
    return this.batches.slice(index).find((each) => each.producerId === producerId && each.marker !== undefined)?.marker
  }
}
