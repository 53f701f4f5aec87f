/**
 * What the callers of the codec build on: what is copied and what is not, regions in the list of chunks, which messages
 * a version refuses to say, and what becomes of numbers and strings at their edges.
 */
import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../src/base/assert.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { isUuid, metadataTopicId, randomUuid, uuidFromBytes, writeUuid, zeroUuid } from '../../src/base/uuid.ts'
import { produceRequest } from '../../src/protocol/api/00-produce.ts'
import { fetchRequest, fetchResponse } from '../../src/protocol/api/01-fetch.ts'
import { metadataRequest, metadataResponse } from '../../src/protocol/api/03-metadata.ts'
import { findCoordinatorResponse } from '../../src/protocol/api/10-find-coordinator.ts'
import { saslAuthenticateRequest } from '../../src/protocol/api/36-sasl-authenticate.ts'
import { responseHeader } from '../../src/protocol/api/headers.ts'
import { decode, encode, encodeFrame } from '../../src/protocol/compile.ts'
import { KafkaError, ProtocolError } from '../../src/protocol/errors.ts'
import { decodeRequest, decodeRequestHeader, encodeRequest, encodeResponse } from '../../src/protocol/frames.ts'
import { internString, internUuid, writeUuidBytes } from '../../src/protocol/interned.ts'
import { bytes, data, int8, int64Number, string, uint16 } from '../../src/protocol/schema.ts'
import {
  coordinatorRecordType,
  decodeCoordinatorKey,
  decodeVersionedValue,
  encodeCoordinatorKey,
  encodeVersionedValue,
} from '../../src/protocol/stored/coordinator-record.ts'
import { offsetCommitKey, offsetCommitValue } from '../../src/protocol/stored/group/offset-commit.ts'
import { transactionLogValue } from '../../src/protocol/stored/transaction-log.ts'

function partitionOf(records: Buffer | { sizeInBytes: number } | null) {
  return { responses: [{ topicId: metadataTopicId, partitions: [{ partitionIndex: 3, records }] }] }
}

describe('without copying', () => {
  test('the records of a decoded Produce request are views of the frame', () => {
    const batches = Buffer.alloc(3000, 7)
    const topicData = [{ topicId: metadataTopicId, partitionData: [{ index: 0, records: batches }] }]
    const { chunks } = encodeRequest(produceRequest, 13, 1, 'a', { acks: -1, topicData })
    const frame = Buffer.concat(chunks as Buffer[]).subarray(4)
    const header = decodeRequestHeader(frame)
    const message = decode(produceRequest, 13, frame, header.endOffset)
    const records = message.topicData[0]!.partitionData[0]!.records!
    expect(records.equals(batches)).toBe(true)
    expect(records.buffer).toBe(frame.buffer)
    frame[records.byteOffset - frame.byteOffset] = 99
    expect(records[0]).toBe(99)
  })

  test('large records of an encoded frame are the very buffer, small ones are copied', () => {
    const large = Buffer.alloc(1024, 1)
    const byReference = encodeResponse(fetchResponse, 18, 1, partitionOf(large))
    expect(byReference.chunks).toHaveLength(3)
    expect(byReference.chunks[1]).toBe(large)
    const small = Buffer.alloc(1023, 1)
    const copied = encodeResponse(fetchResponse, 18, 1, partitionOf(small))
    expect(copied.chunks).toHaveLength(1)
    small.fill(2)
    expect((copied.chunks[0] as Buffer).includes(2, 60)).toBe(false)
  })

  test('a region stands in the list of chunks where its bytes belong', () => {
    const region = { sizeInBytes: 5000 }
    const { chunks, sizeInBytes } = encodeResponse(fetchResponse, 18, 1, partitionOf(region))
    expect(chunks[1]).toBe(region)
    const whole = [chunks[0], Buffer.alloc(5000, 9), chunks[2]] as Buffer[]
    const frame = Buffer.concat(whole)
    expect(sizeInBytes).toBe(frame.length)
    expect(frame.readInt32BE(0)).toBe(frame.length - 4)
    const plain = encodeResponse(fetchResponse, 18, 1, partitionOf(Buffer.alloc(5000, 9)))
    expect(frame.equals(Buffer.concat(plain.chunks as Buffer[]))).toBe(true)
  })

  test('a region of no bytes is no chunk, and one where bytes are needed is our mistake', () => {
    const empty = encodeResponse(fetchResponse, 11, 1, partitionOf({ sizeInBytes: 0 }))
    expect(empty.chunks).toHaveLength(1)
    expect(() => encode(fetchResponse, 18, partitionOf({ sizeInBytes: 10 }))).toThrow(AssertionError)
  })

  test('large bytes in a tagged field are copied, for its size stands before it', () => {
    const schema = data({ name: 'Tagged', versions: [0, 0], flexibleSince: 0 }, { blob: bytes({ tag: 3 }) })
    const blob = new SeededRandom(1).bytes(20_000)
    const { chunks, sizeInBytes } = encodeFrame(responseHeader, 0, { correlationId: 1 }, schema, 0, { blob })
    expect(chunks).toHaveLength(1)
    expect(sizeInBytes).toBe((chunks[0] as Buffer).length)
    expect(decode(schema, 0, chunks[0] as Buffer, 8).blob.equals(blob)).toBe(true)
  })

  test('frames that were encoded earlier keep their bytes', () => {
    const first = encode(metadataRequest, 9, { topics: [{ name: 'first' }] })
    const before = first.toString('hex')
    encode(metadataRequest, 9, { topics: [{ name: 'other' }] })
    expect(first.toString('hex')).toBe(before)
  })

  test('a frame larger than the writer keeps', () => {
    const names = Array.from({ length: 60_000 }, (_, index) => ({ name: `a-topic-with-a-long-name-${index}` }))
    const decoded = decode(metadataRequest, 12, encode(metadataRequest, 12, { topics: names }))
    expect(decoded.topics).toHaveLength(60_000)
    expect(decoded.topics![59_999]!.name).toBe('a-topic-with-a-long-name-59999')
  })
})

