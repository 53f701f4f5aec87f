import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ProtocolError } from '../../src/protocol/errors.ts'
import { Framer } from '../../src/server/framer.ts'

function framed(...frames: readonly Buffer[]): Buffer {
  return Buffer.concat(
    frames.map((frame) => {
      const size = Buffer.alloc(4)
      size.writeInt32BE(frame.length, 0)
      return Buffer.concat([size, frame])
    }),
  )
}

const anyRoom = { frameSizeMax: 1000, takeFrame: () => true }

test('any cutting of the stream into chunks gives the same frames', () => {
  const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 8 })
  const cuts = fc.array(fc.nat(1000), { maxLength: 12 })
  fc.assert(
    fc.property(frames, cuts, (contents, positions) => {
      const expected = contents.map((content) => Buffer.from(content))
      const stream = framed(...expected)
      const edges = [...new Set([0, ...positions.map((position) => position % (stream.length + 1)), stream.length])]
      edges.sort((left, right) => left - right)
      const framer = new Framer(anyRoom)
      const found: Buffer[] = []
      for (let index = 1; index < edges.length; index++) {
        framer.push(stream.subarray(edges[index - 1], edges[index]))
        for (let frame = framer.next(); frame !== undefined; frame = framer.next()) found.push(frame)
      }
      expect(found).toEqual(expected)
      expect(framer.isWithinFrame).toBe(false)
    }),
  )
})

test('a frame within one chunk is a view of it, a longer one is gathered once', () => {
  const framer = new Framer(anyRoom)
  const stream = framed(Buffer.from('abc'), Buffer.from('defghi'))
  const first = stream.subarray(0, 13)
  framer.push(first)
  expect(framer.next()!.buffer).toBe(first.buffer)
  expect(framer.next()).toBeUndefined()
  expect(framer.takenBytes).toBe(6)
  framer.push(stream.subarray(13))
  expect(framer.next()!.toString()).toBe('defghi')
})

test.each([
  [-1, 'a frame of -1 bytes'],
  [0, 'a frame of 0 bytes'],
  [1001, 'a frame of 1001 bytes, over socket.request.max.bytes=1000'],
  [0x7fffffff, 'over socket.request.max.bytes'],
  [0x47455420, 'this looks like HTTP'],
  [0x16030102, 'this looks like TLS, and the listener is PLAINTEXT'],
])('a size of %i is refused before any memory is taken', (size, reason) => {
  const framer = new Framer({
    frameSizeMax: 1000,
    takeFrame: () => {
      throw new Error('asked for room')
    },
  })
  const bytes = Buffer.alloc(5)
  bytes.writeInt32BE(size, 0)
  framer.push(bytes)
  expect(() => framer.next()).toThrow(ProtocolError)
  const again = new Framer(anyRoom)
  again.push(bytes)
  expect(() => again.next()).toThrow(reason)
})

test('without room a frame waits, and takes nothing', () => {
  let hasRoom = false
  const asked: number[] = []
  const framer = new Framer({
    frameSizeMax: 1000,
    takeFrame(size) {
      asked.push(size)
      return hasRoom
    },
  })
  framer.push(framed(Buffer.from('hello')))
  expect(framer.next()).toBeUndefined()
  expect(framer.waitingSize).toBe(5)
  expect(framer.takenBytes).toBe(0)
  hasRoom = true
  expect(framer.next()!.toString()).toBe('hello')
  expect(asked).toEqual([5, 5])
})

test('a size alone takes no room: the first byte of the frame does', () => {
  const framer = new Framer({ frameSizeMax: 1000, takeFrame: () => expect.unreachable() })
  const stream = framed(Buffer.from('hello'))
  framer.push(stream.subarray(0, 4))
  expect(framer.next()).toBeUndefined()
  expect(framer.isWithinFrame).toBe(true)
})
