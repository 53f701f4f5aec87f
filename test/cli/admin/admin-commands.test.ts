/** `ottla topics`, `groups`, `configs` and `cluster`, as their words are read, against a node in this process. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { main } from '../../../src/cli/main.ts'
import { commitOffsets, fetchOffsets } from '../../../src/client/group-offsets.ts'
import { Producer } from '../../../src/client/producer.ts'
import { NodeCodecs } from '../../../src/io/codecs/node-codecs.ts'
import { ClientHarness } from '../../client/client-harness.ts'

let harness: ClientHarness
let printed = ''
let told = ''

beforeAll(async () => {
  harness = await ClientHarness.start()
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += chunk
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    told += chunk
    return true
  })
})

afterAll(async () => {
  vi.restoreAllMocks()
  await harness.dispose()
})

afterEach(() => {
  printed = ''
  told = ''
})

/** Resolves with the exit code and what this command printed and told. */
async function ottla(...words: string[]): Promise<{ code: number; printed: string; told: string }> {
  printed = ''
  told = ''
  const code = await main([...words, '-b', harness.node.bootstrap])
  return { code, printed, told }
}

async function json(...words: string[]): Promise<unknown> {
  const { code, printed: text, told: errors } = await ottla(...words, '--format', 'json')
  expect([code, errors]).toEqual([0, ''])
  return JSON.parse(text)
}

describe('ottla topics', () => {
  test('creates, shows, alters and deletes', async () => {
    const created = await ottla('topics', 'create', 'orders', '7', '-p', '2', '-c', 'retention.ms=1000000')
    expect(created).toEqual({ code: 0, printed: 'created orders\ncreated 7\n', told: '' })
    expect((await ottla('topics', 'list')).printed).toBe('7\norders\n')
    expect(await ottla('topics', 'alter', 'orders', '-p', '3', '-u', 'retention.ms', '-c', 'segment.ms=5000')).toEqual({
      code: 0,
      printed: 'altered orders\n',
      told: '',
    })
    expect(await json('topics', 'describe', 'orders')).toMatchObject([
      {
        name: 'orders',
        configs: { 'segment.ms': '5000' },
        partitions: [{ leader: 1, isr: [1] }, {}, { partition: 2 }],
      },
    ])
    expect((await ottla('topics', 'describe', 'orders')).printed).toMatch(
      /^orders {2}[\w-]{22}\n {2}segment.ms=5000\nPARTITION {2}LEADER {2}REPLICAS .*\n0 +1 +1 +1 +-\n1 .*\n2 .*\n$/,
    )
    expect((await ottla('topics', 'delete', 'orders', '7')).printed).toBe('deleted orders\ndeleted 7\n')
    expect(await json('topics', 'list')).toEqual([])
  })

  test('one line for what is wrong, and an exit code', async () => {
    await ottla('topics', 'create', 'there')
    expect(await ottla('topics', 'create', 'there')).toEqual({
      code: 1,
      printed: '',
      told: "ottla: Topic 'there' already exists.\n",
    })
    expect((await ottla('topics', 'create', 'there', '--if-not-exists')).code).toBe(0)
    expect((await ottla('topics', 'create', 'dry', '--dry-run')).printed).toBe('would create dry\n')
    expect((await ottla('topics', 'describe', 'dry')).told).toBe('ottla: topic dry does not exist\n')
    expect((await ottla('topics', 'delete', 'dry')).code).toBe(1)
    expect((await ottla('topics', 'delete', 'dry', '--if-exists')).code).toBe(0)
    expect((await ottla('topics', 'create', 'x', '-c', 'no')).told).toBe('ottla: no: write it as name=value\n')
    expect((await ottla('topics', 'create', 'x', '-c', 'no=1')).told).toBe('ottla: Unknown topic config name: no\n')
    expect((await ottla('topics', 'alter', 'there')).told).toContain('nothing to alter')
    expect((await ottla('topics', 'liszt')).code).toBe(2)
    expect((await ottla('topics')).told).toContain('topics needs a command: list,')
  })
})

describe('ottla configs', () => {
  test('topics, brokers and loggers', async () => {
    await ottla('topics', 'create', 'configured')
    expect((await ottla('configs', 'set', 'topic', 'configured', 'retention.ms=5', 'segment.ms=6')).printed).toBe(
      'set retention.ms=5\nset segment.ms=6\n',
    )
    expect(await json('configs', 'describe', 'topic', 'configured')).toMatchObject([
      { name: 'retention.ms', value: '5', source: 'DYNAMIC_TOPIC_CONFIG' },
      { name: 'segment.ms', value: '6' },
    ])
    expect((await ottla('configs', 'unset', 'topic', 'configured', 'retention.ms')).printed).toBe(
      'unset retention.ms\n',
    )
    expect((await ottla('configs', 'describe', 'topic', 'configured')).printed).toBe(
      'NAME        VALUE  FROM\nsegment.ms  6      dynamic topic\n',
    )
    expect((await ottla('configs', 'describe', 'topic', 'configured', '-a')).printed).toContain('default')
    await ottla('configs', 'set', 'broker', 'default', 'message.max.bytes=1500')
    expect((await ottla('configs', 'describe', 'broker', 'default')).printed).toContain('message.max.bytes')
    expect((await ottla('configs', 'describe', 'broker', '1')).printed).not.toContain('message.max.bytes')
    await ottla('configs', 'unset', 'broker', 'default', 'message.max.bytes')
    expect((await ottla('configs', 'set', 'broker', '1', 'nonsense', '--dry-run')).told).toContain('name=value')
    expect((await ottla('configs', 'set', 'topic', 'configured', 'retention.ms=soon', '--dry-run')).told).toMatch(
      /^ottla: Invalid value soon for configuration retention.ms/,
    )
    expect((await ottla('configs', 'describe', 'broker', 'all')).told).toContain('name a broker by its number')
    expect((await ottla('configs', 'describe', 'table', 'x')).code).toBe(2)
  })
})

