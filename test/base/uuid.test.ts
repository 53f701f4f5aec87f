import { expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { isUuid, metadataTopicId, randomUuid, uuidFromBytes, writeUuid, zeroUuid } from '../../src/base/uuid.ts'

test('text and bytes are one and the same', () => {
  const random = new SeededRandom(3)
  const bytes = Buffer.alloc(20, 0xff)
  for (let round = 0; round < 1000; round++) {
    const uuid = randomUuid(random)
    expect(isUuid(uuid)).toBe(true)
    expect(uuid.startsWith('-')).toBe(false)
    writeUuid(bytes, uuid, 2)
    expect(uuidFromBytes(bytes, 2)).toBe(uuid)
    expect([bytes[1], bytes[18]]).toEqual([0xff, 0xff])
  }
})

test('reserved ids have the bytes that Kafka gives them', () => {
  const bytes = Buffer.alloc(16)
  expect(uuidFromBytes(bytes)).toBe(zeroUuid)
  bytes[15] = 1
  expect(uuidFromBytes(bytes)).toBe(metadataTopicId)
  expect(isUuid('AAAAAAAAAAAAAAAAAAAAAB')).toBe(false)
  expect(isUuid('short')).toBe(false)
})
