/**
 * Real clients create, write, read, commit and resume, with a kill -9 of the broker between the two halves.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BrokerProcess } from './support/broker-process.ts'
import { goClient, javaTool, pythonClient, run } from './support/run-tool.ts'

let broker: BrokerProcess

beforeAll(async () => {
  broker = await BrokerProcess.start()
})

afterAll(async () => {
  await broker.dispose()
})

async function crash(): Promise<void> {
  await broker.kill()
  await broker.restart()
}

test('kcat writes with every codec, reads, and resumes a group', async () => {
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    const lines = Array.from({ length: 200 }, (_, index) => `${codec}-${index}`)
    await run('kcat', ['-b', broker.bootstrap, '-P', '-t', `kcat-${codec}`, '-z', codec], `${lines.join('\n')}\n`)
    const read = await run('kcat', ['-b', broker.bootstrap, '-C', '-t', `kcat-${codec}`, '-e', '-q', '-o', 'beginning'])
    expect(read.trim().split('\n')).toEqual(lines)
  }
  const group = [
    '-b',
    broker.bootstrap,
    '-G',
    'kcat-group',
    '-e',
    '-q',
    '-X',
    'auto.offset.reset=earliest',
    'kcat-none',
  ]
  expect((await run('kcat', group)).trim().split('\n').length).toBe(200)
  await crash()
  await run('kcat', ['-b', broker.bootstrap, '-P', '-t', 'kcat-none'], 'one more\n')
  expect((await run('kcat', group)).trim().split('\n')).toEqual(['one more'])
})

test('confluent-kafka creates, writes idempotently, reads, commits and resumes', async () => {
  expect(await pythonClient('create', broker.bootstrap, 'python', '3')).toEqual({
    partitions: 3,
    'retention.ms': '86400000',
  })
  expect(await pythonClient('produce', broker.bootstrap, 'python', '300', 'lz4')).toMatchObject({
    delivered: 300,
    failed: [],
  })
  const first = await pythonClient('consume', broker.bootstrap, 'python', 'python-group', '100')
  await crash()
  const second = await pythonClient('consume', broker.bootstrap, 'python', 'python-group', '200')
  const values = [first, second].flatMap((half) => (half.records as string[][]).map((record) => record[3]))
  expect(new Set(values).size).toBe(300)
  expect(values.length).toBe(300)
})

test('franz-go creates, writes, reads, commits and resumes', async () => {
  expect(await goClient('create', broker.bootstrap, 'go', '2')).toMatchObject({ partitions: 2 })
  expect(await goClient('produce', broker.bootstrap, 'go', '500')).toEqual({ delivered: 500 })
  const first = await goClient('consume', broker.bootstrap, 'go', 'go-group', '200')
  await crash()
  const second = await goClient('consume', broker.bootstrap, 'go', 'go-group', '300')
  const values = [...(first.records as string[]), ...(second.records as string[])]
  expect(new Set(values).size).toBe(500)
})

test('the stock Java tools create, write, read, commit and resume', async () => {
  const server = ['--bootstrap-server', broker.bootstrap]
  await javaTool('org.apache.kafka.tools.TopicCommand', [...server, '--create', '--topic', 'java', '--partitions', '1'])
  const described = await javaTool('org.apache.kafka.tools.TopicCommand', [...server, '--describe', '--topic', 'java'])
  expect(described).toContain('PartitionCount: 1')
  const produce = [...server, '--topic', 'java']
  await javaTool('org.apache.kafka.tools.ConsoleProducer', produce, 'one\ntwo\nthree\n')
  const consume = [...server, '--topic', 'java', '--group', 'java-group', '--from-beginning', '--max-messages']
  expect(await javaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', [...consume, '2'])).toBe('one\ntwo\n')
  await crash()
  await javaTool('org.apache.kafka.tools.ConsoleProducer', produce, 'four\n')
  expect(await javaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', [...consume, '2'])).toBe('three\nfour\n')
})
