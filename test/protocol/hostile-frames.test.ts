/**
 * Bytes from a client that errs or lies: whatever they are, decoding gives a value or one ProtocolError, at once and
 * without taking much memory. Golden frames and random messages are cut at every byte, have bits flipped, and carry
 * counts and sizes that nothing backs.
 */
import { describe, expect, test } from 'vitest'
import { limits } from '../../src/base/limits.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { fetchRequest } from '../../src/protocol/api/01-fetch.ts'
import { metadataRequest } from '../../src/protocol/api/03-metadata.ts'
import { offsetCommitRequest } from '../../src/protocol/api/08-offset-commit.ts'
import { apiVersionsRequest } from '../../src/protocol/api/18-api-versions.ts'
import { saslAuthenticateRequest } from '../../src/protocol/api/36-sasl-authenticate.ts'
import { createPartitionsRequest } from '../../src/protocol/api/37-create-partitions.ts'
import { apis } from '../../src/protocol/api/index.ts'
import { decode, encode } from '../../src/protocol/compile.ts'
import { KafkaError, ProtocolError } from '../../src/protocol/errors.ts'
import { decodeRequest, decodeRequestHeader, decodeResponse } from '../../src/protocol/frames.ts'
import type { Schema } from '../../src/protocol/schema.ts'
import { clientFrames, type GoldenFrame, isOdd, kraftFrames } from './golden-frames.ts'
import { allSchemas, MessageMaker, versionsOf } from './random-message.ts'

function decodeFrame(frame: GoldenFrame, bytes: Buffer): object {
  if (frame.direction === 'response') {
    return decodeResponse(apis.get(frame.apiKey)!.response, frame.version, bytes).message
  }
  const header = decodeRequestHeader(bytes)
  return decodeRequest(header.apiKey, header.apiVersion, bytes, header.endOffset).message
}

/** Runs `decoding`; true when it gave a value, false for the errors that a client may cause. Others are thrown on. */
function succeeds(decoding: () => object): boolean {
  try {
    return decoding() !== undefined
  } catch (error) {
    if (error instanceof ProtocolError) return false
    if (error instanceof KafkaError && error.error === 'UNSUPPORTED_VERSION') return false
    throw error
  }
}

// One frame of each kind. Odd ones are left out: a byte too many can be cut off without loss.
const frames = [
  ...new Map(
    [...kraftFrames, ...clientFrames]
      .filter((frame) => !isOdd(frame))
      .map((frame) => [`${frame.apiKey} ${frame.version} ${frame.direction}`, frame]),
  ).values(),
]

test('a golden frame that is cut anywhere is refused', () => {
  for (const frame of frames) {
    const bytes = Buffer.from(frame.hex, 'hex')
    for (let size = 0; size < bytes.length; size++) {
      const isWhole = succeeds(() => decodeFrame(frame, bytes.subarray(0, size)))
      expect(isWhole, `${frame.label}: ${size} of ${bytes.length} bytes`).toBe(false)
    }
  }
})

test('a golden frame with bits flipped gives a value or a ProtocolError', () => {
  for (const frame of frames) {
    const bytes = Buffer.from(frame.hex, 'hex')
    for (let index = 0; index < Math.min(bytes.length, 400); index++) {
      for (const bits of [0x01, 0x80, 0xff]) {
        bytes[index]! ^= bits
        succeeds(() => decodeFrame(frame, bytes))
        bytes[index]! ^= bits
      }
    }
  }
})

test.each(allSchemas)('$name: cut anywhere, garbled anywhere', (schema) => {
  const random = new SeededRandom(42)
  for (const version of versionsOf(schema)) {
    const bytes = encode(schema, version, new MessageMaker(version, 'random', 11).message(schema))
    for (let round = 0; round < 20; round++) {
      const size = random.integer(bytes.length + 1)
      expect(succeeds(() => decode(schema, version, bytes.subarray(0, size)))).toBe(size === bytes.length)
      const garbled = Buffer.from(bytes)
      for (let count = random.integer(4); count >= 0 && garbled.length > 0; count--) {
        garbled[random.integer(garbled.length)] = random.integer(256)
      }
      succeeds(() => decode(schema, version, garbled))
    }
    for (let round = 0; round < 5; round++) succeeds(() => decode(schema, version, random.bytes(random.integer(300))))
  }
})

/** Expects a ProtocolError whose message names the problem: it is seen before memory is taken for what is claimed. */
function expectCheapRefusal(schema: Schema, version: number, hex: string, problem: RegExp): void {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  expect(() => decode(schema, version, bytes)).toThrow(ProtocolError)
  expect(() => decode(schema, version, bytes)).toThrow(problem)
}

