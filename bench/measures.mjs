/**
 * What is measured, each on a broker that runs: bulk produce and fetch, requests with one record, latency at a modest rate,
 * the first acknowledged record. The load comes from this process; the broker's CPU time is read from /proc.
 */
import { Connection } from './connection.mjs'
import { createBatch } from './encode.mjs'
import {
  createTopicRequest,
  fetchedRecords,
  fetchRequest,
  metadataRequest,
  produceError,
  produceRequest,
} from './requests.mjs'

const acksAll = -1
const inFlightMax = 5
/** Error codes with which a broker that has just started asks for patience. */
const patienceErrors = new Set([3, 5, 6])

/** Resolves after the broker's next turn at the earliest; a start is asked again and again. */
const briefly = () => new Promise((resolve) => setTimeout(resolve, 2))

/** Connects as soon as somebody listens. */
export async function connectSoon(port) {
  for (;;) {
    try {
      return await Connection.open(port)
    } catch (error) {
      if (error.code !== 'ECONNREFUSED') throw error
      await briefly()
    }
  }
}

/**
 * From the start of the process to the first acknowledged record, in a topic that exists or is created: milliseconds, and
 * seconds of CPU, which a busy machine changes little.
 */
export async function firstAcknowledgement(broker) {
  const topic = 'first'
  const records = createBatch(1, 100)
  const startedMs = performance.now()
  broker.start()
  for (;;) {
    const connection = await connectSoon(broker.port)
    try {
      for (;;) {
        const { head } = await connection.send(produceRequest(topic, 0, records, acksAll))
        const error = produceError(head, topic)
        if (error === 0) return { ms: performance.now() - startedMs, cpuSeconds: broker.cpuSeconds() }
        if (!patienceErrors.has(error)) throw new Error(`the first record was refused with ${error}`)
        await connection.send(metadataRequest(topic))
        await briefly()
      }
    } catch (error) {
      if (!/closed|ECONNRESET/.test(error.message)) throw error
    } finally {
      connection.close()
    }
  }
}

export async function createTopic(broker, topic, partitions) {
  const connection = await connectSoon(broker.port)
  const { head } = await connection.send(createTopicRequest(topic, partitions))
  // correlation id 4, throttle 4, topics 4, name 2 + n
  const error = head.readInt16BE(4 + 4 + 4 + 2 + topic.length)
  if (error !== 0) throw new Error(`the topic was refused with ${error}`)
  connection.close()
  // Apache Kafka answers before its leaders serve.
  const records = createBatch(1, 100)
  const probe = await connectSoon(broker.port)
  for (let partition = 0; partition < partitions; partition++) {
    for (;;) {
      const answer = await probe.send(produceRequest(topic, partition, records, acksAll))
      if (produceError(answer.head, topic) === 0) break
      await briefly()
    }
  }
  probe.close()
}

/** Sends `count` times what `next` gives, `inFlight` at once on each connection; `check` sees every answer. */
async function drive(connections, inFlight, count, next, check) {
  let sent = 0
  const lane = async (connection, index) => {
    while (sent < count) {
      sent++
      check(await connection.send(next(index)), index)
    }
  }
  const lanes = connections.flatMap((connection, index) =>
    Array.from({ length: inFlight }, () => lane(connection, index)),
  )
  await Promise.all(lanes)
}

async function measured(broker, work) {
  const cpu = broker.cpuSeconds()
  const startedMs = performance.now()
  await work()
  return { seconds: (performance.now() - startedMs) / 1000, cpuSeconds: broker.cpuSeconds() - cpu }
}

/** One connection and one partition for each lane. */
async function connections(broker, count) {
  return await Promise.all(Array.from({ length: count }, () => connectSoon(broker.port)))
}

