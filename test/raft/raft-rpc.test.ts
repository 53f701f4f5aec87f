/** The frames that controllers of Apache Kafka 4.3.1 sent each other, to the core's messages and back: not one byte differs. */
import { describe, expect, test } from 'vitest'
import { apis } from '../../src/protocol/api/index.ts'
import { decode, encode } from '../../src/protocol/compile.ts'
import { decodeRequest, decodeRequestHeader, decodeResponse } from '../../src/protocol/frames.ts'
import type { RaftRequest } from '../../src/raft/messages.ts'
import { decodeRaftRequest, encodeRaftRequest, raftApis } from '../../src/raft/raft-rpc-requests.ts'
import { decodeRaftResponse, encodeRaftResponse } from '../../src/raft/raft-rpc-responses.ts'
import { kraftFrames } from '../protocol/golden-frames.ts'

const kinds = new Map<number, RaftRequest['kind']>(
  Object.entries(raftApis).map(([kind, { apiKey }]) => [apiKey, kind as RaftRequest['kind']]),
)
const raftFrames = kraftFrames.filter(({ apiKey, label }) => kinds.has(apiKey) && !label.startsWith('Follower Fetch'))
const requests = raftFrames.filter(({ direction }) => direction === 'request')
const responses = raftFrames.filter(({ direction }) => direction === 'response')

function bodyOf(frame: (typeof raftFrames)[number]): { message: object; body: Buffer } {
  const bytes = Buffer.from(frame.hex, 'hex')
  if (frame.direction === 'request') {
    const header = decodeRequestHeader(bytes)
    const { message } = decodeRequest(header.apiKey, header.apiVersion, bytes, header.endOffset)
    return { message, body: bytes.subarray(header.endOffset) }
  }
  const { message } = decodeResponse(apis.get(frame.apiKey)!.response, frame.version, bytes)
  return { message: message as object, body: bytes.subarray(5) }
}

describe('a request of Kafka', () => {
  test.each(requests.map((frame) => [frame.label, frame] as const))('%s', (_, frame) => {
    const { message, body } = bodyOf(frame)
    const request = decodeRaftRequest(frame.apiKey, message)
    expect(request).toBeDefined()
    const encoded = encode(apis.get(frame.apiKey)!.request, frame.version, encodeRaftRequest(request!))
    // A hand-made request may ask differently than a replica does.
    if (frame.label.includes('hand-made'))
      expect(decode(apis.get(frame.apiKey)!.request, frame.version, encoded)).toBeDefined()
    else expect(encoded.toString('hex')).toBe(body.toString('hex'))
  })
})

describe('an answer of Kafka', () => {
  test.each(responses.map((frame) => [frame.label, frame] as const))('%s', (_, frame) => {
    const { message, body } = bodyOf(frame)
    const response = decodeRaftResponse(kinds.get(frame.apiKey)!, message)
    expect(response).toBeDefined()
    const encoded = encode(apis.get(frame.apiKey)!.response, frame.version, encodeRaftResponse(response!))
    expect(encoded.toString('hex')).toBe(body.toString('hex'))
  })
})

test('the captures hold every raft RPC', () => {
  expect(new Set(requests.map(({ apiKey }) => apiKey))).toEqual(new Set([1, 52, 53, 54, 59, 80, 81, 82]))
})

test('a request about anything but the metadata log is not understood', () => {
  const vote = requests.find(({ apiKey }) => apiKey === 52)!
  const message = structuredClone(bodyOf(vote).message) as { topics: { topicName: string }[] }
  expect(decodeRaftRequest(52, message)).toBeDefined()
  expect(decodeRaftRequest(52, { ...message, topics: [] })).toBeUndefined()
  expect(decodeRaftRequest(52, { ...message, topics: [...message.topics, ...message.topics] })).toBeUndefined()
  message.topics[0]!.topicName = 'orders'
  expect(decodeRaftRequest(52, message)).toBeUndefined()
  expect(decodeRaftRequest(3, message)).toBeUndefined()
})
