import { describe, expect, test } from 'vitest'
import {
  fetcherOptions,
  groupOptions,
  offsetReset,
  parseSettings,
  producerOptions,
} from '../../../src/cli/data/client-settings.ts'
import { topicSelection } from '../../../src/cli/data/consume.ts'
import { expandDataWords } from '../../../src/cli/data/data-commands.ts'
import { parseCount, parsePartition } from '../../../src/cli/data/option-kinds.ts'
import { parseRange } from '../../../src/cli/data/start-position.ts'

const expand = (...words: string[]) => expandDataWords(words)

describe('options as getopt reads them', () => {
  test('values attached or apart, switches together, hyphens and quotes in values', () => {
    expect(expand('consume', '-tlogs', '-c', '5', '-eJ', '-o', '-10', '-f', '-%s\\n')).toEqual([
      'consume',
      '--topic=logs',
      '--count=5',
      '--exit',
      '--json',
      '--offset=-10',
      '--format=-%s\\n',
    ])
    expect(expand('consume', '-eqttopic', '--offset', '-3', '-K:', 'other')).toEqual([
      'consume',
      '--exit',
      '--quiet',
      '--topic=topic',
      '--offset=-3',
      '--key-delimiter=:',
      'other',
    ])
    // yargs takes one pair of quotes away.
    expect(expand('produce', '-f', '"%s"', '-H', "'a'=b")).toEqual(['produce', '--format=""%s""', "--header='a'=b"])
    expect(expand('perf', 'produce', '-n100', '-X', 'acks=1')).toEqual([
      'perf',
      'produce',
      '--records=100',
      '--setting=acks=1',
    ])
  })

  test('what is not known is left to yargs, other commands are not touched', () => {
    expect(expand('consume', '-w', '--nothing', '--', '-t')).toEqual(['consume', '-w', '--nothing', '--', '-t'])
    expect(expand('start', '-c', 'file')).toEqual(['start', '-c', 'file'])
  })
})

test('where to begin and to stop', () => {
  expect(parseRange([])).toEqual({ start: undefined, stopTimestamp: undefined })
  expect(parseRange(['beginning']).start).toBe('beginning')
  expect(parseRange(['end']).start).toBe('end')
  expect(parseRange(['17']).start).toEqual({ offset: 17 })
  expect(parseRange(['-5']).start).toEqual({ beforeEnd: 5 })
  expect(parseRange(['s@1000', 'e@2000'])).toEqual({ start: { timestamp: 1000n }, stopTimestamp: 2000n })
  for (const wrong of ['soon', 's@', '1.5', '']) expect(() => parseRange([wrong])).toThrow(/^-o /)
})

test('counts and partitions', () => {
  expect([parseCount('1e3'), parseCount(['1', '2']), parseCount(undefined)]).toEqual([1000, 2, undefined])
  expect(() => parseCount('many')).toThrow('many is no count')
  expect([parsePartition('3'), parsePartition('-1')]).toEqual([3, undefined])
  expect(() => parsePartition('x')).toThrow('-p x')
})

test('a pattern matches the beginning of a name, together with names', () => {
  const { names, pattern } = topicSelection(['a', '^b', '^c[0-9]'])
  expect(names).toEqual(['a'])
  expect(['bee', 'c1x', 'cx', 'ab'].map((name) => pattern?.exec(name)?.[0] === name)).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect(() => topicSelection(['^('])).toThrow('no regular expression')
})

describe('settings', () => {
  test("librdkafka's names mean Kafka's", () => {
    const settings = parseSettings([
      'request.required.acks=1',
      'topic.compression.codec=gzip',
      'queue.buffering.max.ms=2.5',
    ])
    expect(producerOptions(settings)).toMatchObject({
      acks: 1,
      compressionType: 1,
      lingerMs: 2.5,
      createsMissing: true,
    })
    expect(producerOptions(new Map([['acks', 'all']]))).toMatchObject({ acks: -1, compressionType: 0 })
    expect(fetcherOptions(parseSettings(['fetch.wait.max.ms=7', 'isolation.level=read_committed']))).toMatchObject({
      maxWaitMs: 7,
      readsCommitted: true,
    })
    expect(groupOptions(parseSettings(['enable.auto.commit=false', 'session.timeout.ms=6000']))).toEqual({
      commits: false,
      sessionTimeoutMs: 6000,
    })
    expect([offsetReset(parseSettings(['auto.offset.reset=smallest'])), offsetReset(new Map())]).toEqual([
      'earliest',
      undefined,
    ])
  })

  test.each([
    ['nonsense=1', '-X nonsense: no setting of this name'],
    ['acks', '-X acks: write it as name=value'],
  ])('%s', (word, message) => {
    expect(() => parseSettings([word])).toThrow(message)
  })

  test.each([
    ['acks=2', 'Invalid value 2 for configuration acks: String must be one of: all, -1, 0, 1'],
    ['linger.ms=soon', 'Invalid value soon for configuration linger.ms'],
    ['enable.idempotence=maybe', 'Invalid value maybe for configuration enable.idempotence'],
    ['transactional.id=t', 'this producer does not write transactions'],
  ])('%s', (word, message) => {
    expect(() => producerOptions(parseSettings([word]))).toThrow(message)
  })

  test('idempotence needs all acknowledgements', () => {
    const settings = parseSettings(['enable.idempotence=true', 'acks=1'])
    expect(() => producerOptions(settings)).toThrow('Must set acks to all in order to use the idempotent producer.')
    expect(() => groupOptions(parseSettings(['group.protocol=consumer']))).toThrow('classic protocol alone')
  })
})