describe('what a version cannot say', () => {
  test('an ignorable field is left out', () => {
    const encoded = encode(metadataResponse, 0, { clusterId: 'abc', controllerId: 3 })
    expect(decode(metadataResponse, 0, encoded)).toMatchObject({ clusterId: null, controllerId: -1 })
  })

  test('another is refused unless it has its default', () => {
    const coordinators = [{ key: 'group', nodeId: 1 }]
    expect(() => encode(findCoordinatorResponse, 3, { coordinators })).toThrow(KafkaError)
    expect(() => encode(findCoordinatorResponse, 3, { coordinators })).toThrow(
      'FindCoordinatorResponse version 3 has no FindCoordinatorResponse.coordinators',
    )
    expect(encode(findCoordinatorResponse, 3, { coordinators: [] })).toEqual(encode(findCoordinatorResponse, 3, {}))
  })

  test('a tagged field too', () => {
    expect(() => encode(transactionLogValue, 0, { nextProducerId: 5n })).toThrow(KafkaError)
    expect(decode(transactionLogValue, 1, encode(transactionLogValue, 1, { nextProducerId: 5n })).nextProducerId).toBe(
      5n,
    )
  })

  test('a version that the message does not have', () => {
    expect(() => encode(produceRequest, 2, {})).toThrow('ProduceRequest has no version 2')
    expect(() => decode(produceRequest, 14, Buffer.alloc(99))).toThrow(KafkaError)
  })

  test('null where it may not be, our mistake', () => {
    expect(() => encode(metadataRequest, 0, { topics: null })).toThrow(AssertionError)
    expect(encode(metadataRequest, 1, { topics: null }).toString('hex')).toBe('ffffffff')
  })
})

