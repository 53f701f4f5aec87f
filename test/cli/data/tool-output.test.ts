import { describe, expect, test } from 'vitest'
import { ByteSink } from '../../../src/cli/data/byte-sink.ts'
import { defaultFormatter, formatterNamed } from '../../../src/cli/data/console-formatter.ts'
import { deserializerNamed } from '../../../src/cli/data/deserializers.ts'
import { formatJavaDate } from '../../../src/cli/data/java-date-format.ts'
import { LatencyStatistics, measuredAsJson } from '../../../src/cli/data/latency-statistics.ts'
import { randomPayloads, totalText, windowText } from '../../../src/cli/data/perf-produce.ts'
import { progressText } from '../../../src/cli/data/progress.ts'
import { parsePairs, renamedFlag } from '../../../src/cli/data/property-pairs.ts'
import { parsePartitionRules, partitionsFilter } from '../../../src/cli/data/topic-partition-filter.ts'
import type { DecodedRecord } from '../../../src/protocol/record/record.ts'
import { encodeCoordinatorKey, encodeVersionedValue } from '../../../src/protocol/stored/coordinator-record.ts'
import { offsetCommitKey, offsetCommitValue } from '../../../src/protocol/stored/group/offset-commit.ts'
import { MemoryStreams } from './memory-streams.ts'

const record: DecodedRecord = {
  offset: 5,
  timestamp: 1000n,
  key: null,
  value: Buffer.from('v'),
  headers: [
    { key: 'a', value: Buffer.from('1') },
    { key: 'b', value: null },
  ],
}

async function format(
  name: string,
  properties: Record<string, string>,
  given: DecodedRecord,
  timestampType: 0 | 1 = 0,
) {
  const streams = new MemoryStreams()
  const sink = new ByteSink(streams.output)
  const writer = await formatterNamed(name, new Map(Object.entries(properties)))
  writer(sink, given, { topic: 't', partition: 2, timestampType })
  await sink.flush()
  return streams.printed
}
const everything = Object.fromEntries(
  ['timestamp', 'partition', 'offset', 'delivery', 'epoch', 'headers', 'key'].map((name) => [`print.${name}`, 'true']),
)

describe('formatters of kafka-console-consumer', () => {
  test('columns of the default one', async () => {
    expect(await format(defaultFormatter, {}, record)).toBe('v\n')
    expect(await format(defaultFormatter, everything, record)).toBe(
      'CreateTime:1000\tPartition:2\tOffset:5\tDelivery:NOT_PRESENT\tEpoch:NOT_PRESENT\ta:1,b:null\tnull\tv\n',
    )
    const others = {
      ...everything,
      'key.separator': '|',
      'headers.separator': ';',
      'null.literal': 'NIL',
      'line.separator': '#',
    }
    expect(await format(defaultFormatter, others, record, 1)).toBe(
      'LogAppendTime:1000|Partition:2|Offset:5|Delivery:NOT_PRESENT|Epoch:NOT_PRESENT|a:1;b:NIL|NIL|v#',
    )
    const keyAlone = { 'print.key': ' True ', 'print.value': 'false' }
    expect(await format('kafka.tools.DefaultMessageFormatter', keyAlone, { ...record, key: Buffer.from('k') })).toBe(
      'k\n',
    )
    expect(await format(defaultFormatter, { 'print.headers': 'true' }, { ...record, headers: [] })).toBe(
      'NO_HEADERS\tv\n',
    )
  })

  test('committed offsets, without a line end; records of other types and unknown classes', async () => {
    const key = encodeCoordinatorKey(offsetCommitKey, { group: 'g', topic: 't', partition: 3 })
    const value = encodeVersionedValue(offsetCommitValue, 3, {
      offset: 9n,
      leaderEpoch: 1,
      metadata: 'm',
      commitTimestamp: 7,
    })
    const offsets = 'org.apache.kafka.tools.consumer.OffsetsMessageFormatter'
    const name = '{"key":{"type":1,"data":{"group":"g","topic":"t","partition":3}},"value":'
    expect(await format(offsets, {}, { ...record, key, value })).toBe(
      `${name}{"version":3,"data":{"offset":9,"leaderEpoch":1,"metadata":"m","commitTimestamp":7}}}`,
    )
    expect(await format(offsets, {}, { ...record, key, value: null })).toBe(`${name}null}`)
    expect(
      await format('org.apache.kafka.tools.consumer.GroupMetadataMessageFormatter', {}, { ...record, key, value }),
    ).toBe('')
    expect(await format('org.apache.kafka.tools.consumer.NoOpMessageFormatter', {}, record)).toBe('')
    await expect(format('foo.Bar', {}, record)).rejects.toThrow('foo.Bar')
  })

  test.each([
    ['Long', '00000000000003e8', '1000'],
    ['Integer', 'ffffffff', '-1'],
    ['Short', '0102', '258'],
    ['Double', '3ff0000000000000', '1.0'],
    ['Double', '4172d68800000000', '1.9753088E7'],
    ['Double', '3f1a36e2eb1c432d', '1.0E-4'],
    ['Float', '3dcccccd', '0.1'],
    ['Boolean', '01', 'true'],
    ['Bytes', '610a5c', 'a\\x0A\\x5C'],
    ['String', 'c3a4', 'ä'],
  ])('%sDeserializer of %s is %s', (name, hex, expected) => {
    expect(
      deserializerNamed(`org.apache.kafka.common.serialization.${name}Deserializer`)!(Buffer.from(hex, 'hex')),
    ).toBe(expected)
  })

  test('a deserializer refuses what has another size; one that is not known prints bytes', () => {
    const long = deserializerNamed('org.apache.kafka.common.serialization.LongDeserializer')!
    expect(() => long(Buffer.from('k1'))).toThrow('Size of data received by LongDeserializer is not 8')
    expect(deserializerNamed('foo.Bar')).toBeUndefined()
  })
})

