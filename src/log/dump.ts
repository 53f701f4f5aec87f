/**
 * The content of a log's files as text, line by line, for `ottla log dump`: segments, indexes, producer snapshots,
 * checkpoints, in the words of Apache Kafka's own dump tool, so that the two can be compared. Reads a file in pieces and
 * changes nothing; what is damaged is said, not thrown.
 */
import { KafkaError } from '../protocol/errors.ts'
import * as batch from '../protocol/record/batch-header.ts'
import { type Codecs, noCodecs } from '../protocol/record/compression.ts'
import { controlRecordTypes, decodeControlKey, decodeCoordinatorEpoch } from '../protocol/record/control-record.ts'
import { type DecodedRecord, decodeRecords } from '../protocol/record/record.ts'
import { FileBatches } from './file-batches.ts'
import { baseName, fileSuffixes, parseOffsetFileName } from './file-names.ts'
import type { FileSystem } from './file-system.ts'
import { IoLane } from './io-lane.ts'
import { OffsetIndex } from './offset-index.ts'
import type { ProducerEntry } from './producer-entry.ts'
import { decodeProducerSnapshot } from './producer-snapshot.ts'
import { TimeIndex } from './time-index.ts'
import { TransactionIndex } from './transaction-index.ts'

export interface DumpOptions {
  /** Records too, not just batches. */
  readonly printsRecords?: boolean
  readonly codecs?: Codecs
  /** The end of a record's line for topics whose content is known; the text of key and value without it. */
  readonly describeRecord?: (record: DecodedRecord) => string
  /** As `describeRecord`, for control records other than transaction markers. */
  readonly describeControlRecord?: (type: number, record: DecodedRecord) => string
  /** Stops after so many bytes of batches. */
  readonly bytesMax?: number
}

/** The lines for one file; what kind it is, its name says. Rejects with FileSystemError when it cannot be read. */
export async function* dumpFile(
  fileSystem: FileSystem,
  path: string,
  options: DumpOptions = {},
): AsyncGenerator<string> {
  const name = baseName(path)
  const { offset, suffix } = parseOffsetFileName(name) ?? { offset: 0, suffix: name.slice(name.lastIndexOf('.')) }
  yield `Dumping ${path}`
  if (suffix === fileSuffixes.log) {
    yield `Log starting offset: ${offset}`
    yield* dumpBatches(fileSystem, path, options)
  } else if (suffix === '.checkpoint') {
    const [endOffset, epoch] = name.split(/[-.]/)
    yield `Snapshot end offset: ${Number(endOffset)}, epoch: ${Number(epoch)}`
    yield* dumpBatches(fileSystem, path, options)
  } else {
    yield* dumpSmallFile(await fileSystem.readFile(path), name, offset, suffix)
  }
}

async function* dumpBatches(fileSystem: FileSystem, path: string, options: DumpOptions): AsyncGenerator<string> {
  const handle = await fileSystem.open(path, { readOnly: true })
  try {
    const size = await handle.size()
    const end = Math.min(size, options.bytesMax ?? size)
    const batches = new FileBatches(handle, new IoLane(1), { start: 0, end, windowSize: 1024 * 1024, whole: true })
    while (await batches.next()) {
      yield describeBatch(batches.bytes, batches.at, batches.position, batches.size)
      if (options.printsRecords) yield* describeRecords(batches.bytes, batches.at, options)
    }
    if (batches.isTorn && end === size) {
      yield `Found ${size - batches.position} invalid bytes at the end of ${baseName(path)}`
    }
  } finally {
    await handle.close()
  }
}

const compressionNames = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const timestampNames = ['CreateTime', 'LogAppendTime']

function describeBatch(bytes: Buffer, at: number, position: number, size: number): string {
  const hasHorizon = batch.hasDeleteHorizon(bytes, at)
  const deleteHorizon = hasHorizon ? `OptionalLong[${batch.baseTimestampExact(bytes, at)}]` : 'OptionalLong.empty'
  return [
    `baseOffset: ${batch.baseOffset(bytes, at)}`,
    `lastOffset: ${batch.lastOffset(bytes, at)}`,
    `count: ${batch.recordsCount(bytes, at)}`,
    `baseSequence: ${batch.baseSequence(bytes, at)}`,
    `lastSequence: ${batch.lastSequence(bytes, at)}`,
    `producerId: ${batch.producerId(bytes, at)}`,
    `producerEpoch: ${batch.producerEpoch(bytes, at)}`,
    `partitionLeaderEpoch: ${batch.leaderEpoch(bytes, at)}`,
    `isTransactional: ${batch.isTransactional(bytes, at)}`,
    `isControl: ${batch.isControl(bytes, at)}`,
    `deleteHorizonMs: ${deleteHorizon}`,
    `position: ${position}`,
    `${timestampNames[batch.timestampType(bytes, at)]}: ${batch.maxTimestampExact(bytes, at)}`,
    `size: ${size}`,
    `magic: ${batch.magic(bytes, at)}`,
    `compresscodec: ${compressionNames[batch.compressionType(bytes, at)] ?? batch.compressionType(bytes, at)}`,
    `crc: ${batch.storedCrc(bytes, at)}`,
    `isvalid: ${batch.isCrcValid(bytes, at)}`,
  ].join(' ')
}

