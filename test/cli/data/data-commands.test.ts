/** `ottla produce`, `consume` and `perf`, and the tools with the names of Apache Kafka's, against a node in this process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConsumeOptions, consume } from '../../../src/cli/data/consume.ts'
import { perfConsume, perfProduce } from '../../../src/cli/data/perf.ts'
import { type ProduceOptions, produce } from '../../../src/cli/data/produce.ts'
import { runTool } from '../../../src/cli/tools/run-tool.ts'
import { ClientHarness } from '../../client/client-harness.ts'
import { MemoryStreams } from './memory-streams.ts'

let harness: ClientHarness
let folder: string
beforeAll(async () => {
  harness = await ClientHarness.start({ 'message.max.bytes': '2000' })
  folder = mkdtempSync(join(tmpdir(), 'ottla-data-'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await harness.dispose()
})

const consumeDefaults = {
  group: undefined,
  partitions: [],
  offsets: [],
  count: undefined,
  exitsAtEnd: true,
  format: undefined,
  delimiter: '\\n',
  keyDelimiter: undefined,
  showsNull: false,
  isQuiet: false,
  settings: [],
  settingsFile: undefined,
} as const

async function consumed(topic: string, options: Partial<ConsumeOptions> = {}): Promise<string> {
  const streams = new MemoryStreams()
  const bootstrap = harness.node.bootstrap
  expect(await consume({ ...consumeDefaults, bootstrap, topics: [topic], ...options }, streams)).toBe(0)
  expect(streams.told).toBe('')
  return streams.printed
}

const produceDefaults = {
  partition: undefined,
  keyDelimiter: undefined,
  key: undefined,
  headers: [],
  delimiter: '\\n',
  isJson: false,
  emptyIsNull: false,
  files: [],
  linesFile: undefined,
  count: undefined,
  printsInput: false,
  compression: undefined,
  isQuiet: false,
  settings: ['linger.ms=0'],
  settingsFile: undefined,
} as const

async function produced(topic: string, input: string, options: Partial<ProduceOptions> = {}): Promise<MemoryStreams> {
  const streams = new MemoryStreams(input)
  const bootstrap = harness.node.bootstrap
  expect(await produce({ ...produceDefaults, bootstrap, topic, ...options }, streams)).toBe(0)
  return streams
}

async function tool(name: string, words: readonly string[], input = '') {
  const streams = new MemoryStreams(input)
  const exitCode = await runTool(name, ['--bootstrap-server', harness.node.bootstrap, ...words], streams)
  return { exitCode, printed: streams.printed, told: streams.told }
}

describe('ottla produce and consume', () => {
  test('keys, headers, empty lines and values, and every way to print them', async () => {
    await harness.createTopic('lines')
    await produced('lines', 'a:1\n\nb:2:3\nplain\n:x\ny:', {
      keyDelimiter: ':',
      headers: ['h=v', 'n'],
      compression: 'zstd',
    })
    expect(await consumed('lines', { format: '%o|%k|%K|%s|%S|%h\\n' })).toBe(
      '0|a|1|1|1|h=v,n=NULL\n1|b|1|2:3|3|h=v,n=NULL\n2||-1|plain|5|h=v,n=NULL\n3||0|x|1|h=v,n=NULL\n4|y|1||0|h=v,n=NULL\n',
    )
    expect(await consumed('lines', { keyDelimiter: '=', showsNull: true, count: 3 })).toBe('a=1\nb=2:3\nNULL=plain\n')
    await produced('lines', 'k:', { keyDelimiter: ':', emptyIsNull: true, count: 1 })
    expect(await consumed('lines', { offsets: ['-1'], format: '%k %S' })).toBe('k -1')
  })

  test('JSON carries keys, values, headers and times to another topic', async () => {
    await harness.createTopic('from')
    await harness.createTopic('to')
    await produced('from', 'k:v\nplain\n', { keyDelimiter: ':', headers: ['h=1'] })
    const lines = await consumed('from', { format: 'json' })
    await produced('to', lines, { isJson: true, headers: ['more='] })
    const there = (await consumed('to', { format: 'json' }))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const here = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(there).toEqual(here.map((each) => ({ ...each, topic: 'to', headers: ['h', '1', 'more', ''] })))
  })

  test('positions: from the end, an offset, one partition, between two times', async () => {
    await harness.createTopic('positions', 2)
    const record = (payload: string, ts: number) => `${JSON.stringify({ payload, ts })}\n`
    await produced('positions', record('a', 1000) + record('b', 2000) + record('c', 3000), {
      isJson: true,
      partition: 0,
    })
    await produced('positions', record('d', 2500), { isJson: true, partition: 1 })
    const sorted = async (options: Partial<ConsumeOptions>) =>
      (await consumed('positions', options)).trim().split('\n').sort().join('')
    expect(await sorted({})).toBe('abcd')
    expect(await sorted({ offsets: ['-1'] })).toBe('cd')
    expect(await sorted({ partitions: [0], offsets: ['1'] })).toBe('bc')
    expect(await sorted({ offsets: ['s@2000', 'e@3000'], exitsAtEnd: false })).toBe('bd')
    expect(await sorted({ offsets: ['end'] })).toBe('')
    expect(await sorted({ topics: ['^posit'] })).toBe('abcd')
  })

  test('files as records, a file of lines, and a copy of what is sent', async () => {
    await harness.createTopic('files')
    const file = join(folder, 'lines.txt')
    writeFileSync(file, 'one;two')
    await produced('files', '', { files: [file], key: 'k' })
    const { printed } = await produced('files', '', { linesFile: file, delimiter: ';', printsInput: true })
    expect(printed).toBe('one\ntwo\n')
    expect(await consumed('files', { keyDelimiter: '=' })).toBe('k=one;two\n=one\n=two\n')
  })

  test('a group goes on where it stopped, inside a batch too', async () => {
    await harness.createTopic('grouped')
    await produced('grouped', 'a\nb\nc\nd\n', { settings: ['linger.ms=100'] })
    const group = { group: 'readers', offsets: ['beginning'], exitsAtEnd: false }
    expect(await consumed('grouped', { ...group, count: 1 })).toBe('a\n')
    expect(await consumed('grouped', { ...group, count: 2 })).toBe('b\nc\n')
    expect(await consumed('grouped', { ...group, exitsAtEnd: true })).toBe('d\n')
  })

  test('what was right before a wrong line is written, and a record that is refused is told', async () => {
    await harness.createTopic('wrong')
    await expect(produced('wrong', '{"payload":"good"}\nbad\n', { isJson: true })).rejects.toThrow(
      'line 2 is no JSON object',
    )
    const streams = new MemoryStreams(`${'x'.repeat(3000)}\n`)
    const options = { ...produceDefaults, bootstrap: harness.node.bootstrap, topic: 'wrong' }
    expect(await produce(options, streams)).toBe(1)
    expect(streams.told).toMatch(/^ottla: 1 records were not written: .+\n$/)
    expect(await consumed('wrong')).toBe('good\n')
  })

  test.each([
    [{ topics: ['nowhere'] }, 'topic nowhere does not exist'],
    [{ topics: ['lines'], partitions: [9] }, 'topic lines has no partition 9'],
    [{ topics: ['lines'], offsets: ['stored'] }, 'only a group (-G) has stored offsets'],
    [{ topics: ['lines'], group: 'g', partitions: [0] }, 'a group (-G) gives out the partitions itself'],
    [{ topics: ['lines'], settings: ['security.protocol=SSL'] }, 'this client speaks PLAINTEXT alone'],
    [{ topics: ['lines'], settingsFile: '/nowhere' }, '/nowhere (No such file or directory)'],
  ])('%j: %s', async (options, message) => {
    await expect(consumed('lines', options)).rejects.toThrow(message)
  })
})

test('a broker that is away for longer than one try may take is waited for', async () => {
  await harness.createTopic('patient')
  await produced('patient', 'before\n')
  const streams = new MemoryStreams()
  const settings = ['default.api.timeout.ms=100']
  const options = { ...consumeDefaults, bootstrap: harness.node.bootstrap, topics: ['patient'], settings }
  const consuming = consume({ ...options, exitsAtEnd: false, count: 2 }, streams)
  await streams.until(() => streams.printed === 'before\n')
  await harness.node.stop()
  await streams.until(() => streams.told.endsWith('; waiting\n'))
  await harness.node.restart()
  await produced('patient', 'after\n')
  expect(await consuming).toBe(0)
  expect(streams.printed).toBe('before\nafter\n')
  expect(streams.told.split('\n').length).toBe(2)
})

test('a topic that nobody creates is told', async () => {
  const strict = await ClientHarness.start({ 'auto.create.topics.enable': 'false' })
  try {
    const words = { ...produceDefaults, bootstrap: strict.node.bootstrap, topic: 'nowhere' }
    const settings = ['default.api.timeout.ms=300']
    await expect(produce({ ...words, settings }, new MemoryStreams('a'))).rejects.toThrow(
      'topic nowhere does not exist',
    )
  } finally {
    await strict.dispose()
  }
})

describe('ottla perf', () => {
  const common = { topic: 'load', isQuiet: true, settings: [], settingsFile: undefined } as const

  test('tells throughput and percentiles, as text and as an object', async () => {
    await harness.createTopic('load')
    const bootstrap = harness.node.bootstrap
    const options = { ...common, bootstrap, recordsCount: 1000, size: 50, rate: undefined, compression: 'lz4' }
    const text = new MemoryStreams()
    expect(await perfProduce({ ...options, isJson: false }, text)).toBe(0)
    expect(text.printed).toMatch(/^1000 records sent, [\d.]+ records\/sec .* ms 50th, \d+ ms 95th, .* 99.9th\.\n$/)
    const object = new MemoryStreams()
    await perfProduce({ ...options, isJson: true }, object)
    expect(JSON.parse(object.printed)).toMatchObject({
      records: 1000,
      bytes: 50_000,
      latencyMs: { p50: expect.any(Number) },
    })
    const read = new MemoryStreams()
    const reading = { ...common, bootstrap, recordsCount: undefined, fromEnd: false, idleMsMax: 5000 }
    expect(await perfConsume({ ...reading, isJson: true }, read)).toBe(0)
    expect(JSON.parse(read.printed)).toMatchObject({ records: 2000, bytes: 100_000 })
  })
})

describe('tools with the names of Apache Kafka', () => {
  test('kafka-console-producer and kafka-console-consumer', async () => {
    await harness.createTopic('console')
    const words = ['--topic', 'console', '--reader-property', 'parse.key=true', '--compression-codec', '--timeout', '1']
    expect(await tool('kafka-console-producer', words, 'k1\tv1\r\nk2\tv2\n')).toEqual({
      exitCode: 0,
      printed: '',
      told: '',
    })
    const wrong = await tool('kafka-console-producer', words, 'k3\tv3\nv4\n')
    expect(wrong).toEqual({ exitCode: 1, printed: '', told: "No key separator found on line number 2: 'v4'\n" })
    const all = ['--topic', 'console', '--from-beginning', '--max-messages', '3', '--property', 'print.key=true']
    expect(await tool('kafka-console-consumer', all)).toEqual({
      exitCode: 0,
      printed:
        'Option --property is deprecated and will be removed in a future version. Use --formatter-property instead.\nk1\tv1\nk2\tv2\nk3\tv3\n',
      told: 'Processed a total of 3 messages\n',
    })
    const one = ['--topic', 'console', '--partition', '0', '--offset', '1', '--max-messages', '1']
    expect((await tool('kafka-console-consumer', one)).printed).toBe('v2\n')
    const nothing = await tool('kafka-console-consumer', ['--topic', 'console', '--timeout-ms', '1'])
    expect(nothing).toEqual({ exitCode: 0, printed: '', told: 'Processed a total of 0 messages\n' })
  })

  test('kafka-console-producer refuses what is larger than max.request.size, and ends with 1', async () => {
    await harness.createTopic('sized')
    const words = ['--topic', 'sized', '--timeout', '0']
    const { exitCode, told } = await tool('kafka-console-producer', words, `small\n${'x'.repeat(1_048_576)}\n`)
    expect([exitCode, told]).toEqual([
      1,
      '1 records were not written: The message is 1048616 bytes when serialized which is larger than 1048576, which is the value of the max.request.size configuration.\n',
    ])
    expect(await consumed('sized')).toBe('small\n')
  })

  test('a group of kafka-console-consumer', async () => {
    await harness.createTopic('console-group')
    await tool('kafka-console-producer', ['--topic', 'console-group', '--timeout', '20'], 'a\nb\nc\n')
    const words = ['--topic', 'console-group', '--group', 'console', '--from-beginning', '--max-messages']
    expect((await tool('kafka-console-consumer', [...words, '2'])).printed).toBe('a\nb\n')
    const uncommitted = [...words, '1', '--command-property', 'enable.auto.commit=false']
    expect((await tool('kafka-console-consumer', uncommitted)).printed).toBe('c\n')
    expect((await tool('kafka-console-consumer', [...words, '1'])).printed).toBe('c\n')
  })

  test('a topic that is created while kafka-console-consumer waits', async () => {
    // From the end on, but nothing of what is new is missed.
    const waiting = tool('kafka-console-consumer', ['--include', 'late.*', '--max-messages', '1'])
    const earlier = tool('kafka-console-consumer', ['--topic', 'nothing-yet', '--timeout-ms', '0'])
    expect((await earlier).told).toBe('Processed a total of 0 messages\n')
    await harness.createTopic('later')
    await tool('kafka-console-producer', ['--topic', 'later', '--timeout', '0'], 'first\n')
    expect((await waiting).printed).toBe('first\n')
  })

  test('kafka-get-offsets', async () => {
    await harness.createTopic('counted', 2)
    await produced('counted', 'a\nb\n', { partition: 1 })
    const offsets = async (...words: string[]) => (await tool('kafka-get-offsets', words)).printed
    expect(await offsets('--topic', 'counted')).toBe('counted:0:0\ncounted:1:2\n')
    expect(await offsets('--topic-partitions', 'counted:1', '--time', 'earliest')).toBe('counted:1:0\n')
    expect(await offsets('--topic', 'counted', '--time', '1000')).toBe('counted:1:0\n')
    expect(await offsets('--topic', 'counted', '--time', '99999999999999')).toBe('')
    const missing = await tool('kafka-get-offsets', ['--topic', 'nowhere'])
    expect(missing.told).toBe('Error occurred: Could not match any topic-partitions with the specified filters\n')
    expect(missing.exitCode).toBe(1)
  })

  test('the two perf tests', async () => {
    await harness.createTopic('perf')
    const produceWords = ['--topic', 'perf', '--num-records', '500', '--record-size', '10', '--throughput', '-1']
    const { printed } = await tool('kafka-producer-perf-test', [
      ...produceWords,
      '--producer-props',
      'acks=1',
      'linger.ms=0',
    ])
    expect(printed).toMatch(
      /^Option --producer-props has been deprecated .*\n500 records sent, [\d.]+ records\/sec \([\d.]+ MB\/sec\), [\d.]+ ms avg latency, [\d.]+ ms max latency, \d+ ms 50th, \d+ ms 95th, \d+ ms 99th, \d+ ms 99.9th.\n$/,
    )
    const consumeWords = ['--topic', 'perf', '--num-records', '500', '--timeout', '5000']
    const [header, row] = (await tool('kafka-consumer-perf-test', consumeWords)).printed.split('\n')
    expect(header).toBe(
      'start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec',
    )
    expect(row).toMatch(/^[-\d]+ [\d:]+, [-\d]+ [\d:]+, 0\.0048, [\d.]+, 500, [\d.]+, \d+, \d+, [\d.]+, [\d.]+$/)
  })

  test.each([
    ['kafka-console-consumer', [], 'Exactly one of the following arguments is required: [topic], [include]'],
    [
      'kafka-console-consumer',
      ['--topic', 't', '--offset', '3'],
      'The partition is required when offset is specified.',
    ],
    [
      'kafka-console-consumer',
      ['--topic', 't', '--partition', '0', '--offset', '-3'],
      "The provided offset value '-3'",
    ],
    ['kafka-console-consumer', ['--topic', 't', '--partition', '0', '--group', 'g'], 'Options group and partition'],
    ['kafka-console-consumer', ['--topic', 't', '--group', 'g', '--command-property', 'group.id=h'], "'g', 'h'"],
    ['kafka-console-producer', [], 'Missing required argument "[topic]"'],
    ['kafka-console-producer', ['--topic', 't', '--compression-codec', 'foo'], 'String must be one of: none, gzip'],
    ['kafka-get-offsets', ['--time', 'soon'], 'Error occurred: Malformed time argument soon.'],
    ['kafka-producer-perf-test', ['--topic', 't'], 'argument --num-records is required'],
    ['kafka-consumer-perf-test', ['--topic', 't'], '[messages], [num-records]'],
  ])('%s %j: %s', async (name, words, message) => {
    const { exitCode, printed, told } = await tool(name, words)
    expect([exitCode, printed]).toEqual([1, ''])
    expect(told.split('\n')[0]).toContain(message)
  })
})