/** `batch` is what one request carries. Resolves with throughput and the broker's CPU time for each 10^9 bytes of records. */
export async function produceBulk(broker, { topic, partitions, batch, totalBytes, warmUpBytes }) {
  await createTopic(broker, topic, partitions)
  const lanes = await connections(broker, partitions)
  const frames = lanes.map((_, partition) => produceRequest(topic, partition, batch, acksAll))
  const check = ({ head }) => {
    const error = produceError(head, topic)
    if (error !== 0) throw new Error(`a batch was refused with ${error}`)
  }
  const send = (bytes) => drive(lanes, inFlightMax, Math.ceil(bytes / batch.length), (lane) => frames[lane], check)
  await send(warmUpBytes)
  const { seconds, cpuSeconds } = await measured(broker, () => send(totalBytes))
  for (const lane of lanes) lane.close()
  return { megabytesPerSecond: totalBytes / 1e6 / seconds, cpuSecondsPerGigabyte: cpuSeconds / (totalBytes / 1e9) }
}

/** Reads what produceBulk wrote, from its beginning, each partition on a connection of its own; again and again. */
export async function fetchBulk(broker, { topic, partitions, batch, recordsPerBatch, totalBytes, warmUpBytes }) {
  const lanes = await connections(broker, partitions)
  // The first record of each partition is the probe of createTopic.
  const offsets = lanes.map(() => 1)
  let read = 0
  const lane = async (connection, partition, until) => {
    while (read < until) {
      const { head } = await connection.send(fetchRequest(topic, partition, offsets[partition], 1024 * 1024))
      const { error, sizeInBytes } = fetchedRecords(head, topic)
      if (error !== 0) throw new Error(`a fetch was refused with ${error}`)
      read += sizeInBytes
      const batches = Math.floor(sizeInBytes / batch.length)
      offsets[partition] = batches === 0 ? 1 : offsets[partition] + batches * recordsPerBatch
    }
  }
  const readAll = (until) => Promise.all(lanes.map((connection, partition) => lane(connection, partition, until)))
  await readAll(warmUpBytes)
  const before = read
  const { seconds, cpuSeconds } = await measured(broker, () => readAll(before + totalBytes))
  for (const connection of lanes) connection.close()
  const bytes = read - before
  return { megabytesPerSecond: bytes / 1e6 / seconds, cpuSecondsPerGigabyte: cpuSeconds / (bytes / 1e9) }
}

/** Requests with one record of 100 bytes. Resolves with their rate and the broker's CPU time for each. */
export async function oneRecordRequests(broker, { topic, acks, clients, inFlight, count, warmUpCount }) {
  await createTopic(broker, topic, 1)
  const lanes = await connections(broker, clients)
  const frame = produceRequest(topic, 0, createBatch(1, 100), acks)
  const check = ({ head }) => {
    const error = produceError(head, topic)
    if (error !== 0) throw new Error(`a record was refused with ${error}`)
  }
  const send = (requests) => drive(lanes, inFlight, requests, () => frame, check)
  await send(warmUpCount)
  const { seconds, cpuSeconds } = await measured(broker, () => send(count))
  for (const lane of lanes) lane.close()
  return { requestsPerSecond: count / seconds, cpuMicrosecondsPerRequest: (cpuSeconds / count) * 1e6 }
}

/** Milliseconds between sending one record and its acknowledgement, `perSecond` times a second. */
export async function latency(broker, { topic, count, perSecond }) {
  await createTopic(broker, topic, 1)
  const connection = await connectSoon(broker.port)
  const frame = produceRequest(topic, 0, createBatch(1, 100), acksAll)
  const taken = []
  const startedMs = performance.now()
  for (let index = 0; index < count; index++) {
    const dueMs = startedMs + (index * 1000) / perSecond
    const waitMs = dueMs - performance.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    const sentMs = performance.now()
    await connection.send(frame)
    taken.push(performance.now() - sentMs)
  }
  connection.close()
  taken.sort((left, right) => left - right)
  const at = (share) => taken[Math.min(taken.length - 1, Math.floor(taken.length * share))]
  return { medianMs: at(0.5), p99Ms: at(0.99) }
}