function* describeRecords(bytes: Buffer, at: number, options: DumpOptions): Generator<string> {
  let records: DecodedRecord[]
  try {
    records = decodeRecords(bytes, at, options.codecs ?? noCodecs)
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    yield `| records cannot be read: ${error.message}`
    return
  }
  const baseOffset = batch.baseOffset(bytes, at)
  const baseSequence = batch.baseSequence(bytes, at)
  const timestampName = timestampNames[batch.timestampType(bytes, at)]
  const isControl = batch.isControl(bytes, at)
  for (const record of records) {
    const sequence = baseSequence < 0 ? -1 : batch.incrementSequence(baseSequence, record.offset - baseOffset)
    const headerKeys = record.headers.map((header) => header.key).join(',')
    yield [
      `| offset: ${record.offset}`,
      `${timestampName}: ${record.timestamp}`,
      `keySize: ${record.key?.length ?? -1}`,
      `valueSize: ${record.value?.length ?? -1}`,
      `sequence: ${sequence}`,
      `headerKeys: [${headerKeys}]`,
      isControl ? describeControl(record, options) : (options.describeRecord ?? describeText)(record),
    ].join(' ')
  }
}

function describeText({ key, value }: DecodedRecord): string {
  const parts: string[] = []
  if (key !== null) parts.push(`key: ${key}`)
  if (value !== null) parts.push(`payload: ${value}`)
  return parts.join(' ')
}

function describeControl(record: DecodedRecord, options: DumpOptions): string {
  const type = decodeControlKey(record.key)
  if (type === controlRecordTypes.ABORT || type === controlRecordTypes.COMMIT) {
    const name = type === controlRecordTypes.ABORT ? 'ABORT' : 'COMMIT'
    return `endTxnMarker: ${name} coordinatorEpoch: ${decodeCoordinatorEpoch(record.value)}`
  }
  return options.describeControlRecord?.(type, record) ?? `controlType: ${type}`
}

function* dumpSmallFile(bytes: Buffer, name: string, baseOffset: number, suffix: string): Generator<string> {
  if (suffix === fileSuffixes.offsetIndex) yield* describeOffsetIndex(bytes, baseOffset)
  else if (suffix === fileSuffixes.timeIndex) yield* describeTimeIndex(bytes, baseOffset)
  else if (suffix === fileSuffixes.transactionIndex) yield* describeTransactionIndex(bytes)
  else if (suffix === fileSuffixes.snapshot) yield* describeSnapshot(bytes)
  else if (/checkpoint$|\.metadata$|\.properties$/.test(name)) yield* bytes.toString().trimEnd().split('\n')
  else yield `${name} is not a file of a log`
}

function* describeOffsetIndex(bytes: Buffer, baseOffset: number): Generator<string> {
  const index = new OffsetIndex(baseOffset, bytes.subarray(0, bytes.length - (bytes.length % 8)))
  for (let at = 0; at < index.entriesCount; at++) {
    const { offset, position } = index.entry(at)
    // The file of a segment in use may be longer than its content.
    if (at > 0 && offset === baseOffset) return
    yield `offset: ${offset} position: ${position}`
  }
}

function* describeTimeIndex(bytes: Buffer, baseOffset: number): Generator<string> {
  const index = new TimeIndex(baseOffset, bytes.subarray(0, bytes.length - (bytes.length % 12)))
  for (let at = 0; at < index.entriesCount; at++) {
    const { timestamp, offset } = index.entry(at)
    if (at > 0 && timestamp === 0) return
    yield `timestamp: ${timestamp} offset: ${offset}`
  }
}

function* describeTransactionIndex(bytes: Buffer): Generator<string> {
  const index = TransactionIndex.decode(bytes)
  if (index === undefined) yield 'The transaction index is damaged'
  for (const { producerId, firstOffset, lastOffset, lastStableOffset } of index?.entries ?? []) {
    const offsets = `firstOffset: ${firstOffset} lastOffset: ${lastOffset} lastStableOffset: ${lastStableOffset}`
    yield `version: 0 producerId: ${producerId} ${offsets}`
  }
}

function* describeSnapshot(bytes: Buffer): Generator<string> {
  const entries = decodeProducerSnapshot(bytes)
  if (entries === undefined) yield 'The producer snapshot is damaged'
  for (const entry of entries ?? []) yield describeProducer(entry)
}

function describeProducer(entry: ProducerEntry): string {
  const open = entry.transactionFirstOffset
  const parts = [
    `producerId: ${entry.producerId}`,
    `producerEpoch: ${entry.producerEpoch}`,
    `coordinatorEpoch: ${entry.coordinatorEpoch}`,
    `currentTxnFirstOffset: ${open < 0 ? 'OptionalLong.empty' : `OptionalLong[${open}]`}`,
    `lastTimestamp: ${entry.lastTimestamp}`,
  ]
  if (entry.hasBatches) {
    const first = entry.lastSequence - entry.lastOffsetDelta
    parts.push(
      `firstSequence: ${first < 0 ? first + 0x8000_0000 : first}`,
      `lastSequence: ${entry.lastSequence}`,
      `lastOffset: ${entry.lastOffset}`,
      `offsetDelta: ${entry.lastOffsetDelta}`,
      `timestamp: ${entry.lastTimestamp}`,
    )
  }
  return parts.join(' ')
}
