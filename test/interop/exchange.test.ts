/**
 * One data directory, two brokers: what ottla wrote Apache Kafka serves, what Apache Kafka added ottla serves. A group
 * resumes where it committed under either, and topics, their configs and ids are the same.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BrokerProcess } from './support/broker-process.ts'
import { KafkaOnDirectory } from './support/kafka-on-directory.ts'
import { javaTool, kcatTool, pythonClient } from './support/run-tool.ts'

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
let broker: BrokerProcess
let kafka: KafkaOnDirectory | undefined

beforeAll(async () => {
  broker = await BrokerProcess.start(['offsets.topic.num.partitions=1'])
})

afterAll(async () => {
  await kafka?.kill()
  await broker.dispose()
})

const produce = (lines: readonly string[], ...words: string[]) =>
  kcatTool(['-b', broker.bootstrap, '-P', ...words], `${lines.join('\n')}\n`)

async function read(topic: string): Promise<string[]> {
  const words = ['-C', '-t', topic, '-p', '0', '-e', '-q', '-o', 'beginning', '-f', '%o:%k:%s\\n']
  return (await kcatTool(['-b', broker.bootstrap, ...words])).trim().split('\n')
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

  kafka = await KafkaOnDirectory.start(broker)
  expect(await read('codecs')).toEqual(written)
  expect(await described('exchanged')).toBe(before)
  expect((await consume(10)).map(([, offset]) => offset)).toEqual(Array.from({ length: 10 }, (_, index) => index + 10))
  await write('kafka')
  await pythonClient('create', broker.bootstrap, 'of-kafka', '2')
  const ofKafka = await described('of-kafka')
  await kafka.stop()

  await broker.restart()
  expect(await read('codecs')).toEqual(written)
  expect(await described('exchanged')).toBe(before)
  expect(await described('of-kafka')).toBe(ofKafka)
  expect((await consume(10)).map(([, offset]) => offset)).toEqual(Array.from({ length: 10 }, (_, index) => index + 20))
  await write('ottla again')
  expect(await read('codecs')).toEqual(written)
})
