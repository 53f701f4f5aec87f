/**
 * What the dispatcher answers with when a handler fails unexpectedly: every API that is served says the error somewhere in
 * its response, so that no connection closes for our mistake.
 */
import { describe, expect, test } from 'vitest'
import { CloseConnection, type RequestContext } from '../../src/handlers/handler.ts'
import { handlers } from '../../src/handlers/index.ts'
import { apiKeys, apis } from '../../src/protocol/api/index.ts'
import { KafkaError } from '../../src/protocol/errors.ts'
import { encodeResponse } from '../../src/protocol/frames.ts'

const error = new KafkaError('UNKNOWN_SERVER_ERROR', 'our fault')

/** The answer as a client reads it, in version `apiVersion`. */
function refuse(apiKey: number, apiVersion: number, request: object): unknown {
  const answer = handlers.get(apiKey)!.refuse!(request, error, { apiVersion } as RequestContext)
  // It is one that this version can carry.
  encodeResponse(apis.get(apiKey)!.response, apiVersion, 1, answer)
  return answer
}

const topicId = 'vPeOCWypqUOSepEvx0cbog'

describe('an unexpected failure is told partition by partition', () => {
  test('by Produce', () => {
    const topicData = [{ name: 't', topicId, partitionData: [{ index: 3, records: null }] }]
    const partition = { index: 3, errorCode: -1, baseOffset: -1, logStartOffset: -1, errorMessage: 'our fault' }
    const expected = { responses: [{ name: 't', topicId, partitionResponses: [partition] }] }
    expect(refuse(apiKeys.Produce, 9, { acks: -1, timeoutMs: 1, topicData })).toMatchObject(expected)
    expect(() => refuse(apiKeys.Produce, 9, { acks: 0, timeoutMs: 1, topicData })).toThrow(CloseConnection)
  })

  test('by Fetch, from version 13 on at the top alone', () => {
    const topics = [{ topic: 't', topicId, partitions: [{ partition: 2 }] }]
    const expected = { errorCode: -1, responses: [{ topic: 't', partitions: [{ partitionIndex: 2, errorCode: -1 }] }] }
    expect(refuse(apiKeys.Fetch, 4, { topics })).toMatchObject(expected)
    expect(refuse(apiKeys.Fetch, 13, { topics })).toMatchObject({ errorCode: -1, responses: [] })
  })

  test('by ListOffsets and OffsetForLeaderEpoch', () => {
    const listed = [{ name: 't', partitions: [{ partitionIndex: 2 }] }]
    expect(refuse(apiKeys.ListOffsets, 7, { topics: listed })).toMatchObject({
      topics: [{ name: 't', partitions: [{ partitionIndex: 2, errorCode: -1, offset: -1, timestamp: -1n }] }],
    })
    const asked = [{ topic: 't', partitions: [{ partition: 2 }] }]
    expect(refuse(apiKeys.OffsetForLeaderEpoch, 4, { topics: asked })).toMatchObject({
      topics: [{ topic: 't', partitions: [{ partition: 2, errorCode: -1, leaderEpoch: -1, endOffset: -1 }] }],
    })
  })
})
