/**
 * Replays a partition of an internal topic into the machine that coordinates it: records, those of transactions with
 * their producer id, and the markers that end transactions.
 */
import type { CoordinatorMachine } from '../../coordinator/coordinator-machine.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { BatchCursor } from '../../protocol/record/batch-cursor.ts'
import * as batch from '../../protocol/record/batch-header.ts'
import type { Codecs } from '../../protocol/record/compression.ts'
import { controlRecordTypes, decodeControlKey } from '../../protocol/record/control-record.ts'
import { openRecords } from '../../protocol/record/record.ts'
import { RecordCursor } from '../../protocol/record/record-cursor.ts'
import type { CoordinatorLog } from './coordinator-log.ts'

export interface CoordinatorLoad {
  readonly log: CoordinatorLog
  readonly partition: number
  readonly machine: CoordinatorMachine
  readonly codecs: Codecs
  /** Bytes that are read at a time. */
  readonly bufferSize: number
  /** True once nobody wants the result any more. */
  readonly isCancelled: () => boolean
}

/** Returns at once when there is nothing to read, which is how a broker with a new disk has its coordinators at once. */
export function loadCoordinator(load: CoordinatorLoad): undefined | Promise<void> {
  const { log, partition, machine } = load
  const startOffset = log.logStartOffset(partition)
  const endOffset = log.nextOffset(partition)
  machine.advanceTo(startOffset)
  return startOffset >= endOffset ? undefined : readAll(load, startOffset, endOffset)
}

async function readAll(load: CoordinatorLoad, startOffset: number, endOffset: number): Promise<void> {
  const { log, partition, machine, codecs, bufferSize } = load
  const replayer = new BatchReplayer(machine, codecs, startOffset)
  while (replayer.nextOffset < endOffset) {
    const before = replayer.nextOffset
    const bytes = await log.readBatches(partition, before, bufferSize)
    if (load.isCancelled()) return
    replayer.replay(bytes)
    if (replayer.nextOffset === before) {
      throw new KafkaError('UNKNOWN_SERVER_ERROR', `nothing can be read at offset ${before} before ${endOffset}`)
    }
    machine.commitTo(Math.min(replayer.nextOffset, log.highWatermark(partition)))
  }
}

class BatchReplayer {
  readonly #machine: CoordinatorMachine
  readonly #codecs: Codecs
  readonly #records = new RecordCursor()
  nextOffset: number

  constructor(machine: CoordinatorMachine, codecs: Codecs, startOffset: number) {
    this.#machine = machine
    this.#codecs = codecs
    this.nextOffset = startOffset
  }

  replay(bytes: Buffer): void {
    const cursor = new BatchCursor(bytes)
    while (cursor.next()) {
      const at = cursor.position
      if (batch.lastOffset(bytes, at) < this.nextOffset) continue
      this.#replayBatch(bytes, at)
      this.nextOffset = batch.nextOffset(bytes, at)
      this.#machine.advanceTo(this.nextOffset)
    }
  }

  #replayBatch(bytes: Buffer, at: number): void {
    const isControl = batch.isControl(bytes, at)
    const baseOffset = batch.baseOffset(bytes, at)
    const producerId = isControl || batch.isTransactional(bytes, at) ? batch.producerId(bytes, at) : batch.noProducerId
    const records = this.#records
    openRecords(records, bytes, at, this.#codecs)
    for (let count = batch.recordsCount(bytes, at); count > 0; count--) {
      records.next()
      const offset = baseOffset + records.offsetDelta
      if (offset < this.nextOffset) continue
      const key = slice(records.bytes, records.keyPosition, records.keySize)
      if (isControl) this.#replayControl(offset, producerId, key)
      else this.#machine.replay(offset, producerId, key, slice(records.bytes, records.valuePosition, records.valueSize))
    }
  }

  #replayControl(offset: number, producerId: bigint, key: Buffer | null): void {
    const type = decodeControlKey(key)
    if (type !== controlRecordTypes.COMMIT && type !== controlRecordTypes.ABORT) return
    this.#machine.replayEndTransaction(offset, producerId, type === controlRecordTypes.COMMIT)
  }
}

function slice(bytes: Buffer, position: number, size: number): Buffer | null {
  return size < 0 ? null : bytes.subarray(position, position + size)
}
