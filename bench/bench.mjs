/**
 * npm run bench [-- --rounds 3 --quick --only ottla --output bench/results/bench.json]
 *
 * ottla beside Apache Kafka 4.3.1 in the same run: the brokers take turns, each round on fresh directories, under the same
 * load. Prints the medians and their ratio, keeps every figure as JSON. The reference comes from test/interop/install.sh.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { KafkaUnderTest, OttlaUnderTest } from './brokers.mjs'
import { codecs, compressionTypes, createBatch } from './encode.mjs'
import { connectSoon, fetchBulk, firstAcknowledgement, latency, oneRecordRequests, produceBulk } from './measures.mjs'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    starts: { type: 'string', default: '10' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    output: { type: 'string', default: 'bench/results/bench.json' },
  },
})
const scale = options.quick ? 0.1 : 1
const rounds = options.quick ? 1 : Number(options.rounds)
const partitions = 4
const idleMs = options.quick ? 2000 : 10_000

const running = new Set()
process.once('SIGINT', async () => {
  for (const broker of running) await broker.dispose()
  process.exit(130)
})

/** Name of a figure and its unit -> name of a broker -> what was seen. */
const figures = new Map()

function note(figure, broker, value) {
  if (!figures.has(figure)) figures.set(figure, new Map())
  const byBroker = figures.get(figure)
  if (!byBroker.has(broker.name)) byBroker.set(broker.name, [])
  byBroker.get(broker.name).push(value)
}

function median(values) {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)]
}

