import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { NodeFileSystem } from '../../src/io/node-file-system.ts'
import { type DumpOptions, dumpFile } from '../../src/log/dump.ts'
import { buildBatch } from '../../src/protocol/record/batch-builder.ts'
import type { Codecs } from '../../src/protocol/record/compression.ts'
import { buildControlBatch, controlRecordTypes } from '../../src/protocol/record/control-record.ts'
import { LogHarness } from './log-harness.ts'

/** What the client that wrote the fixture compressed with. */
const gunzipOnly: Codecs = {
  compress: (_type, bytes) => gzipSync(bytes),
  decompress: (_type, bytes, limitBytes) => gunzipSync(bytes, { maxOutputLength: limitBytes }),
}
const fixture = join(import.meta.dirname, 'fixtures/kafka-data')

async function lines(path: string, bytes: Buffer, options: DumpOptions = {}): Promise<string[]> {
  const harness = new LogHarness()
  await harness.makeRoot()
  harness.disk.poke(`/data/${path}`, bytes)
  const found: string[] = []
  for await (const line of dumpFile(harness.disk, `/data/${path}`, options)) found.push(line)
  return found.slice(1)
}

test('is what the dump tool of Apache Kafka prints of the same files', async () => {
  const directory = join(fixture, 'orders-0')
  const fileSystem = new NodeFileSystem()
  const expected = new Map<string, string[]>()
  for (const section of readFileSync(join(fixture, 'dump.txt'), 'utf8')
    .split(/^Dumping /m)
    .slice(1)) {
    const [name, ...rest] = section.trimEnd().split('\n')
    expected.set(name!, rest)
  }
  const names = readdirSync(directory).filter((name) => /^\d{20}\./.test(name))
  expect([...expected.keys()].sort()).toEqual(names.sort())
  for (const [name, wanted] of expected) {
    const found: string[] = []
    for await (const line of dumpFile(fileSystem, join(directory, name), { printsRecords: true, codecs: gunzipOnly })) {
      found.push(line)
    }
    expect(found.slice(1), name).toEqual(wanted)
  }
})

describe('damage is said, not thrown', () => {
  test('bytes behind the last batch, a wrong checksum, records that cannot be opened', async () => {
    const whole = buildBatch({ timestamp: 5, records: [{ value: Buffer.from('a') }] })
    const damaged = Buffer.from(whole)
    damaged[66] = 99
    const compressed = Buffer.from(whole)
    compressed[22] = 4
    const bytes = Buffer.concat([whole, damaged, compressed, Buffer.from('abc')])
    const found = await lines('00000000000000000000.log', bytes, { printsRecords: true })
    expect(found[1]).toContain('isvalid: true')
    expect(found[2]).toBe('| offset: 0 CreateTime: 5 keySize: -1 valueSize: 1 sequence: -1 headerKeys: [] payload: a')
    expect(found[3]).toContain('isvalid: false')
    expect(found.join('\n')).toContain('| records cannot be read: No codec for compression type 4')
    expect(found.at(-1)).toBe('Found 3 invalid bytes at the end of 00000000000000000000.log')
  })

  test('small files', async () => {
    expect(await lines('00000000000000000000.snapshot', Buffer.from('x'))).toEqual(['The producer snapshot is damaged'])
    expect(await lines('00000000000000000000.txnindex', Buffer.from('x'))).toEqual(['The transaction index is damaged'])
    expect(await lines('00000000000000000000.index', Buffer.from('x'))).toEqual([])
    expect(await lines('photo.jpg', Buffer.from('x'))).toEqual(['photo.jpg is not a file of a log'])
    expect(await lines('leader-epoch-checkpoint', Buffer.from('0\n1\n0 0\n'))).toEqual(['0', '1', '0 0'])
  })

  test('the preallocated rest of an index in use is left out', async () => {
    const index = Buffer.alloc(8 * 4)
    index.writeInt32BE(7, 0)
    index.writeInt32BE(500, 4)
    expect(await lines('00000000000000000010.index', index)).toEqual(['offset: 17 position: 500'])
  })
})

test('a snapshot of the metadata log names its end, and the caller describes its records', async () => {
  const type = controlRecordTypes.SNAPSHOT_HEADER
  const bytes = buildControlBatch(0, 3, 9, [{ type, value: Buffer.from([1, 2]) }])
  const describeControlRecord = (kind: number) => `type ${kind}`
  const found = await lines('00000000000000000250-0000000003.checkpoint', bytes, {
    printsRecords: true,
    describeControlRecord,
  })
  expect(found[0]).toBe('Snapshot end offset: 250, epoch: 3')
  expect(found[2]).toContain('headerKeys: [] type 3')
})
