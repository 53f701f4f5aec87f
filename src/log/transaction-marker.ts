/**
 * What a partition's producer state needs of the control batch that ends a transaction. Control batches are never
 * compressed and this kind holds one record.
 */
import { KafkaError } from '../protocol/errors.ts'
import * as batch from '../protocol/record/batch-header.ts'
import { noCodecs } from '../protocol/record/compression.ts'
import { controlRecordTypes, decodeControlKey, decodeCoordinatorEpoch } from '../protocol/record/control-record.ts'
import { openRecords } from '../protocol/record/record.ts'
import { RecordCursor } from '../protocol/record/record-cursor.ts'

export interface TransactionMarkerFacts {
  readonly isAbort: boolean
  readonly coordinatorEpoch: number
  readonly timestamp: number
}

/** Undefined for an empty batch (its transaction was compacted away), another kind of control record, or bytes that are none. */
export function readTransactionMarker(bytes: Buffer, position: number): TransactionMarkerFacts | undefined {
  if (batch.recordsCount(bytes, position) < 1) return undefined
  const cursor = new RecordCursor()
  try {
    openRecords(cursor, bytes, position, noCodecs)
    cursor.next()
    const type = decodeControlKey(bytes.subarray(cursor.keyPosition, cursor.keyPosition + cursor.keySize))
    if (type !== controlRecordTypes.ABORT && type !== controlRecordTypes.COMMIT) return undefined
    const value = bytes.subarray(cursor.valuePosition, cursor.valuePosition + cursor.valueSize)
    return {
      isAbort: type === controlRecordTypes.ABORT,
      coordinatorEpoch: decodeCoordinatorEpoch(value),
      timestamp: batch.baseTimestamp(bytes, position) + cursor.timestampDelta,
    }
  } catch (error) {
    if (error instanceof KafkaError) return undefined
    throw error
  }
}
