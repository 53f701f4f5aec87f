/** Encoding and decoding of the messages that a busy broker meets most, for the micro benchmarks. */

import { defaultLogConfig } from '../dist/config/log-config.js'
import { apis } from '../dist/protocol/api/index.js'
import { decodeRequest, decodeRequestHeader, encodeResponse } from '../dist/protocol/frames.js'
import { noCodecs } from '../dist/protocol/record/compression.js'
import { validateRecords } from '../dist/protocol/record/validate.js'
import { createBatch, createRequest } from './encode.mjs'

const topicId = 'vPeOCWypqUOSepEvx0cbog'
const apiKeys = { produce: 0, fetch: 1, metadata: 3, apiVersions: 18 }

function decoding(name, apiKey, version, message) {
  const frame = createRequest(apiKey, version, message).subarray(4)
  return {
    name: `decode ${name}`,
    run: () => decodeRequest(apiKey, version, frame, decodeRequestHeader(frame).endOffset),
  }
}

function encoding(name, apiKey, version, message) {
  const { response } = apis.get(apiKey)
  return { name: `encode ${name}`, run: () => encodeResponse(response, version, 1, message) }
}

export function* messageCases() {
  yield* produceCases()
  yield* fetchCases()
  const partitions = Array.from({ length: 1000 }, (_, partitionIndex) => ({
    partitionIndex,
    leaderId: 1,
    leaderEpoch: 0,
    replicaNodes: [1],
    isrNodes: [1],
    offlineReplicas: [],
  }))
  yield encoding('Metadata 13 response, 1000 partitions', apiKeys.metadata, 13, {
    brokers: [{ nodeId: 1, host: 'localhost', port: 9092 }],
    controllerId: 1,
    topics: [{ name: 'orders', topicId, partitions }],
  })
  yield decoding('ApiVersions 4 request', apiKeys.apiVersions, 4, {
    clientSoftwareName: 'bench',
    clientSoftwareVersion: '1',
  })
  const served = [...apis.keys()].map((apiKey) => ({ apiKey, minVersion: 0, maxVersion: 9 }))
  yield encoding('ApiVersions 4 response', apiKeys.apiVersions, 4, { apiKeys: served })
}

function* produceCases() {
  const records = createBatch(1, 100)
  for (const version of [11, 13]) {
    const topic = version >= 13 ? { topicId } : { name: 'orders' }
    yield decoding(`Produce ${version} request, one record`, apiKeys.produce, version, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 30_000,
      topicData: [{ ...topic, partitionData: [{ index: 0, records }] }],
    })
    yield encoding(`Produce ${version} response`, apiKeys.produce, version, {
      responses: [{ ...topic, partitionResponses: [{ index: 0, errorCode: 0, baseOffset: 1, logAppendTimeMs: -1 }] }],
    })
  }
  for (const [title, count, size] of [
    ['1 record of 100 B', 1, 100],
    ['15 records of 1 KB', 15, 1024],
    ['950 records of 1 KB', 950, 1024],
  ]) {
    const batch = createBatch(count, size)
    const options = {
      settings: defaultLogConfig,
      nowMs: Date.now(),
      partition: 'orders-0',
      produceVersion: 13,
      origin: 'client',
      mode: 'header',
      codecs: noCodecs,
    }
    yield { name: `check a batch, ${title}`, sizeInBytes: batch.length, run: () => validateRecords(batch, options) }
  }
}

function* fetchCases() {
  const records = createBatch(15, 1024)
  for (const version of [17, 18]) {
    const partition = { partition: 0, currentLeaderEpoch: 0, fetchOffset: 0, partitionMaxBytes: 1_048_576 }
    yield decoding(`Fetch ${version} request`, apiKeys.fetch, version, {
      maxWaitMs: 500,
      minBytes: 1,
      topics: [{ topicId, partitions: [partition] }],
    })
    const answer = {
      partitionIndex: 0,
      errorCode: 0,
      highWatermark: 15,
      lastStableOffset: 15,
      logStartOffset: 0,
      records,
    }
    yield encoding(`Fetch ${version} response, one partition`, apiKeys.fetch, version, {
      throttleTimeMs: 0,
      responses: [{ topicId, partitions: [{ ...answer, abortedTransactions: null }] }],
    })
  }
}
