/**
 * Record batches for the tests of this room, built by hand: no key, one value per record, so that a test need not depend
 * on the record encoder.
 */
import * as batch from '../../src/protocol/record/batch-header.ts'

export interface BatchSpec {
  readonly count?: number
  readonly valueSize?: number
  readonly timestamp?: number
  readonly producerId?: bigint
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  readonly baseOffset?: number
  readonly leaderEpoch?: number
  /** A byte that marks the values. */
  readonly fill?: number
}

export function buildBatch(spec: BatchSpec = {}): Buffer {
  const count = spec.count ?? 1
  const records: Buffer[] = []
  for (let index = 0; index < count; index++) {
    const value = Buffer.alloc(spec.valueSize ?? 10, spec.fill ?? 120)
    const body = Buffer.concat([
      Buffer.from([0]),
      varint(0),
      varint(index),
      varint(-1),
      varint(value.length),
      value,
      varint(0),
    ])
    records.push(Buffer.concat([varint(body.length), body]))
  }
  return finish(spec, records, count, spec.isTransactional ? batch.transactionalFlag : 0)
}

/** The control batch that ends a transaction. */
export function buildMarker(spec: BatchSpec & { isAbort: boolean; coordinatorEpoch?: number }): Buffer {
  const key = Buffer.from([0, 0, 0, spec.isAbort ? 0 : 1])
  const value = Buffer.alloc(6)
  value.writeInt32BE(spec.coordinatorEpoch ?? 0, 2)
  const parts = [Buffer.from([0]), varint(0), varint(0), varint(4), key, varint(6), value, varint(0)]
  const body = Buffer.concat(parts)
  const flags = batch.transactionalFlag | batch.controlFlag
  return finish({ ...spec, baseSequence: -1 }, [Buffer.concat([varint(body.length), body])], 1, flags)
}

function finish(spec: BatchSpec, records: Buffer[], count: number, flags: number): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(batch.batchHeaderSize), ...records])
  const timestamp = spec.timestamp ?? 1_700_000_000_000
  batch.writeLong(bytes, spec.baseOffset ?? 0, 0)
  bytes.writeInt32BE(bytes.length - batch.batchOverheadSize, batch.lengthPosition)
  bytes.writeInt32BE(spec.leaderEpoch ?? -1, batch.leaderEpochPosition)
  bytes[batch.magicPosition] = batch.currentMagic
  bytes.writeInt16BE(flags, batch.attributesPosition)
  bytes.writeInt32BE(count - 1, batch.lastOffsetDeltaPosition)
  bytes.writeBigInt64BE(BigInt(timestamp), batch.baseTimestampPosition)
  bytes.writeBigInt64BE(BigInt(timestamp), batch.maxTimestampPosition)
  bytes.writeBigInt64BE(spec.producerId ?? -1n, batch.producerIdPosition)
  bytes.writeInt16BE(spec.producerEpoch ?? (spec.producerId === undefined ? -1 : 0), batch.producerEpochPosition)
  bytes.writeInt32BE(spec.baseSequence ?? (spec.producerId === undefined ? -1 : 0), batch.baseSequencePosition)
  bytes.writeInt32BE(count, batch.recordsCountPosition)
  batch.setCrc(bytes, 0)
  return bytes
}

function varint(value: number): Buffer {
  let zigzag = value >= 0 ? value * 2 : -value * 2 - 1
  const bytes: number[] = []
  while (zigzag >= 128) {
    bytes.push((zigzag % 128) + 128)
    zigzag = Math.floor(zigzag / 128)
  }
  bytes.push(zigzag)
  return Buffer.from(bytes)
}
