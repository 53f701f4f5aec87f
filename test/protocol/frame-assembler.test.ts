import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameAssembler } from '../../src/protocol/frame-assembler.ts'

function framed(payload: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(payload.length)
  return Buffer.concat([size, payload])
}

test('frames come out whole however the bytes are cut', () => {
  const payload = fc.uint8Array({ minLength: 4, maxLength: 60 }).map((bytes) => Buffer.from(bytes))
  fc.assert(
    fc.property(fc.array(payload, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 20 })), (payloads, cuts) => {
      const seen: Buffer[] = []
      const assembler = new FrameAssembler((frame) => seen.push(Buffer.from(frame)), 100)
      let rest = Buffer.concat(payloads.map(framed))
      for (const cut of cuts) {
        assembler.push(Buffer.from(rest.subarray(0, cut)))
        rest = rest.subarray(cut)
      }
      assembler.push(rest)
      expect(seen).toEqual(payloads)
    }),
  )
})

test.each([-1, 0, 3, 101])('a size of %i is refused before memory is taken', (size) => {
  const bytes = Buffer.alloc(8)
  bytes.writeInt32BE(size)
  expect(() => new FrameAssembler(() => {}, 100).push(bytes)).toThrow(`an answer of ${size} bytes`)
})