function progress(text) {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`)
}

async function withBroker(Broker, use) {
  const broker = new Broker()
  running.add(broker)
  try {
    await broker.prepare()
    return await use(broker)
  } finally {
    running.delete(broker)
    await broker.dispose()
  }
}

/** Fewer starts of a broker that takes seconds. */
async function measureStarts(Broker, count) {
  for (let start = 0; start < count; start++) {
    await withBroker(Broker, async (broker) => {
      progress(`${broker.name}: start ${start + 1} of ${count}`)
      noteStart(broker, 'empty directory', await firstAcknowledgement(broker))
      await broker.kill()
      noteStart(broker, 'after kill -9', await firstAcknowledgement(broker))
    })
  }
}

function noteStart(broker, title, { ms, cpuSeconds }) {
  note(`first acknowledgement, ${title}, ms`, broker, ms)
  note(`first acknowledgement, ${title}, CPU s`, broker, cpuSeconds)
}

const bulks = [
  { title: 'batches of 16 KB', topic: 'bulk-16k', count: 15, totalBytes: 1e9 },
  { title: 'batches of 1 MB', topic: 'bulk-1m', count: 950, totalBytes: 1e9 },
  // Bytes are those that go over the wire.
  { title: 'lz4 batches of 16 KB', topic: 'bulk-lz4', count: 27, totalBytes: 0.5e9, compression: compressionTypes.lz4 },
]

async function measureBulk(broker, { title, topic, count, totalBytes, compression = compressionTypes.none }) {
  const batch = createBatch(count, 1024, { compressionType: compression, codecs })
  const bytes = totalBytes * scale
  const load = { topic, partitions, batch, recordsPerBatch: count, totalBytes: bytes, warmUpBytes: bytes / 4 }
  progress(`${broker.name}: produce and fetch ${title}`)
  const produced = await produceBulk(broker, load)
  note(`produce 1 KB records, ${title}, MB/s`, broker, produced.megabytesPerSecond)
  note(`produce 1 KB records, ${title}, broker CPU s/GB`, broker, produced.cpuSecondsPerGigabyte)
  const fetched = await fetchBulk(broker, load)
  note(`fetch 1 KB records, ${title}, MB/s`, broker, fetched.megabytesPerSecond)
  note(`fetch 1 KB records, ${title}, broker CPU s/GB`, broker, fetched.cpuSecondsPerGigabyte)
}

const singles = [
  { title: 'acks=all, 10 clients, one in flight', topic: 'single', acks: -1, clients: 10, inFlight: 1 },
  { title: 'acks=1, 50 clients, one in flight', topic: 'leader', acks: 1, clients: 50, inFlight: 1 },
  { title: 'acks=all, 4 clients, 5 in flight', topic: 'pipelined', acks: -1, clients: 4, inFlight: 5 },
]

async function measureSingles(broker, { title, topic, acks, clients, inFlight }) {
  const count = Math.ceil(100_000 * scale)
  progress(`${broker.name}: requests with one record, ${title}`)
  const seen = await oneRecordRequests(broker, {
    topic,
    acks,
    clients,
    inFlight,
    count,
    warmUpCount: Math.ceil(count / 2),
  })
  note(`one record a request, ${title}, requests/s`, broker, seen.requestsPerSecond)
  note(`one record a request, ${title}, broker CPU us/request`, broker, seen.cpuMicrosecondsPerRequest)
}

async function measureLoad(Broker, round) {
  await withBroker(Broker, async (broker) => {
    progress(`${broker.name}: round ${round + 1} of ${rounds}`)
    broker.start()
    const connection = await connectSoon(broker.port)
    connection.close()
    const cpu = broker.cpuSeconds()
    await new Promise((resolve) => setTimeout(resolve, idleMs))
    note('idle memory, MB resident', broker, broker.residentMegabytes())
    note('idle CPU, percent of a core', broker, ((broker.cpuSeconds() - cpu) / (idleMs / 1000)) * 100)
    for (const single of singles) await measureSingles(broker, single)
    const taken = await latency(broker, { topic: 'latency', count: 2500 * scale, perSecond: 500 })
    note('acknowledgement at 500 requests/s, median, ms', broker, taken.medianMs)
    note('acknowledgement at 500 requests/s, p99, ms', broker, taken.p99Ms)
    for (const bulk of bulks) await measureBulk(broker, bulk)
    note('memory after the load, MB resident', broker, broker.residentMegabytes())
  })
}

function report() {
  const names = [OttlaUnderTest, KafkaUnderTest]
    .map((Broker) => new Broker())
    .map((broker) => {
      broker.dispose()
      return broker.name
    })
  const table = [...figures].map(([figure, byBroker]) => {
    const [ours, theirs] = names.map((name) => (byBroker.has(name) ? median(byBroker.get(name)) : undefined))
    return { figure, ottla: ours, 'Apache Kafka 4.3.1': theirs, ratio: ours / theirs }
  })
  const shown = (value) => (value === undefined || Number.isNaN(value) ? '-' : value.toPrecision(3))
  const width = Math.max(...table.map(({ figure }) => figure.length))
  console.log(`${''.padEnd(width)}  ${'ottla'.padStart(10)}  ${'Kafka'.padStart(10)}  ${'ratio'.padStart(7)}`)
  for (const row of table)
    console.log(
      `${row.figure.padEnd(width)}  ${shown(row.ottla).padStart(10)}  ${shown(row['Apache Kafka 4.3.1']).padStart(10)}  ${shown(row.ratio).padStart(7)}`,
    )
  return table
}

const brokers = [OttlaUnderTest, KafkaUnderTest].filter(
  (Broker) => options.only === undefined || Broker.name.toLowerCase().startsWith(options.only),
)
const startedAt = new Date().toISOString()
for (const Broker of brokers) {
  const starts = options.quick ? 2 : Number(options.starts)
  await measureStarts(Broker, Broker === OttlaUnderTest ? starts : Math.ceil(starts / 3))
}
for (let round = 0; round < rounds; round++) for (const Broker of brokers) await measureLoad(Broker, round)
const medians = report()
mkdirSync(dirname(options.output), { recursive: true })
const machine = {
  cpu: cpus()[0].model,
  cores: cpus().length,
  memoryGigabytes: Math.round(totalmem() / 2 ** 30),
  node: process.version,
}
const all = Object.fromEntries([...figures].map(([figure, byBroker]) => [figure, Object.fromEntries(byBroker)]))
writeFileSync(options.output, `${JSON.stringify({ startedAt, machine, rounds, medians, all }, null, 2)}\n`)
console.log(`every figure is in ${options.output}`)
