import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { findNativeCrc32c } from '../../../src/io/crc32c.ts'
import { crc32c, installCrc32c } from '../../../src/protocol/record/crc32c.ts'

afterEach(() => installCrc32c())

/** One bit at a time, from the definition. */
function crc32cByDefinition(bytes: Buffer): number {
  let crc = 0xffff_ffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0)
  }
  return (crc ^ 0xffff_ffff) >>> 0
}

describe('crc32c', () => {
  // RFC 3720, appendix B.4.
  test.each([
    ['32 bytes of zero', Buffer.alloc(32), 0x8a91_36aa],
    ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8_ab43],
    ['0 to 31', Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0x46dd_794e],
    ['123456789', Buffer.from('123456789'), 0xe306_9283],
    ['nothing', Buffer.alloc(0), 0],
  ])('of %s', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected)
  })

  test('of a range is that of its bytes, short and long, by tables and native', () => {
    const native = findNativeCrc32c()
    for (const implementation of [undefined, native]) {
      installCrc32c(implementation)
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 2000 }), fc.nat(100), fc.nat(100), (data, before, after) => {
          const bytes = Buffer.from(data)
          const padded = Buffer.concat([Buffer.alloc(before, 7), bytes, Buffer.alloc(after, 9)])
          expect(crc32c(padded, before, before + bytes.length)).toBe(crc32cByDefinition(bytes))
        }),
        { numRuns: 60 },
      )
    }
  })

  test('long buffers go to what was installed', () => {
    installCrc32c(() => 42)
    expect(crc32c(Buffer.alloc(100_000))).toBe(42)
    installCrc32c()
    expect(crc32c(Buffer.alloc(100_000))).not.toBe(42)
  })
})
