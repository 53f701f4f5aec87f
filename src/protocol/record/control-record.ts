/**
 * Control records: what brokers and controllers write between a client's records. The key says which kind, the value is
 * a schema of its own. End transaction markers are whole here; of the raft log's kinds the caller brings the value bytes
 * (protocol/stored). Control batches are never compressed and hold, but for a snapshot's voters, one record.
 *
 *   key: int16 version = 0 | int16 type          value of a marker: int16 version = 0 | int32 coordinator epoch
 */
import { KafkaError } from '../errors.ts'
import { buildBatch } from './batch-builder.ts'

export const controlRecordTypes = {
  ABORT: 0,
  COMMIT: 1,
  LEADER_CHANGE: 2,
  SNAPSHOT_HEADER: 3,
  SNAPSHOT_FOOTER: 4,
  KRAFT_VERSION: 5,
  KRAFT_VOTERS: 6,
} as const
export type ControlRecordType = (typeof controlRecordTypes)[keyof typeof controlRecordTypes]

export interface TransactionMarker {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly isCommit: boolean
  /** Epoch of the transaction coordinator's partition. */
  readonly coordinatorEpoch: number
  /** Milliseconds since 1970. */
  readonly timestamp: number
}

export interface ControlRecord {
  readonly type: ControlRecordType
  readonly value: Buffer
}

/** The batch that ends a transaction in one partition, base offset 0 and leader epoch -1 unless given. */
export function buildTransactionMarker(marker: TransactionMarker, baseOffset = 0, leaderEpoch = -1): Buffer {
  const value = Buffer.alloc(6)
  value.writeInt32BE(marker.coordinatorEpoch, 2)
  const type = marker.isCommit ? controlRecordTypes.COMMIT : controlRecordTypes.ABORT
  return buildBatch({
    baseOffset,
    leaderEpoch,
    timestamp: marker.timestamp,
    producerId: marker.producerId,
    producerEpoch: marker.producerEpoch,
    isTransactional: true,
    isControl: true,
    records: [{ key: encodeControlKey(type), value }],
  })
}

/** A control batch of the raft log or of a snapshot. */
export function buildControlBatch(
  baseOffset: number,
  leaderEpoch: number,
  timestamp: number,
  records: readonly ControlRecord[],
): Buffer {
  return buildBatch({
    baseOffset,
    leaderEpoch,
    timestamp,
    isControl: true,
    records: records.map(({ type, value }) => ({ key: encodeControlKey(type), value })),
  })
}

/** Four bytes. */
export function encodeControlKey(type: ControlRecordType): Buffer {
  const key = Buffer.alloc(4)
  key.writeInt16BE(type, 2)
  return key
}

/** The type that a control record's key names: a number that Kafka 4.3.1 may not know. Throws INVALID_RECORD when the key is too short. */
export function decodeControlKey(key: Buffer | null): number {
  if (key === null || key.length < 4) throw new KafkaError('INVALID_RECORD', 'The key of a control record has 4 bytes')
  const version = key.readInt16BE(0)
  if (version < 0) throw new KafkaError('INVALID_RECORD', `Version ${version} of a control record's key`)
  return key.readInt16BE(2)
}

/** The coordinator epoch in the value of an ABORT or COMMIT. Later versions only add fields. */
export function decodeCoordinatorEpoch(value: Buffer | null): number {
  if (value === null || value.length < 6 || value.readInt16BE(0) < 0) {
    throw new KafkaError('INVALID_RECORD', 'The value of a transaction marker has 6 bytes')
  }
  return value.readInt32BE(2)
}
