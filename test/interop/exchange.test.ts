/**
 * One data directory, two brokers: what ottla wrote Apache Kafka serves, what Apache Kafka added ottla serves. A group
 * resumes where it committed under either, and topics, their configs and ids are the same.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BrokerProcess, freePort, isListening, repositoryRoot } from './support/broker-process.ts'
import { javaTool, pythonClient, run } from './support/run-tool.ts'

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
let broker: BrokerProcess
let kafka: ChildProcess | undefined

beforeAll(async () => {
  broker = await BrokerProcess.start(['offsets.topic.num.partitions=1'])
})

afterAll(async () => {
  kafka?.kill('SIGKILL')
  await broker.dispose()
})

/** Apache Kafka on ottla's directory and port; resolves when it accepts connections. */
async function startKafka(): Promise<ChildProcess> {
  const controllerPort = await freePort()
  const properties = join(broker.directory, 'kafka.properties')
  writeFileSync(
    properties,
    `process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${broker.port},CONTROLLER://127.0.0.1:${controllerPort}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=${broker.directory}
offsets.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
`,
  )
  const env = { ...process.env, KAFKA_HEAP_OPTS: '-Xmx384M' }
  const script = join(repositoryRoot, 'test/interop/reference/kafka.sh')
  const child = spawn(script, ['serve', properties], { env, stdio: 'ignore' })
  await expect
    .poll(() => child.exitCode !== null || isListening(broker.port), { timeout: 90_000, interval: 200 })
    .toBe(true)
  expect(child.exitCode).toBeNull()
  return child
}

const produce = (lines: readonly string[], ...words: string[]) =>
  run('kcat', ['-b', broker.bootstrap, '-P', ...words], `${lines.join('\n')}\n`)

async function read(topic: string): Promise<string[]> {
  const words = ['-C', '-t', topic, '-p', '0', '-e', '-q', '-o', 'beginning', '-f', '%o:%k:%s\\n']
  return (await run('kcat', ['-b', broker.bootstrap, ...words])).trim().split('\n')
}

/** What the stock tool says of a topic: its id, partitions, replicas and configs. */
function described(topic: string): Promise<string> {
  const words = ['--bootstrap-server', broker.bootstrap, '--describe', '--topic', topic]
  return javaTool('org.apache.kafka.tools.TopicCommand', words)
}

const consume = async (count: number) =>
  (await pythonClient('consume', broker.bootstrap, 'exchanged', 'exchange-group', String(count))).records as unknown[][]

test('Apache Kafka serves what ottla wrote, and ottla what Apache Kafka added', async () => {
  const written: string[] = []
  const write = async (who: string) => {
    for (const codec of codecs) {
      await produce([`${codec}:${who}-${codec}`], '-t', 'codecs', '-p', '0', '-K:', '-z', codec)
      written.push(`${written.length}:${codec}:${who}-${codec}`)
    }
  }
  await write('ottla')
  await pythonClient('create', broker.bootstrap, 'exchanged', '1')
  await pythonClient('produce', broker.bootstrap, 'exchanged', '30', 'lz4')
  expect((await consume(10)).map(([, offset]) => offset)).toEqual(Array.from({ length: 10 }, (_, index) => index))
  const before = await described('exchanged')
  expect(before).toContain('retention.ms=86400000')
  expect(await broker.stop()).toBe(0)

  kafka = await startKafka()
  expect(await read('codecs')).toEqual(written)
  expect(await described('exchanged')).toBe(before)
  expect((await consume(10)).map(([, offset]) => offset)).toEqual(Array.from({ length: 10 }, (_, index) => index + 10))
  await write('kafka')
  await pythonClient('create', broker.bootstrap, 'of-kafka', '2')
  const ofKafka = await described('of-kafka')
  const ended = once(kafka, 'exit')
  kafka.kill('SIGTERM')
  await ended

  await broker.restart()
  expect(await read('codecs')).toEqual(written)
  expect(await described('exchanged')).toBe(before)
  expect(await described('of-kafka')).toBe(ofKafka)
  expect((await consume(10)).map(([, offset]) => offset)).toEqual(Array.from({ length: 10 }, (_, index) => index + 20))
  await write('ottla again')
  expect(await read('codecs')).toEqual(written)
})
