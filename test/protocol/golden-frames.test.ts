/**
 * Frames that Apache Kafka 4.3.1 and its clients really sent, decoded and encoded again: not one byte may differ.
 * test/frames/kraft.jsonl has controllers, brokers and replication, clients.jsonl one or two frames of each API,
 * version and direction that each client was seen to use. Two kinds are apart, at the end: a client that sends a byte
 * too many, and an ApiVersions version that the broker does not know.
 */
import { describe, expect, test } from 'vitest'
import { apiVersionsResponse } from '../../src/protocol/api/18-api-versions.ts'
import { apis } from '../../src/protocol/api/index.ts'
import { KafkaError } from '../../src/protocol/errors.ts'
import {
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  responseHeaderVersion,
} from '../../src/protocol/frames.ts'
import { clientFrames, type GoldenFrame, isOdd, kraftFrames } from './golden-frames.ts'

/** Decodes and encodes; the bytes, with their size, and where the decoded message ended. */
function throughTheCodec(frame: GoldenFrame): { encoded: Buffer; endOffset: number } {
  const bytes = Buffer.from(frame.hex, 'hex')
  const api = apis.get(frame.apiKey)!
  if (frame.direction === 'request') {
    const header = decodeRequestHeader(bytes)
    expect(header).toMatchObject({ apiKey: frame.apiKey, apiVersion: frame.version })
    const { message, endOffset } = decodeRequest(header.apiKey, header.apiVersion, bytes, header.endOffset)
    const encoded = encodeRequest(api.request, header.apiVersion, header.correlationId, header.clientId, message)
    return { encoded: Buffer.concat(encoded.chunks as Buffer[]), endOffset }
  }
  const { correlationId, message, endOffset } = decodeResponse(api.response, frame.version, bytes)
  const encoded = encodeResponse(api.response, frame.version, correlationId, message)
  return { encoded: Buffer.concat(encoded.chunks as Buffer[]), endOffset }
}

test('the captures are whole', () => {
  expect(kraftFrames).toHaveLength(98)
  expect(clientFrames.length).toBeGreaterThan(380)
  expect(new Set(clientFrames.map((frame) => frame.apiKey)).size).toBeGreaterThanOrEqual(65)
  expect(clientFrames.filter(isOdd)).toHaveLength(3)
})

describe.each([
  ['kraft', kraftFrames],
  ['clients', clientFrames.filter((frame) => !isOdd(frame))],
])('%s', (_, frames) => {
  test.each(frames.map((frame) => [frame.label, frame] as const))('%s', (_, frame) => {
    const { encoded, endOffset } = throughTheCodec(frame)
    expect(endOffset).toBe(frame.hex.length / 2)
    expect(encoded.readInt32BE(0)).toBe(frame.hex.length / 2)
    expect(encoded.toString('hex', 4)).toBe(frame.hex)
  })
})

test('librdkafka ends AlterUserScramCredentials with a byte too many, which Kafka ignores', () => {
  const frame = clientFrames.find((each) => isOdd(each) && each.apiKey === 51)!
  const { encoded, endOffset } = throughTheCodec(frame)
  expect(frame.hex.slice(endOffset * 2)).toBe('00')
  expect(encoded.toString('hex', 4)).toBe(frame.hex.slice(0, -2))
})

describe('ApiVersions', () => {
  const [request, response] = ['request', 'response'].map(
    (direction) =>
      clientFrames.find((each) => each.apiKey === 18 && each.version === 5 && each.direction === direction)!,
  )

  test('a version that the broker does not know has a header that can be read, and no body', () => {
    const bytes = Buffer.from(request!.hex, 'hex')
    const header = decodeRequestHeader(bytes)
    expect(header).toMatchObject({ apiKey: 18, apiVersion: 5, clientId: 'kgo' })
    expect(() => decodeRequest(18, 5, bytes, header.endOffset)).toThrow(KafkaError)
  })

  test('and is answered in version 0 with error 35 and the versions of ApiVersions', () => {
    const { message } = decodeResponse(apiVersionsResponse, 0, Buffer.from(response!.hex, 'hex'))
    expect(message).toMatchObject({ errorCode: 35, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] })
    const { chunks } = encodeResponse(apiVersionsResponse, 0, 0, message)
    expect(Buffer.concat(chunks as Buffer[]).toString('hex', 4)).toBe(response!.hex)
  })

  test('the answer has header version 0 in every version, others one more byte when flexible', () => {
    for (const version of [0, 1, 2, 3, 4]) expect(responseHeaderVersion(apiVersionsResponse, version)).toBe(0)
    expect(responseHeaderVersion(apis.get(3)!.response, 8)).toBe(0)
    expect(responseHeaderVersion(apis.get(3)!.response, 9)).toBe(1)
  })
})
