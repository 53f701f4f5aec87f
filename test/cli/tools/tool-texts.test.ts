import { expect, test } from 'vitest'
import { javaDouble } from '../../../src/cli/tools/configs-quotas.ts'
import { parseOffsets } from '../../../src/cli/tools/delete-records.ts'
import { metadataText, offsetsText } from '../../../src/cli/tools/dump-decoders.ts'
import { javaException } from '../../../src/cli/tools/java-exception.ts'
import { encodeMetadataRecord } from '../../../src/metadata/metadata-record-codec.ts'
import { KafkaError } from '../../../src/protocol/errors.ts'

const record = { offset: 0, timestamp: 0n, headers: [] }

test('records of the metadata log as JSON', () => {
  const data = { name: 'metadata.version', featureLevel: 30 }
  const value = encodeMetadataRecord({ type: 'FeatureLevelRecord', version: 0, data })
  expect(metadataText({ ...record, key: null, value })).toBe(
    'payload: {"type":"FEATURE_LEVEL_RECORD","version":0,"data":{"name":"metadata.version","featureLevel":30}}',
  )
  expect(metadataText({ ...record, key: null, value: Buffer.from([9, 9]) })).toMatch(/^payload: .*skipping\.$/)
})

test('what is no record of a coordinator is said', () => {
  const key = Buffer.from([0, 99])
  expect(offsetsText({ ...record, key, value: null })).toContain('Unknown record type 99')
  expect(offsetsText({ ...record, key: null, value: null })).toBe('')
})

test('numbers and exceptions as Java prints them', () => {
  expect([10, 20.5, 5.5e7, 1e7, 9_999_999, 0.001, 0.0005, 0].map(javaDouble)).toEqual([
    '10.0',
    '20.5',
    '5.5E7',
    '1.0E7',
    '9999999.0',
    '0.001',
    '5.0E-4',
    '0.0',
  ])
  expect(javaException(new KafkaError('NON_EMPTY_GROUP', 'Not empty.'))).toBe(
    'org.apache.kafka.common.errors.GroupNotEmptyException: Not empty.',
  )
  expect(javaException(new Error('plain'))).toBe('plain')
})

test.each([
  ['{', 'The input string is not a valid JSON'],
  ['{"version":2,"partitions":[]}', 'Not supported version field value 2'],
  ['{"version":1}', 'Missing partitions field'],
  ['{"partitions":[{"topic":"t","partition":0}]}', 'expected topic, partition and offset'],
])('a file of offsets: %s', (text, message) => {
  expect(() => parseOffsets(text)).toThrow(message)
})
