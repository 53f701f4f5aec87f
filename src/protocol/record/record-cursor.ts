/**
 * Walks the records inside a batch without an object per record: fields of the cursor hold where key, value and headers
 * of the current record lie. The append check, compaction and the decoder use it. It promises strict bounds: after
 * `next()` everything that the fields point to is inside the record, and the record inside the bytes.
 *
 *   length varint | attributes int8 | timestamp delta varlong | offset delta varint
 *   | key length varint, -1 null | key | value length varint, -1 null | value
 *   | headers count varint | for each: key length varint | key (UTF-8) | value length varint, -1 null | value
 *
 * The length counts from the attributes. From `contentPosition` (key length) to `end` a record is the same wherever it
 * is put: only what stands before depends on the batch.
 */
import { KafkaError } from '../errors.ts'
import { VarintReader } from './varint.ts'

export class RecordCursor {
  /** Milliseconds to add to the batch's base timestamp; nearest double beyond 2^53. */
  timestampDelta = 0
  offsetDelta = 0
  /** Where the length of the key stands. */
  contentPosition = 0
  keyPosition = 0
  /** -1 for a null key. */
  keySize = -1
  valuePosition = 0
  /** -1 for a null value: a tombstone. */
  valueSize = -1
  headersCount = 0
  /** Where the first header starts. */
  headersPosition = 0
  /** Where the record ends. */
  end = 0
  #timestampPosition = 0
  #bytesEnd = 0
  readonly #reader = new VarintReader()

  /** Before the first record. `start` and `end` bound the records, uncompressed. */
  reset(bytes: Buffer, start = 0, end = bytes.length): void {
    this.end = start
    this.#bytesEnd = end
    this.#reader.reset(bytes, start, end)
  }

  get bytes(): Buffer {
    return this.#reader.bytes
  }

  /** True when no byte is left after the current record. */
  get isAtEnd(): boolean {
    return this.end === this.#bytesEnd
  }

  /** The timestamp delta bit for bit. */
  timestampDeltaExact(): bigint {
    const reader = new VarintReader()
    reader.reset(this.bytes, this.#timestampPosition, this.end)
    return reader.varlongExact()
  }

  /** Reads the next record. Throws INVALID_RECORD when there is none, or one that is not what the format allows. */
  next(): void {
    const reader = this.#reader
    reader.position = this.end
    reader.end = this.#bytesEnd
    const size = reader.varint()
    if (reader.isMalformed) throw malformedSize(reader.position === this.#bytesEnd)
    const end = reader.position + size
    if (size < 0 || end > this.#bytesEnd) throw invalidRecord(`a size of ${size} bytes`)
    this.end = end
    reader.end = end
    reader.position += 1
    this.#timestampPosition = reader.position
    this.timestampDelta = reader.varlong()
    this.offsetDelta = reader.varint()
    this.contentPosition = reader.position
    this.keySize = reader.varint()
    this.keyPosition = this.#skip(this.keySize)
    this.valueSize = reader.varint()
    this.valuePosition = this.#skip(this.valueSize)
    this.headersCount = reader.varint()
    this.headersPosition = reader.position
    const isTruncated = reader.isMalformed || reader.position > end
    if (isTruncated || this.headersCount < 0 || this.headersCount > end - reader.position) {
      throw invalidRecord('a key, value or headers that its size has no room for')
    }
    for (let index = 0; index < this.headersCount; index++) this.#skipHeader()
    if (reader.isMalformed || reader.position !== end) {
      throw invalidRecord(`a size of ${size} bytes but ends at ${reader.position - end} from there`)
    }
  }

  #skip(size: number): number {
    const position = this.#reader.position
    if (size > 0) this.#reader.position += size
    return position
  }

  #skipHeader(): void {
    const reader = this.#reader
    const keySize = reader.varint()
    if (keySize < 0) throw invalidRecord('a header without a key')
    reader.position += keySize
    const valueSize = reader.varint()
    if (valueSize > 0) reader.position += valueSize
    if (reader.isMalformed || reader.position > reader.end) throw invalidRecord('a header longer than the record')
  }
}

function invalidRecord(what: string): KafkaError {
  return new KafkaError('INVALID_RECORD', `A record has ${what}`)
}

/** Kafka fails on such a varint with an exception of its language, which leaves as -1; when records are missing with 87. */
function malformedSize(isMissing: boolean): KafkaError {
  return isMissing
    ? new KafkaError('INVALID_RECORD', 'Fewer records than the batch declares')
    : new KafkaError('UNKNOWN_SERVER_ERROR', 'The size of a record is not a varint')
}
