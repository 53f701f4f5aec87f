/**
 * Log files that Apache Kafka 4.3.1 wrote. The first five hold one batch of five records (none.log: four) that its console
 * producer sent with that compression; the others are named for what is special about them.
 */
import { readFileSync } from 'node:fs'

export const compressedFixtures = ['gzip', 'snappy', 'lz4', 'zstd'] as const
export const uncompressedFixtures = [
  'none.log',
  'compacted.log',
  'transactions.log',
  'transaction-state.log',
  'metadata.log',
  'metadata.checkpoint',
] as const

export function readFixture(name: string): Buffer {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url))
}

/** What the console producer was given. */
export const consoleRecords = [
  {
    key: 'key-1',
    value: 'value one',
    headers: [
      ['trace', 'abc'],
      ['none', null],
      ['empty', ''],
    ],
  },
  { key: 'key-2', value: '', headers: [] },
  { key: 'klíč', value: 'hodnota s diakritikou', headers: [['lang', 'žluťoučký']] },
  { key: null, value: null, headers: [] },
  { key: 'big', value: 'The quick brown fox jumps over the lazy dog. '.repeat(1600), headers: [] },
]
