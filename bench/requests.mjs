/** The requests that the benchmarks send, encoded once by the built project's own protocol, and what their answers say. */
import { createRequest } from './encode.mjs'

export const produceVersion = 7
export const fetchVersion = 11

/** One batch for one partition; both brokers take these versions. */
export function produceRequest(topic, partition, records, acks) {
  return createRequest(0, produceVersion, {
    transactionalId: null,
    acks,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
  })
}

/** The error code in a Produce answer with one partition, version 7. */
export function produceError(head, topic) {
  // correlation id 4, topics 4, name 2 + n, partitions 4, index 4
  return head.readInt16BE(4 + 4 + 2 + topic.length + 4 + 4)
}

export function fetchRequest(topic, partition, fetchOffset, maxBytes) {
  return createRequest(1, fetchVersion, {
    replicaId: -1,
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [
      {
        topic,
        partitions: [
          { partition, currentLeaderEpoch: -1, fetchOffset, logStartOffset: -1, partitionMaxBytes: maxBytes },
        ],
      },
    ],
    forgottenTopicsData: [],
    rackId: '',
  })
}

/** Error, size and place of the records in a Fetch answer with one partition, version 11. */
export function fetchedRecords(head, topic) {
  // correlation id 4, throttle 4, error 2, session 4, topics 4, name 2 + n, partitions 4, index 4
  const at = 4 + 4 + 2 + 4 + 4 + 2 + topic.length + 4 + 4
  // error 2, three offsets 24, aborted transactions 4, preferred replica 4
  const sizeAt = at + 2 + 24 + 4 + 4
  return { error: head.readInt16BE(at), sizeInBytes: head.readInt32BE(sizeAt) }
}

export function createTopicRequest(name, numPartitions) {
  return createRequest(19, 4, {
    topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 30_000,
    validateOnly: false,
  })
}

/** Asks for the topic, which is created by that. */
export function metadataRequest(topic) {
  return createRequest(3, 4, { topics: [{ name: topic }], allowAutoTopicCreation: true })
}