describe('lies about sizes', () => {
  test('an array that claims more elements than bytes remain', () => {
    expectCheapRefusal(metadataRequest, 1, '7fffffff', /an array of 2147483647 elements where 0 bytes remain/)
    expectCheapRefusal(metadataRequest, 1, '00000003 0001 61 0001', /an array of 3 elements where 5 bytes remain/)
    expectCheapRefusal(metadataRequest, 9, 'ffffffff07', /an array of 2147483646 elements/)
  })

  test('an array within the bytes but beyond the limit', () => {
    const count = limits.maxArrayLength + 1
    const frame = Buffer.alloc(4 + count * 2)
    frame.writeInt32BE(count)
    expect(() => decode(metadataRequest, 1, frame)).toThrow(/an array of 1048577 elements/)
  })

  test('arrays that together have more elements than a message may', () => {
    // Three topics without a name, each with the most partitions that one array may have, 18 bytes each.
    const topic = Buffer.alloc(6 + limits.maxArrayLength * 18)
    topic.writeInt32BE(limits.maxArrayLength, 2)
    const head = encode(offsetCommitRequest, 7, {})
    head.writeInt32BE(3, head.length - 4)
    expect(() => decode(offsetCommitRequest, 7, Buffer.concat([head, topic, topic, topic]))).toThrow(
      /more than 2097152 array elements/,
    )
  })

  test('a string longer than Kafka allows, or than the frame', () => {
    expectCheapRefusal(apiVersionsRequest, 3, 'ffff7f', /a string of 2097150 bytes/)
    expectCheapRefusal(apiVersionsRequest, 3, '0a6162', /9 bytes wanted where 2 remain/)
  })

  test('bytes longer than the frame', () => {
    expectCheapRefusal(saslAuthenticateRequest, 0, '7fffffff00', /2147483647 bytes wanted where 1 remain/)
    expectCheapRefusal(saslAuthenticateRequest, 2, 'ffffffff0700', /2147483646 bytes wanted where 1 remain/)
  })

  test('varints that never end, or say more than 31 bits', () => {
    expectCheapRefusal(saslAuthenticateRequest, 2, 'ffffffff0f', /a varint beyond 31 bits/)
    expectCheapRefusal(saslAuthenticateRequest, 2, 'ffffffffffffffffffff01', /a varint beyond 31 bits/)
    expectCheapRefusal(saslAuthenticateRequest, 2, 'ffff', /1 bytes wanted where 0 remain/)
  })
})

describe('nulls', () => {
  test('where a field may not be null', () => {
    expectCheapRefusal(saslAuthenticateRequest, 0, 'ffffffff', /authBytes may not be null/)
    expectCheapRefusal(createPartitionsRequest, 2, '00', /topics may not be null/)
    expectCheapRefusal(apiVersionsRequest, 3, '00', /clientSoftwareName may not be null/)
    expectCheapRefusal(metadataRequest, 1, '00000001 ffff', /name may not be null/)
  })

  test('null and empty are two things where it may', () => {
    expect(decode(metadataRequest, 1, Buffer.from('ffffffff', 'hex')).topics).toBeNull()
    expect(decode(metadataRequest, 1, Buffer.from('00000000', 'hex')).topics).toEqual([])
    expect(decode(metadataRequest, 9, Buffer.from('0001000000', 'hex')).topics).toBeNull()
    expect(decode(metadataRequest, 9, Buffer.from('0101000000', 'hex')).topics).toEqual([])
  })

  test('any negative length is null, as in Kafka', () => {
    expect(decode(metadataRequest, 1, Buffer.from('80000000', 'hex')).topics).toBeNull()
  })
})

describe('tagged fields', () => {
  const plain = encode(fetchRequest, 12, { clusterId: 'c', maxBytes: 5 })

  test('one that we do not know is skipped, in any place', () => {
    const names = Buffer.from('026102620000', 'hex')
    const withUnknown = Buffer.from('02610262 02 0003aabbcc ff7f00'.replaceAll(' ', ''), 'hex')
    const known = decode(apiVersionsRequest, 3, names)
    expect(decode(apiVersionsRequest, 3, withUnknown)).toEqual(known)
    expect(known).toEqual({ clientSoftwareName: 'a', clientSoftwareVersion: 'b' })
  })

  test('one whose size is not that of its content', () => {
    const tagAt = plain.length - 5
    // The tagged section of the request: one field, tag 0, two bytes, the string of one letter.
    expect(plain.subarray(tagAt).toString('hex')).toBe('0100020263')
    for (const section of ['010003026300', '01000102', '010001026300']) {
      const lying = Buffer.concat([plain.subarray(0, tagAt), Buffer.from(section, 'hex')])
      expect(() => decode(fetchRequest, 12, lying), section).toThrow(ProtocolError)
    }
  })

  test('more of them than any message has', () => {
    expectCheapRefusal(apiVersionsRequest, 3, '0261 0262 ffff03', /65535 tagged fields/)
  })
})

describe('request headers', () => {
  test('too short, unknown API', () => {
    expect(() => decodeRequestHeader(Buffer.from('000000', 'hex'))).toThrow(ProtocolError)
    expect(() => decodeRequestHeader(Buffer.from('03e7000000000001ffff', 'hex'))).toThrow('no API has the key 999')
    expect(() => decodeRequestHeader(Buffer.from('000300010000000100056162', 'hex'))).toThrow(ProtocolError)
  })

  test('a version that nobody knows still has a header', () => {
    const header = decodeRequestHeader(Buffer.from('0012 7fff 00000001 0001 61 00'.replaceAll(' ', ''), 'hex'))
    expect(header).toMatchObject({ apiKey: 18, apiVersion: 32767, correlationId: 1, clientId: 'a', endOffset: 12 })
    expect(() => decodeRequest(18, 32767, Buffer.alloc(0), 0)).toThrow(KafkaError)
  })
})
