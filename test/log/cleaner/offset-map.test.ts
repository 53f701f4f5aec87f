import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import { KeyHash } from '../../../src/log/cleaner/key-hash.ts'
import { entrySize, OffsetMap } from '../../../src/log/cleaner/offset-map.ts'

const mapOf = (entriesMax: number, loadFactor = 0.9, startOffset = 0) =>
  new OffsetMap(startOffset, { sizeMax: entriesMax * entrySize, loadFactor, random: new SeededRandom(7) })

const put = (map: OffsetMap, key: Buffer, offset: number): void => map.put(key, 0, key.length, offset)
const get = (map: OffsetMap, key: Buffer): number => map.get(key, 0, key.length)

describe('offset map', () => {
  test('knows the last offset of every key through all its growth', () => {
    const random = new SeededRandom(3)
    const map = mapOf(100_000)
    const model = new Map<string, number>()
    for (let offset = 0; offset < 60_000; offset++) {
      const key = Buffer.from(`key-${random.integer(20_000)}`)
      put(map, key, offset)
      model.set(key.toString(), offset)
    }
    expect(map.count).toBe(model.size)
    for (const [key, offset] of model) expect(get(map, Buffer.from(key))).toBe(offset)
    for (let index = 0; index < 1000; index++) expect(get(map, Buffer.from(`other-${index}`))).toBe(-1)
  })

  test('takes keys of any bytes: empty, long, alike but for their length', () => {
    const map = mapOf(100)
    const keys = [0, 1, 2, 3, 4, 5, 7, 8, 9, 255, 256, 100_000].map((size) => Buffer.alloc(size))
    for (const [index, key] of keys.entries()) put(map, key, index)
    for (const [index, key] of keys.entries()) expect(get(map, key)).toBe(index)
  })

  test('reads a key within a larger buffer', () => {
    const map = mapOf(100)
    const bytes = Buffer.from('..apple..')
    map.put(bytes, 2, 5, 41)
    expect(get(map, Buffer.from('apple'))).toBe(41)
  })

  test('is full at its load factor and keeps within its bytes', () => {
    const map = mapOf(100, 0.5)
    let count = 0
    for (; !map.isFull; count++) put(map, Buffer.from(`${count}`), count)
    expect(count).toBe(50)
    expect(map.sizeInBytes).toBeLessThanOrEqual(100 * entrySize)
  })

  test('starts small', () => {
    expect(mapOf(5_000_000).sizeInBytes).toBeLessThan(200_000)
  })

  test('takes what does not fit when it has to: a batch goes in as a whole', () => {
    const map = mapOf(10, 0.9)
    for (let index = 0; index < 1000; index++) put(map, Buffer.from(`${index}`), index)
    for (let index = 0; index < 1000; index++) expect(get(map, Buffer.from(`${index}`))).toBe(index)
  })

  test('holds offsets beyond 32 bits', () => {
    const map = mapOf(10)
    put(map, Buffer.from('k'), 2 ** 52)
    expect(get(map, Buffer.from('k'))).toBe(2 ** 52)
  })
})

describe('hash of a key', () => {
  const hashOf = (hash: KeyHash, key: Buffer): string => {
    hash.hash(key, 0, key.length)
    return [hash.first, hash.second, hash.third, hash.fourth].join()
  }

  test('is one thing under one secret and another under another', () => {
    const [first, again, other] = [7, 7, 8].map((seed) => new KeyHash(new SeededRandom(seed)))
    const key = Buffer.from('customer-17')
    expect(hashOf(first!, key)).toBe(hashOf(again!, key))
    expect(hashOf(first!, key)).not.toBe(hashOf(other!, key))
  })

  test('differs in every word when one bit of the key does', () => {
    const hash = new KeyHash(new SeededRandom(1))
    for (let bit = 0; bit < 13 * 8; bit++) {
      const key = Buffer.from('thirteen byte')
      const before = hashOf(hash, key).split(',')
      key[bit >> 3]! ^= 1 << (bit & 7)
      const after = hashOf(hash, key).split(',')
      for (const [index, word] of before.entries()) expect(after[index], `bit ${bit}`).not.toBe(word)
    }
  })
})
