/** Every implementation that this machine has, native and pure, against the same tests and against each other. */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import type { Codec } from '../../../src/io/codecs/codec.ts'
import { gzipCodec } from '../../../src/io/codecs/gzip-codec.ts'
import { findNativeLz4, loadPureLz4 } from '../../../src/io/codecs/lz4-codec.ts'
import { NodeCodecs } from '../../../src/io/codecs/node-codecs.ts'
import { findNativeSnappy, loadPureSnappy } from '../../../src/io/codecs/snappy-codec.ts'
import { findNativeZstd, findNodeZstd, loadPureZstd } from '../../../src/io/codecs/zstd-codec.ts'
import { KafkaError } from '../../../src/protocol/errors.ts'
import { type CompressionType, compressionTypes } from '../../../src/protocol/record/compression.ts'

interface Implementation {
  readonly title: string
  readonly family: 'gzip' | 'snappy' | 'lz4' | 'zstd'
  readonly codec: Codec
}

const candidates: readonly { title: string; family: Implementation['family']; codec: Codec | undefined }[] = [
  { title: 'gzip', family: 'gzip', codec: gzipCodec },
  { title: 'snappy, native', family: 'snappy', codec: findNativeSnappy() },
  { title: 'snappy, pure', family: 'snappy', codec: loadPureSnappy() },
  { title: 'lz4, native', family: 'lz4', codec: findNativeLz4() },
  { title: 'lz4, pure', family: 'lz4', codec: loadPureLz4() },
  { title: 'zstd, of Node', family: 'zstd', codec: findNodeZstd() },
  { title: 'zstd, native', family: 'zstd', codec: findNativeZstd() },
  { title: 'zstd, pure', family: 'zstd', codec: loadPureZstd() },
]
const implementations = candidates.filter((candidate): candidate is Implementation => candidate.codec !== undefined)
const limit = 16 * 1024 * 1024

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../protocol/record/fixtures/${name}.log`, import.meta.url)).subarray(61)
}

/** What comes out, as a string because those compare fast, or the error's name. */
function attempt(codec: Codec, bytes: Buffer, limitBytes = limit): string {
  try {
    return codec.decompress(bytes, limitBytes).toString('latin1')
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return error.error
  }
}

const random = new SeededRandom(7)
const zeros = Buffer.alloc(64 * 1024 * 1024)
const gzipOfZeros = gzipSync(zeros, { level: 1 })
const samples: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from('x')],
  ['a word', Buffer.from('hello hello hello')],
  ['text', Buffer.from('The quick brown fox jumps over the lazy dog. '.repeat(3000))],
  ['zeros', Buffer.alloc(300_000)],
  ['noise', random.bytes(200_000)],
  ['hexadecimal noise', Buffer.from(random.bytes(70_000).toString('hex'))],
  ['one block less a byte', random.bytes(65_535)],
  ['one block', random.bytes(65_536)],
]

/** 64 MB of zeros, by the fastest implementation. */
const bombs = new Map<string, Buffer>([['gzip', gzipOfZeros]])
for (const { family, codec } of implementations) {
  if (!bombs.has(family)) bombs.set(family, codec.compress(zeros, undefined))
}

describe.each(implementations)('$title', ({ family, codec }) => {
  test.each(samples)('%s comes back', (_, sample) => {
    expect(codec.decompress(codec.compress(sample, undefined), limit).equals(sample)).toBe(true)
  })

  test('anything comes back, also by the other implementations', () => {
    const others = implementations.filter((other) => other.family === family)
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat(3000)).map(([unit, times]) => {
        return new Uint8Array(Buffer.alloc(unit.length * times, Buffer.from(unit)))
      }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const sample = Buffer.concat(pieces)
        const compressed = codec.compress(sample, undefined)
        for (const other of others) expect(other.codec.decompress(compressed, limit).equals(sample)).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  test("Kafka's batch opens", () => {
    const opened = codec.decompress(fixture(family), limit)
    expect(opened.includes('hodnota s diakritikou')).toBe(true)
    expect(opened.includes('The quick brown fox jumps over the lazy dog. '.repeat(1600))).toBe(true)
  })

  test('the limit holds to the byte', () => {
    for (const sample of [Buffer.from('The quick brown fox. '.repeat(9000)), random.bytes(150_000)]) {
      const compressed = codec.compress(sample, undefined)
      expect(attempt(codec, compressed, sample.length) === sample.toString('latin1')).toBe(true)
      expect(attempt(codec, compressed, sample.length - 1)).toBe('MESSAGE_TOO_LARGE')
      expect(attempt(codec, compressed, 100)).toBe('MESSAGE_TOO_LARGE')
    }
  })

  test('a bomb takes no memory', () => {
    const bomb = bombs.get(family)!
    const before = process.memoryUsage().rss
    expect(attempt(codec, bomb, 1024 * 1024)).toBe('MESSAGE_TOO_LARGE')
    expect(process.memoryUsage().rss - before).toBeLessThan(32 * 1024 * 1024)
  })

  test('cut off anywhere it is corrupt', () => {
    const sample = Buffer.concat([Buffer.from('hello '.repeat(20)), random.bytes(40)])
    const compressed = codec.compress(sample, undefined)
    for (let size = 1; size < compressed.length; size++) {
      const outcome = attempt(codec, compressed.subarray(0, size))
      // A snappy stream has no end mark: a cut between header and block leaves an empty one.
      if (family === 'snappy' && size === 16) expect(outcome).toBe('')
      else expect(outcome, `cut to ${size}`).toBe('CORRUPT_MESSAGE')
    }
  })

  test('noise is corrupt', () => {
    for (let round = 0; round < 200; round++) {
      const outcome = attempt(codec, random.bytes(1 + random.integer(200)))
      if (family !== 'snappy') expect(outcome).toBe('CORRUPT_MESSAGE')
    }
    expect(attempt(codec, Buffer.from('garbage garbage garbage'))).toBe('CORRUPT_MESSAGE')
  })
})

// Versions of zstd's library differ in what damage they notice: they have a test of their own below.
describe.each(['snappy', 'lz4'] as const)('%s: damage', (family) => {
  const codecs = implementations.filter((implementation) => implementation.family === family)

  test('is judged the same by all implementations', () => {
    const sample = Buffer.concat([Buffer.from('hello world '.repeat(30)), random.bytes(60), Buffer.alloc(500, 'ab')])
    const sound = codecs.map(({ codec }) => codec.compress(sample, undefined))
    if (family === 'snappy') sound.push(...sound.map((bytes) => bytes.subarray(20)))
    fc.assert(
      fc.property(
        fc.nat(sound.length - 1),
        fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (which, changes) => {
          const bytes = Buffer.from(sound[which]!)
          for (const [at, value] of changes) bytes[at % bytes.length] = value
          const outcomes = codecs.map(({ codec }) => attempt(codec, bytes))
          expect(new Set(outcomes).size).toBe(1)
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('gzip', () => {
  test('several members are one stream', () => {
    const bytes = Buffer.concat([gzipSync('one '), gzipSync('two')])
    expect(gzipCodec.decompress(bytes, 100).toString()).toBe('one two')
  })
})

describe.each(implementations.filter(({ family }) => family === 'snappy'))('$title', ({ codec }) => {
  const sample = Buffer.from('hello '.repeat(20_000))

  test('raw blocks, as kafkajs and librdkafka send them, open', () => {
    const small = Buffer.from('hello hello hello hello')
    const raw = codec.compress(small, undefined).subarray(20)
    expect(codec.decompress(raw, 100)).toEqual(small)
    // A size, then one literal: by hand from the format's description.
    expect(codec.decompress(Buffer.from([3, 2 << 2, 97, 98, 99]), 100).toString()).toBe('abc')
    expect(codec.decompress(Buffer.from([0]), 100)).toEqual(Buffer.alloc(0))
  })

  test('frames one after another open', () => {
    const frame = codec.compress(sample, undefined)
    expect(codec.decompress(Buffer.concat([frame, frame]), limit).equals(Buffer.concat([sample, sample]))).toBe(true)
  })

  test('a size that so few bytes cannot become is corrupt, not memory', () => {
    const claims = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07, 0, 97])
    expect(attempt(codec, claims, 2 ** 31 - 1)).toBe('CORRUPT_MESSAGE')
  })

  test('a literal of negative length does not run in circles', () => {
    expect(attempt(codec, Buffer.from([8, 63 << 2, 0xfa, 0xff, 0xff, 0xff, 1, 2, 3, 4]))).toBe('CORRUPT_MESSAGE')
  })
})

describe.each(implementations.filter(({ family }) => family === 'lz4'))('$title', ({ codec }) => {
  // Made by lz4_flex: the same content without checksums, with one of the content, of the block, of both.
  const plain = '04224d18604082100000006768656c6c6f200600602068656c6c6f00000000'
  const checked = [
    '04224d186440a7100000006768656c6c6f200600602068656c6c6f00000000f26b940b',
    '04224d187040ad100000006768656c6c6f200600602068656c6c6f65b9840c00000000',
    '04224d187440bd100000006768656c6c6f200600602068656c6c6f65b9840c00000000f26b940b',
  ]
  const content = 'hello hello hello hello'

  test('frames of others open, whatever follows the end mark', () => {
    for (const frame of [plain, `${plain}00ff`, ...checked]) {
      expect(codec.decompress(Buffer.from(frame, 'hex'), 100).toString()).toBe(content)
    }
  })

  test('what is written has the header that Kafka writes', () => {
    expect(codec.compress(Buffer.from(content), undefined).subarray(0, 7)).toEqual(fixture('lz4').subarray(0, 7))
  })

  test('checksums are checked where there are any', () => {
    for (const frame of checked) {
      const bytes = Buffer.from(frame, 'hex')
      bytes[bytes.length - 1]! ^= 1
      expect(attempt(codec, bytes)).toBe('CORRUPT_MESSAGE')
      const literal = Buffer.from(frame, 'hex')
      literal[12]! ^= 1
      expect(attempt(codec, literal)).toBe('CORRUPT_MESSAGE')
    }
  })

  test('a block larger than the frame allows is corrupt', () => {
    const frameOf = (size: number) => {
      const mark = Buffer.alloc(4)
      mark.writeUInt32LE(size + 0x8000_0000)
      return Buffer.concat([Buffer.from(plain, 'hex').subarray(0, 7), mark, Buffer.alloc(size, 97), Buffer.alloc(4)])
    }
    expect(attempt(codec, frameOf(65_536)).length).toBe(65_536)
    expect(attempt(codec, frameOf(65_537))).toBe('CORRUPT_MESSAGE')
  })

  test('a content size is skipped', () => {
    const header = Buffer.from('04224d18684017000000000000001a', 'hex')
    const outcomes = new Set<string>()
    for (let checksum = 0; checksum < 256; checksum++) {
      header[14] = checksum
      const bytes = Buffer.concat([header, Buffer.from(plain, 'hex').subarray(7)])
      outcomes.add(attempt(codec, bytes))
    }
    expect(outcomes).toEqual(new Set(['CORRUPT_MESSAGE', content]))
  })

  test('linked blocks, dictionaries, other versions and block sizes are refused', () => {
    for (const [at, value] of [
      [4, 0x40],
      [4, 0x61],
      [4, 0x62],
      [4, 0xa0],
      [5, 0x30],
      [5, 0xc0],
      [5, 0x41],
      [6, 0x83],
    ] as const) {
      const bytes = Buffer.from(plain, 'hex')
      bytes[at] = value
      for (let checksum = 0; checksum < (at === 6 ? 1 : 256); checksum++) {
        if (at !== 6) bytes[6] = checksum
        expect(attempt(codec, bytes)).toBe('CORRUPT_MESSAGE')
      }
    }
  })
})

describe.each(implementations.filter(({ family }) => family === 'zstd'))('$title', ({ codec }) => {
  test('frames one after another, with a skippable one between, open', () => {
    const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
    const hello = codec.compress(Buffer.from('hello'), undefined)
    const bytes = Buffer.concat([hello, skippable, hello])
    expect(codec.decompress(bytes, 100).toString()).toBe('hellohello')
    expect(attempt(codec, bytes, 10)).toBe('hellohello')
    expect(attempt(codec, bytes, 9)).toBe('MESSAGE_TOO_LARGE')
    expect(attempt(codec, bytes, 5)).toBe('MESSAGE_TOO_LARGE')
  })

  test('a checksum of the content is checked', () => {
    // Made by libzstd with its checksum flag.
    const frame = Buffer.from('28b52ffd24116500003068656c6c6f200100314a11a2ed1e0c', 'hex')
    expect(attempt(codec, Buffer.concat([frame, frame]))).toBe('hello hello hello'.repeat(2))
    frame[frame.length - 1]! ^= 1
    expect(attempt(codec, frame)).toBe('CORRUPT_MESSAGE')
  })

  test('damage is noticed, or gives something within the limit', () => {
    const sample = Buffer.concat([Buffer.from('hello world '.repeat(30)), random.bytes(60), Buffer.alloc(500, 'ab')])
    const sound = codec.compress(sample, undefined)
    for (let round = 0; round < 1000; round++) {
      const bytes = Buffer.from(sound)
      bytes[random.integer(bytes.length)] = random.integer(256)
      const outcome = attempt(codec, bytes, 5000)
      expect(outcome.length).toBeLessThanOrEqual(5000)
    }
    expect(codec.decompress(sound, limit).equals(sample)).toBe(true)
  })

  test('a window larger than memory is refused, and the codec goes on', () => {
    const sound = codec.compress(Buffer.from('hello '.repeat(100)), undefined)
    for (let windowLog = 10; windowLog <= 41; windowLog++) {
      const descriptor = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3])
      const outcome = attempt(codec, Buffer.concat([descriptor, Buffer.from([0x29, 0, 0]), Buffer.from('hello')]))
      if (windowLog <= 23) expect(outcome).toBe('hello')
      if (windowLog > 31)
        expect(outcome).toSatisfy((name) => name === 'MESSAGE_TOO_LARGE' || name === 'CORRUPT_MESSAGE')
    }
    expect(codec.decompress(sound, limit).toString()).toBe('hello '.repeat(100))
  })

  test('a level is taken', () => {
    const sample = Buffer.from(random.bytes(20_000).toString('hex'))
    expect(codec.decompress(codec.compress(sample, 19), limit).equals(sample)).toBe(true)
    expect(codec.compress(Buffer.from('The quick brown fox. '.repeat(5000)), -50).length).toBeGreaterThan(
      codec.compress(Buffer.from('The quick brown fox. '.repeat(5000)), 19).length,
    )
  })
})

describe('NodeCodecs', () => {
  test.each([true, false])('prefersNative %s: all types', (prefersNative) => {
    const codecs = new NodeCodecs({ prefersNative })
    const sample = Buffer.from('hello '.repeat(1000))
    for (const type of Object.values(compressionTypes) as CompressionType[]) {
      const compressed = codecs.compress(type, sample)
      expect(codecs.decompress(type, compressed, limit).equals(sample)).toBe(true)
      expect(compressed.length < sample.length / 4).toBe(type !== 0)
    }
  })
})
