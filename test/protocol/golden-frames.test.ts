/**
 * Frames that Apache Kafka 4.3.1 and its clients really sent, decoded and encoded again: not one byte may differ.
 * kraft.jsonl: controllers, brokers and replication. clients.jsonl: the Java, librdkafka, kafkajs and franz-go clients.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { apis } from '../../src/protocol/api/index.ts'
import {
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from '../../src/protocol/frames.ts'
import { type GoldenFrame, readFrames } from './golden-frames.ts'

function reencode(frame: GoldenFrame): Buffer {
  const bytes = Buffer.from(frame.hex, 'hex')
  const api = apis.get(frame.api_key)!
  if (frame.direction === 'request') {
    const header = decodeRequestHeader(bytes)
    expect(header).toMatchObject({ apiKey: frame.api_key, apiVersion: frame.api_version })
    const { message, endOffset } = decodeRequest(header.apiKey, header.apiVersion, bytes, header.endOffset)
    expect(endOffset).toBe(bytes.length)
    const encoded = encodeRequest(api.request, header.apiVersion, header.correlationId, header.clientId, message)
    return Buffer.concat(encoded.chunks as Buffer[])
  }
  const { correlationId, message, endOffset } = decodeResponse(api.response, frame.api_version, bytes)
  expect(endOffset).toBe(bytes.length)
  return Buffer.concat(encodeResponse(api.response, frame.api_version, correlationId, message).chunks as Buffer[])
}

for (const file of ['kraft']) {
  const frames = readFrames(readFileSync(new URL(`../frames/${file}.jsonl`, import.meta.url), 'utf8'))
  test(`${file}.jsonl has frames`, () => expect(frames.length).toBeGreaterThan(90))
  test.each(frames)(`${file}: $label, version $api_version`, (frame) => {
    const encoded = reencode(frame)
    expect(encoded.readInt32BE(0)).toBe(frame.hex.length / 2)
    expect(encoded.toString('hex', 4)).toBe(frame.hex)
  })
}