describe('values at their edges', () => {
  const edges = data(
    { name: 'Edges', versions: [0, 0], flexibleSince: 0 },
    { tiny: int8(), port: uint16(), offset: int64Number(), text: string() },
  )

  test('a number that does not fit is our mistake, not other bytes', () => {
    for (const message of [
      { tiny: 128 },
      { tiny: -129 },
      { tiny: 0.5 },
      { port: -1 },
      { port: 65536 },
      { offset: 1.5 },
    ]) {
      expect(() => encode(edges, 0, message), JSON.stringify(message)).toThrow(AssertionError)
    }
    expect(() => encode(edges, 0, { offset: Number.NaN })).toThrow(AssertionError)
    expect(() => encode(edges, 0, { text: 'x'.repeat(32768) })).toThrow(AssertionError)
  })

  test('the largest int64 survives as a number, exactly', () => {
    const largest = encode(fetchRequest, 4, {
      topics: [{ topic: '', partitions: [{ fetchOffset: 2 ** 63 }] }],
    })
    expect(largest.includes(Buffer.from('7fffffffffffffff', 'hex'))).toBe(true)
    expect(decode(fetchRequest, 4, largest).topics[0]!.partitions[0]!.fetchOffset).toBe(2 ** 63)
    for (const offset of [0, -1, -2, 2 ** 31, 2 ** 32, 2 ** 32 - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      expect(decode(edges, 0, encode(edges, 0, { offset })).offset).toBe(offset)
      expect(encode(edges, 0, { offset }).readBigInt64BE(3)).toBe(BigInt(offset))
    }
  })

  test('ill-formed UTF-8 becomes replacement characters', () => {
    const bytes = Buffer.from('00 0000 0000000000000000 05 61ff80c3 00'.replaceAll(' ', ''), 'hex')
    expect(decode(edges, 0, bytes).text).toBe('a\ufffd\ufffd\ufffd')
  })

  test('what follows a message does not matter, as in Kafka', () => {
    const header = decodeRequestHeader(Buffer.from('0003000100000001ffffffffffffaabbcc', 'hex'))
    const frame = Buffer.from('0003000100000001ffffffffffffaabbcc', 'hex')
    expect(decodeRequest(3, 1, frame, header.endOffset)).toMatchObject({ message: { topics: null }, endOffset: 14 })
  })

  test('an error in one message leaves nothing behind for the next', () => {
    expect(() => decode(saslAuthenticateRequest, 2, Buffer.from('05ff', 'hex'))).toThrow(ProtocolError)
    expect(() => encodeFrame(responseHeader, 0, { correlationId: 1 }, edges, 0, { tiny: 1000 })).toThrow(AssertionError)
    const responses = [...partitionOf(Buffer.alloc(5000)).responses, { topicId: 'no uuid', partitions: [] }]
    expect(() => encodeResponse(fetchResponse, 18, 1, { responses })).toThrow(AssertionError)
    const encoded = encode(edges, 0, { tiny: 1 })
    expect(encoded.toString('hex')).toBe(`010000${'00'.repeat(8)}0100`)
    expect(decode(edges, 0, encoded)).toEqual({ tiny: 1, port: 0, offset: 0, text: '' })
  })
})

describe('names', () => {
  test('interned strings are right whatever came before', () => {
    const random = new SeededRandom(3)
    const letters = 'ab-é日'
    for (let round = 0; round < 5000; round++) {
      const text = Array.from({ length: random.integer(70) }, () => letters[random.integer(5)]).join('')
      const bytes = Buffer.from(`<${text}>`)
      expect(internString(bytes, 1, bytes.length - 2)).toBe(text)
    }
  })

  test('uuids are those of base/uuid.ts, there and back', () => {
    const random = new SeededRandom(4)
    const bytes = Buffer.alloc(20)
    for (let round = 0; round < 5000; round++) {
      const uuid = round % 3 === 0 ? uuidFromBytes(random.bytes(16)) : randomUuid(random)
      writeUuid(bytes, uuid, 2)
      expect(internUuid(bytes, 2)).toBe(uuid)
      const own = Buffer.alloc(20)
      expect(writeUuidBytes(own, uuid, 2)).toBe(true)
      expect(own.equals(bytes)).toBe(true)
      expect(isUuid(uuid)).toBe(true)
    }
    expect(internUuid(Buffer.alloc(16), 0)).toBe(zeroUuid)
  })

  test('what is no uuid is refused', () => {
    for (const text of ['', 'AAAA', `${zeroUuid}A`, 'A'.repeat(21).concat('='), 'A'.repeat(21).concat('日')]) {
      expect(writeUuidBytes(Buffer.alloc(16), text, 0), text).toBe(false)
    }
  })
})

describe('coordinator records', () => {
  test('a key opens with its type, a value with its version', () => {
    const key = encodeCoordinatorKey(offsetCommitKey, { group: 'g', topic: 't', partition: 2 })
    expect(key.toString('hex')).toBe('000100016700017400000002')
    expect(coordinatorRecordType(key)).toBe(1)
    expect(decodeCoordinatorKey(offsetCommitKey, key)).toEqual({ group: 'g', topic: 't', partition: 2 })
    const value = encodeVersionedValue(offsetCommitValue, 3, { offset: 2n ** 63n - 1n, metadata: 'm' })
    expect(value.readInt16BE(0)).toBe(3)
    expect(decodeVersionedValue(offsetCommitValue, value)).toMatchObject({ offset: 2n ** 63n - 1n, metadata: 'm' })
  })

  test('of a version or a size that cannot be', () => {
    expect(() => decodeVersionedValue(offsetCommitValue, Buffer.from('0005', 'hex'))).toThrow(KafkaError)
    expect(() => decodeVersionedValue(offsetCommitValue, Buffer.from('00', 'hex'))).toThrow(ProtocolError)
    expect(() => decodeCoordinatorKey(offsetCommitKey, Buffer.from('000100', 'hex'))).toThrow(ProtocolError)
    expect(() => coordinatorRecordType(Buffer.alloc(1))).toThrow(ProtocolError)
  })
})
