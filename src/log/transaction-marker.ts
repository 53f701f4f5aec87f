/**
 * Reads the one record of a control batch that ends a transaction. Control batches are never compressed, so the record
 * lies open: its key says ABORT or COMMIT, its value which incarnation of the transaction coordinator wrote it.
 *
 *   length varint | attributes int8 | timestamp delta varlong | offset delta varint
 *   key length varint | key: int16 version, int16 type | value length varint | value: int16 version, int32 coordinator epoch
 */
import * as batch from '../protocol/record/batch-header.ts'

export interface TransactionMarker {
  readonly isAbort: boolean
  readonly coordinatorEpoch: number
  readonly timestamp: number
}

/** Undefined for an empty batch (its transaction was compacted away), another kind of control record, or bytes that are none. */
export function readTransactionMarker(bytes: Buffer, position: number): TransactionMarker | undefined {
  if (batch.recordsCount(bytes, position) < 1) return undefined
  const end = position + batch.batchSizeInBytes(bytes, position)
  const reader = new VarintReader(bytes, position + batch.batchHeaderSize, end)
  reader.skipVarint()
  reader.position += 1
  const timestampDelta = reader.varint()
  reader.skipVarint()
  const keySize = reader.varint()
  const keyAt = reader.position
  if (keySize < 4 || keyAt + keySize >= end) return undefined
  const type = bytes.readInt16BE(keyAt + 2)
  reader.position = keyAt + keySize
  const valueSize = reader.varint()
  if ((type !== 0 && type !== 1) || valueSize < 6 || reader.position + valueSize > end) return undefined
  return {
    isAbort: type === 0,
    coordinatorEpoch: bytes.readInt32BE(reader.position + 2),
    timestamp: batch.baseTimestamp(bytes, position) + timestampDelta,
  }
}

class VarintReader {
  readonly #bytes: Buffer
  readonly #end: number
  position: number

  constructor(bytes: Buffer, position: number, end: number) {
    this.#bytes = bytes
    this.position = position
    this.#end = end
  }

  /** A zigzag varint of up to ten bytes; 0 past the end, which the checks of the caller then refuse. */
  varint(): number {
    let value = 0
    let scale = 1
    while (this.position < this.#end) {
      const byte = this.#bytes[this.position++]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) break
      scale *= 128
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  skipVarint(): void {
    while (this.position < this.#end && this.#bytes[this.position++]! >= 0x80);
  }
}
