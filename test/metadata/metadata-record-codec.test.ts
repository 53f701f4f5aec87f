import { describe, expect, test } from 'vitest'
import { metadataRecord } from '../../src/metadata/metadata-record.ts'
import { decodeMetadataRecord, encodeMetadataRecord } from '../../src/metadata/metadata-record-codec.ts'
import { ProtocolError } from '../../src/protocol/errors.ts'
import { recordSequence } from './record-sequences.ts'

describe('metadata record codec', () => {
  test('writes what Kafka writes', () => {
    expect(encodeMetadataRecord(metadataRecord('NoOpRecord', 0, {})).toString('hex')).toBe('01140000')
    const feature = metadataRecord('FeatureLevelRecord', 0, { name: 'metadata.version', featureLevel: 30 })
    expect(encodeMetadataRecord(feature).toString('hex')).toBe('010c00116d657461646174612e76657273696f6e001e00')
  })

  test('reads every type back', () => {
    const types = new Set<string>()
    for (const record of recordSequence(42, 3000)) {
      types.add(record.type)
      expect(decodeMetadataRecord(encodeMetadataRecord(record))).toEqual(record)
    }
    expect(types.size).toBe(26)
  })

  test('says what it does not know', () => {
    expect(() => decodeMetadataRecord(Buffer.from('016300', 'hex'))).toThrow('unknown type 99')
    expect(() => decodeMetadataRecord(Buffer.from('02140000', 'hex'))).toThrow('unknown frame version 2')
    expect(() => decodeMetadataRecord(Buffer.from('01140900', 'hex'))).toThrow('NoOpRecord of unknown version 9')
  })

  test('takes one whole record and nothing more', () => {
    expect(() => decodeMetadataRecord(Buffer.from('0114000000', 'hex'))).toThrow('1 too many')
    for (const hex of ['', '01', '0114', '011400', '0190909090909090']) {
      expect(() => decodeMetadataRecord(Buffer.from(hex, 'hex')), hex).toThrow(ProtocolError)
    }
  })
})