describe('measured runs', () => {
  const statistics = new LatencyStatistics(1000, 0)
  for (let index = 1; index <= 1000; index++) statistics.add(index, 1024)
  const measured = statistics.measured(2000)

  test('are told as kafka-producer-perf-test tells them', () => {
    expect(windowText(measured)).toBe(
      '1000 records sent, 500.0 records/sec (0.49 MB/sec), 500.5 ms avg latency, 1000.0 ms max latency.',
    )
    expect(totalText(measured)).toBe(
      '1000 records sent, 500.000000 records/sec (0.49 MB/sec), 500.50 ms avg latency, 1000.00 ms max latency, 501 ms 50th, 951 ms 95th, 991 ms 99th, 1000 ms 99.9th.',
    )
  })

  test('and as an object', () => {
    expect(measuredAsJson(measured, true)).toEqual({
      records: 1000,
      bytes: 1_024_000,
      elapsedMs: 2000,
      recordsPerSecond: 500,
      megabytesPerSecond: 0.488,
      latencyMs: { avg: 500.5, max: 1000, p50: 501, p95: 951, p99: 991, 'p99.9': 1000 },
    })
  })

  test('of millions keep a sample that is spread over the run', () => {
    const long = new LatencyStatistics(2_000_000, 0)
    for (let index = 0; index < 2_000_000; index++) long.add(index, 1)
    expect(long.measured(1).latencyMs.percentiles[0]).toBeCloseTo(1_000_000, -2)
  })

  test('payloads have their size and differ', () => {
    const payloadOf = randomPayloads(20)
    expect(`${payloadOf(0)}`).toMatch(/^[A-Z]{20}$/)
    expect(new Set([0, 1, 2, 3].map((index) => `${payloadOf(index)}`)).size).toBe(4)
  })

  test('progress', () => {
    expect(progressText(1500, 3 * 1024 * 1024, 2000, 'read')).toBe('1500 records read, 3.0 MB, 750 records/s')
  })
})

test('times as SimpleDateFormat writes them', () => {
  const time = new Date(2026, 0, 5, 13, 4, 9, 7).getTime()
  expect(formatJavaDate(time, 'yyyy-MM-dd HH:mm:ss:SSS')).toBe('2026-01-05 13:04:09:007')
  expect(formatJavaDate(time, "yy'y' h:mm a")).toBe('26y 1:04 PM')
  expect(() => formatJavaDate(time, 'b')).toThrow("Illegal pattern character 'b'")
})

describe('partitions of kafka-get-offsets', () => {
  const all = ['a:0', 'a:1', 'a:2', 'ab:0', 'b:1'] as const
  const matching = (filter: ReturnType<typeof partitionsFilter>) =>
    all.filter((each) => {
      const [topic, partition] = each.split(':') as [string, string]
      return filter.includesTopic(topic) && filter.includes(topic, Number(partition))
    })

  test('by topic and numbers', () => {
    expect(matching(partitionsFilter('a', undefined))).toEqual(['a:0', 'a:1', 'a:2'])
    expect(matching(partitionsFilter('a.*', '0,2'))).toEqual(['a:0', 'a:2', 'ab:0'])
    expect(matching(partitionsFilter(undefined, '1'))).toEqual(['a:1', 'b:1'])
    expect(() => partitionsFilter('a', 'x')).toThrow(
      '--partitions expects a comma separated list of numeric partition ids, but received: x',
    )
  })

  test('by rules', () => {
    expect(matching(parsePartitionRules('a:1,b'))).toEqual(['a:1', 'b:1'])
    expect(matching(parsePartitionRules('a:1-'))).toEqual(['a:1', 'a:2'])
    expect(matching(parsePartitionRules(':-1'))).toEqual(['a:0', 'ab:0'])
    expect(matching(parsePartitionRules('a:0-2'))).toEqual(['a:0', 'a:1'])
    expect(() => parsePartitionRules('a:b')).toThrow('Invalid rule specification: a:b')
  })
})

test('properties, and flags that were renamed', () => {
  expect([...parsePairs(['a=b=c', 'd', 'e='])]).toEqual([
    ['a', 'b=c'],
    ['d', ''],
    ['e', ''],
  ])
  expect(() => parsePairs(['=x'])).toThrow('Invalid command line properties: =x')
  const renamed = { old: 'old', current: 'new', warning: 'old is deprecated' } as const
  const streams = new MemoryStreams()
  expect(renamedFlag({ has: () => false }, renamed, streams)).toBe('new')
  expect(renamedFlag({ has: (name) => name === 'old' }, renamed, streams)).toBe('old')
  expect(streams.printed).toBe('old is deprecated\n')
  expect(() => renamedFlag({ has: () => true }, renamed, streams)).toThrow(
    'Options --new and --old cannot be specified together.',
  )
})
