/** kcat (librdkafka): every codec, headers, tombstones, metadata, look-up by time, and groups, across a kill -9. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kcatTool } from './support/run-tool.ts'
import { layouts, startBrokers, type TestedBrokers } from './support/tested-brokers.ts'
import { ToolProcess } from './support/tool-process.ts'

describe.each(layouts)('%s', (layout) => {
  let broker: TestedBrokers

  beforeAll(async () => {
    broker = await startBrokers(layout)
  })

  afterAll(async () => {
    await broker.dispose()
  })

  const kcat = (words: readonly string[], input = '') => kcatTool(['-b', broker.bootstrap, ...words], input)
  const lines = (output: string): string[] => output.trim().split('\n')

  test('kcat writes with every codec, reads, and resumes a group', async () => {
    for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
      const written = Array.from({ length: 200 }, (_, index) => `${codec}-${index}`)
      await kcat(['-P', '-t', `kcat-${codec}`, '-z', codec], `${written.join('\n')}\n`)
      expect(lines(await kcat(['-C', '-t', `kcat-${codec}`, '-e', '-q', '-o', 'beginning']))).toEqual(written)
    }
    const group = ['-G', 'kcat-group', '-e', '-q', '-X', 'auto.offset.reset=earliest', 'kcat-none']
    expect(lines(await kcat(group)).length).toBe(200)
    await broker.kill()
    await broker.restart()
    await kcat(['-P', '-t', 'kcat-none'], 'one more\n')
    expect(lines(await kcat(group))).toEqual(['one more'])
  })

  test('kcat carries keys, headers and tombstones, and finds offsets by time', async () => {
    const topic = ['-t', 'kcat-record']
    const before = Date.now()
    await kcat(['-P', ...topic, '-k', 'key', '-H', 'colour=blue', '-H', 'shape=round'], 'value\n')
    await kcat(['-P', ...topic, '-Z', '-K:'], 'gone:\n')
    const read = lines(await kcat(['-C', ...topic, '-e', '-q', '-o', 'beginning', '-J'])).map((line) =>
      JSON.parse(line),
    )
    expect(read).toMatchObject([
      { offset: 0, key: 'key', payload: 'value', headers: ['colour', 'blue', 'shape', 'round'], tstype: 'create' },
      { offset: 1, key: 'gone', payload: null },
    ])
    const find = async (time: number) => (await kcat(['-Q', '-t', `kcat-record:0:${time}`])).trim()
    expect(await find(before)).toBe('kcat-record [0] offset 0')
    expect(await find(read[0].ts)).toBe('kcat-record [0] offset 0')
    expect(await find(read[0].ts + 1)).toBe('kcat-record [0] offset 1')
    expect(await find(-2)).toBe('kcat-record [0] offset 0')
    expect(await find(-1)).toBe('kcat-record [0] offset 2')
    expect(await find(before + 86_400_000)).toBe('kcat-record [0] offset -1')
  })

  test('kcat lists the brokers and their partitions', async () => {
    const ids = broker.addresses.map((_, index) => index + 1)
    const named = expect.arrayContaining(ids.map((id) => ({ id })))
    const find = async () => JSON.parse(await kcat(['-L', '-J', '-t', 'kcat-none']))
    // Any broker answers, and each hears by itself of the one that came back.
    let listed = await find()
    const look = async () => {
      listed = await find()
      return listed
    }
    await expect.poll(look).toMatchObject({
      controllerid: expect.any(Number),
      brokers: expect.arrayContaining(ids.map((id) => ({ id, name: broker.addresses[id - 1] }))),
      topics: [{ topic: 'kcat-none', partitions: [{ partition: 0, replicas: named, isrs: named }] }],
    })
    expect(listed.brokers).toHaveLength(ids.length)
    expect(ids).toContain(listed.topics[0].partitions[0].leader)
  })

  test('two members of kcat share a topic, and one inherits all when the other leaves', async () => {
    await kcat(['-P', '-t', 'kcat-seed'], 'seed\n')
    const words = [
      ...['-b', broker.bootstrap, '-G', 'kcat-pair', '-u', '-X', 'heartbeat.interval.ms=200'],
      ...['-X', 'partition.assignment.strategy=roundrobin', '^kcat-(none|gzip|snappy|lz4)$'],
    ]
    // What it says of its assignment goes to stderr.
    const member = () => new ToolProcess('sh', ['-c', 'exec kcat "$@" 2>&1', 'kcat', ...words])
    const assigned = (line: string) => line.match(/kcat-\w+ \[0\]/g) ?? []
    const isAssigned = (count: number) => (line: string) => line.includes('assigned') && assigned(line).length === count
    const first = member()
    expect(new Set(assigned(await first.line(isAssigned(4)))).size).toBe(4)
    const halfOfFirst = first.line(isAssigned(2))
    const second = member()
    // Both hear of it at the same time: what is asked for later may have been said already.
    const halfOfSecond = second.line(isAssigned(2))
    const halves = [await halfOfFirst, await halfOfSecond].flatMap(assigned)
    expect(halves.sort()).toEqual(['kcat-gzip [0]', 'kcat-lz4 [0]', 'kcat-none [0]', 'kcat-snappy [0]'])
    const rest = first.line(isAssigned(4))
    second.stop()
    await second.end()
    expect(new Set(assigned(await rest)).size).toBe(4)
    first.stop()
    await first.end()
  })
})
