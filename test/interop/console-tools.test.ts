/**
 * The project's own tools with the names of Apache Kafka's, beside the stock ones: the same flags against the same broker,
 * and the same on standard output, byte for byte where nothing is measured.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BrokerProcess, program, repositoryRoot } from './support/broker-process.ts'

const reference = join(repositoryRoot, 'test/interop/reference/kafka.sh')
const classes = {
  'kafka-console-producer': 'ConsoleProducer',
  'kafka-console-consumer': 'consumer.ConsoleConsumer',
  'kafka-get-offsets': 'GetOffsetShell',
  'kafka-producer-perf-test': 'ProducerPerformance',
  'kafka-consumer-perf-test': 'ConsumerPerformance',
} as const
type ToolName = keyof typeof classes

let broker: BrokerProcess
let server: readonly string[]
beforeAll(async () => {
  broker = await BrokerProcess.start()
  server = ['--bootstrap-server', broker.bootstrap]
})
afterAll(() => broker.dispose())

interface Ended {
  readonly exitCode: number | null
  readonly printed: string
  /** Standard error's first line that is not about the new group protocol. */
  readonly told: string
}

async function end(command: string, words: readonly string[], input: string): Promise<Ended> {
  const child = spawn(command, words)
  const printed: Buffer[] = []
  const told: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => told.push(chunk))
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [exitCode] = (await once(child, 'close')) as [number | null]
  const lines = Buffer.concat(told).toString().split('\n')
  const first = lines.find((line) => !line.includes('KIP-848')) ?? ''
  return { exitCode, printed: Buffer.concat(printed).toString(), told: first }
}

const stock = (name: ToolName, words: readonly string[], input = ''): Promise<Ended> =>
  end(reference, ['tool', `org.apache.kafka.tools.${classes[name]}`, ...server, ...words], input)
const own = (name: ToolName, words: readonly string[], input = ''): Promise<Ended> =>
  end(join(dirname(program), name), [...server, ...words], input)
const both = (name: ToolName, words: readonly string[], input = ''): Promise<[Ended, Ended]> =>
  Promise.all([stock(name, words, input), own(name, words, input)])

const properties = (flag: string, ...pairs: string[]): string[] => pairs.flatMap((pair) => [flag, pair])
const columns = ['key', 'headers', 'offset', 'partition', 'epoch', 'delivery'].map((name) => `print.${name}=true`)

describe('kafka-console-producer writes what the stock one writes', () => {
  const parse = properties('--property', 'parse.key=true', 'parse.headers=true', 'null.marker=NIL')
  const input = 'h1:a,h2:b\tk1\tv1\nh1:c\tk2\tv\t2\r\nNIL\tk3\tv3\nh1:NIL\tNIL\tNIL\nx:1\t\t\nno header\tkey\n'

  test('keys, headers, nulls, and a line that is wrong', async () => {
    const [theirs, ours] = await Promise.all([
      stock('kafka-console-producer', ['--topic', 'theirs', ...parse], input),
      own('kafka-console-producer', ['--topic', 'ours', ...parse], input),
    ])
    expect(ours.exitCode).toBe(theirs.exitCode)
    expect(ours.printed).toBe(theirs.printed)
    expect(theirs.told).toContain(ours.told)
    const print = properties('--formatter-property', ...columns)
    const read = (topic: string) => ['--topic', topic, '--from-beginning', '--max-messages', '5', ...print]
    const [written, mine] = await Promise.all([
      stock('kafka-console-consumer', read('theirs')),
      own('kafka-console-consumer', read('ours')),
    ])
    expect(written.printed.split('\n').length).toBe(6)
    expect(mine).toEqual(written)
  })
})

describe('kafka-console-consumer prints what the stock one prints', () => {
  beforeAll(async () => {
    const words = ['--topic', 'read', '--reader-property', 'parse.key=true', '--sync']
    await own('kafka-console-producer', words, 'k1\tv1\nk2\tv2\nk3\tv3\n')
  })

  test.each([
    [['--topic', 'read', '--from-beginning', '--max-messages', '2', '--property', 'print.key=true']],
    [
      [
        ...['--topic', 'read', '--partition', '0', '--offset', '1', '--max-messages', '2'],
        ...properties(
          '--formatter-property',
          ...columns,
          'print.timestamp=true',
          'key.separator=|',
          'null.literal=NIL',
        ),
        ...['--key-deserializer', 'org.apache.kafka.common.serialization.ShortDeserializer'],
      ],
    ],
    [['--include', 're[a]d', '--group', 'read-group', '--from-beginning', '--max-messages', '3']],
    [['--topic', 'read', '--partition', '0', '--offset', '-3']],
    [['--topic', 'read', '--consumer-property', 'group.id=a', '--group', 'b']],
  ])('%j', async (words) => {
    // One after the other: the members of a group would share what there is.
    const theirs = await stock('kafka-console-consumer', words)
    const ours = await own(
      'kafka-console-consumer',
      words.map((word) => word.replace('read-group', 'own-group')),
    )
    expect(ours).toEqual(theirs)
  })

  test('and understands what groups have committed as it does', async () => {
    // The time in which the first record must come: each connects and finds the partitions within it.
    const words = ['--topic', '__consumer_offsets', '--from-beginning', '--timeout-ms', '15000']
    const formatter = ['--formatter', 'org.apache.kafka.tools.consumer.OffsetsMessageFormatter']
    const [theirs, ours] = await both('kafka-console-consumer', [...words, ...formatter])
    const sorted = (text: string) => text.split('{"key"').sort()
    expect(sorted(ours.printed)).toEqual(sorted(theirs.printed))
    expect(ours.printed).toContain('"group":"own-group"')
  })
})

test.each([
  [['--topic', 'read']],
  [['--topic-partitions', 'rea.*:0-,ours:5', '--time', '-2']],
  [['--topic', 'read', '--time', 'soon']],
])('kafka-get-offsets %j', async (words) => {
  const [theirs, ours] = await both('kafka-get-offsets', words)
  expect(ours).toEqual(theirs)
})

test('the perf tests print lines of the same form', async () => {
  const form = (text: string): string =>
    text.replaceAll(/\d+(\.\d+)?/g, (number) =>
      number.replaceAll(/\d+/g, (digits, at) => (at === 0 ? '#' : '0'.repeat(digits.length))),
    )
  const produceWords = [
    '--topic',
    'perf',
    '--num-records',
    '300',
    '--record-size',
    '20',
    '--throughput',
    '-1',
    '--reporting-interval',
    '600000',
    '--warmup-records',
    '100',
  ]
  const [sent, ownSent] = await both('kafka-producer-perf-test', produceWords)
  expect(form(ownSent.printed)).toBe(form(sent.printed))
  const consumeWords = ['--topic', 'perf', '--num-records', '600', '--timeout', '120000']
  const [read, ownRead] = await both('kafka-consumer-perf-test', consumeWords)
  expect(form(ownRead.printed)).toBe(form(read.printed))
  expect(ownRead.printed).toContain(', 600, ')
})
