// A client on the host: client.mjs HOST:PORT[,HOST:PORT...] and one of
//   produce TOPIC VALUE... | consume TOPIC COUNT         values, one a line
//   create TOPIC PARTITIONS                              of three replicas
//   write TOPIC                                          0, 1, 2 ... with acks=all, each until it is acknowledged and one after the
//                                                        other, until standard input ends; prints how many and the longest wait
//   missing TOPIC COUNT                                  how many of 0 ... COUNT - 1 the topic does not have
import { Kafka, logLevel } from 'kafkajs'

const [bootstrapServers, command, topic, ...rest] = process.argv.slice(2)
const retry = { initialRetryTime: 20, maxRetryTime: 100, factor: 0, retries: 1000 }
const brokers = bootstrapServers.split(',')
const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, connectionTimeout: 1000, requestTimeout: 10_000, retry })

async function produce() {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, acks: -1, messages: rest.map((value) => ({ value })) })
  await producer.disconnect()
}

async function consume() {
  const count = Number(rest[0])
  await read(
    (seen) => seen.length >= count,
    (value) => console.log(value),
    count,
  )
}

/** Reads from the beginning until `isEnough`. */
async function read(isEnough, onValue, countMax = Number.POSITIVE_INFINITY) {
  const consumer = kafka.consumer({ groupId: `reader-${process.pid}-${Date.now()}` })
  const seen = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise((resolve, reject) => {
    const eachMessage = async ({ message }) => {
      const value = String(message.value)
      seen.push(value)
      if (seen.length <= countMax) onValue(value)
      if (isEnough(seen)) resolve()
    }
    consumer.run({ eachMessage }).catch(reject)
  })
  await consumer.disconnect()
}

async function create() {
  const admin = kafka.admin()
  await admin.connect()
  const topics = [{ topic, numPartitions: Number(rest[0]), replicationFactor: 3 }]
  await admin.createTopics({ topics, waitForLeaders: true })
  await admin.disconnect()
}

async function write() {
  const producer = kafka.producer({ metadataMaxAge: 10_000 })
  await producer.connect()
  let isEnding = false
  process.stdin.on('end', () => (isEnding = true)).resume()
  let count = 0
  let longestMs = 0
  for (let lastMs = performance.now(); !isEnding; ) {
    await producer.send({ topic, acks: -1, messages: [{ value: String(count), partition: count % 3 }] })
    count++
    const nowMs = performance.now()
    longestMs = Math.max(longestMs, nowMs - lastMs)
    lastMs = nowMs
  }
  console.log(`${count} ${Math.round(longestMs)}`)
  process.exit(0)
}

async function missing() {
  const count = Number(rest[0])
  const expected = new Set(Array.from({ length: count }, (_, index) => String(index)))
  const admin = kafka.admin()
  await admin.connect()
  const offsets = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  const written = offsets.reduce((sum, { offset }) => sum + Number(offset), 0)
  await read(
    (seen) => seen.length >= written,
    (value) => expected.delete(value),
  )
  console.log(expected.size)
}

await { produce, consume, create, write, missing }[command]()