describe('ottla groups', () => {
  beforeAll(async () => {
    const client = harness.client()
    await harness.createTopic('read', 2)
    const producer = await Producer.open(client, { codecs: new NodeCodecs() })
    await producer.prepare('read')
    for (let index = 0; index < 6; index++)
      producer.append('read', { value: Buffer.from('v'), partition: index % 2 }, () => {})
    await producer.flush()
    await commitOffsets(client, 'readers', [
      { topic: 'read', partition: 0, offset: 2 },
      { topic: 'read', partition: 1, offset: 3 },
    ])
  })

  test('what groups have read', async () => {
    expect((await ottla('groups', 'list')).printed).toBe('GROUP    TYPE     STATE\nreaders  classic  Empty\n')
    expect(await json('groups', 'offsets', 'readers')).toMatchObject([
      { groupId: 'readers', topic: 'read', partition: 0, offset: 2, logEndOffset: 3, lag: 1, memberId: null },
      { partition: 1, lag: 0 },
    ])
    expect((await ottla('groups', 'describe', 'readers')).printed).toBe('readers: Empty, classic, 0 members\n')
    expect(await ottla('groups', 'describe', 'nobody')).toEqual({
      code: 1,
      printed: '',
      told: 'ottla: Group nobody not found.\n',
    })
  })

  test('a reset shows, and writes with --execute', async () => {
    const offsets = async () => (await fetchOffsets(harness.client(), 'readers')).map(({ offset }) => offset).sort()
    expect((await ottla('groups', 'reset', 'readers', '--to', 'earliest')).printed).toBe(
      'TOPIC  PARTITION  OLD  NEW\nread   0          2    0\nread   1          3    0\n\nnothing was written; --execute does it\n',
    )
    expect(await offsets()).toEqual([2, 3])
    expect(await json('groups', 'reset', 'readers', '--shift', '-1', '--execute')).toMatchObject({
      isExecuted: true,
      offsets: [{ offset: 1, previousOffset: 2 }, { offset: 2 }],
    })
    expect(await offsets()).toEqual([1, 2])
    const to = async (...words: string[]) => {
      const answer = (await json('groups', 'reset', 'readers', ...words)) as { offsets: { offset: number }[] }
      return answer.offsets.map(({ offset }) => offset)
    }
    expect(await to('--to', '99')).toEqual([3, 3])
    expect(await to('-t', 'read:1', '--to', 'latest')).toEqual([3])
    expect(await to('--to', 'current')).toEqual([1, 2])
    expect(await to('--ago', '1h')).toEqual([0, 0])
    expect(await to('--to', '2199-01-01')).toEqual([3, 3])
    expect((await ottla('groups', 'reset', 'readers')).told).toContain('say where to')
    expect((await ottla('groups', 'reset', 'readers', '--to', 'somewhere')).told).toContain('--to somewhere:')
    expect((await ottla('groups', 'reset', 'readers', '--ago', '1y')).told).toContain('--ago 1y:')
    expect((await ottla('groups', 'reset', 'readers', '-t', 'read:7', '--to', '1')).told).toContain('no partition 7')
    expect((await ottla('groups', 'delete', 'readers', '-t', 'read:0')).printed).toBe('forgot readers read-0\n')
    expect(await offsets()).toEqual([2])
    const deleted = await ottla('groups', 'delete', 'readers', 'nobody')
    expect(deleted).toMatchObject({ code: 1, printed: 'deleted readers\n' })
    expect(deleted.told).toBe('ottla: nobody: The group id does not exist.\n')
  })
})

describe('ottla cluster', () => {
  test('describe, quorum and api-versions', async () => {
    expect(await json('cluster', 'describe')).toMatchObject({
      brokers: [{ id: 1, port: harness.node.port, isFenced: false, logDirs: [{ isOnline: true }] }],
    })
    expect(await json('cluster', 'quorum')).toMatchObject({ leaderId: 1, voters: [{ id: 1 }], observers: [] })
    expect((await ottla('cluster', 'quorum')).printed).toMatch(/^leader 1, epoch \d+, high watermark \d+\n/)
    expect((await ottla('cluster', 'api-versions')).printed).toMatch(/\n0 +Produce +0 to 13\n/)
    expect((await ottla('cluster', 'describe')).printed).toContain(`127.0.0.1:${harness.node.port}`)
  })

  test('health, with and without yargs', async () => {
    const healthy = await ottla('cluster', 'health')
    expect(healthy).toMatchObject({ code: 0, told: '' })
    expect(healthy.printed).toMatch(/^healthy: \d+ partitions\n$/)
    expect(await ottla('cluster', 'health', '--timeout=900', '--format', 'json')).toMatchObject({ code: 0 })
    printed = ''
    expect(await main(['cluster', 'health', '-b', '127.0.0.1:1'])).toBe(1)
    expect(told).toBe('unhealthy: cannot reach 127.0.0.1:1: nobody listens there\n')
  })
})

test('a script for tab completion', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  expect(await main(['completion'])).toBe(0)
  expect(log.mock.calls.join()).toContain('ottla --get-yargs-completions')
})
