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

test('what was lent may be written over once it is kept', () => {
  const framer = new Framer(anyRoom)
  const stream = framed(Buffer.from('abc'), Buffer.from('defghi'), Buffer.from('jk'))
  const lent = Buffer.alloc(100)
  framer.push(lent.subarray(0, stream.copy(lent)))
  const first = framer.next()!
  framer.keep()
  lent.fill(0)
  expect(first.toString()).toBe('abc')
  expect(framer.next()!.toString()).toBe('defghi')
  expect(framer.next()!.toString()).toBe('jk')
  expect(framer.next()).toBeUndefined()
})

test('a long frame is received in place, in any pieces', () => {
  const room = { frameSizeMax: 1_000_000, takeFrame: () => true }
  const content = Buffer.from(Uint8Array.from({ length: 100_000 }, (_, index) => index * 7))
  const stream = framed(content, Buffer.from('next'))
  const framer = new Framer(room)
  framer.push(stream.subarray(0, 10))
  expect(framer.next()).toBeUndefined()
  framer.keep()
  let position = 10
  for (let target = framer.readTarget(); target !== undefined; target = framer.readTarget()) {
    const count = stream.copy(target, 0, position, Math.min(position + 7001, position + target.length))
    position += count
    framer.onTargetFilled(count)
    expect(framer.next()).toBeUndefined()
  }
  // The rest is too little for a read of its own.
  expect(stream.length - position).toBeLessThan(16 * 1024 + 20)
  framer.push(stream.subarray(position))
  expect(framer.next()!.equals(content)).toBe(true)
  expect(framer.next()!.toString()).toBe('next')
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

test('after a large frame the next is received in place from its first byte, or as the network likes', () => {
  for (const followsTargets of [true, false]) {
    const framer = new Framer({ frameSizeMax: 1_000_000, takeFrame: () => true })
    const large = Buffer.alloc(200_000, 1)
    const stream = framed(large, Buffer.alloc(150_000, 2), Buffer.from('small'), Buffer.from('more'))
    const found: Buffer[] = []
    let directCount = 0
    for (let position = 0; position < stream.length; ) {
      const target = framer.readTarget()
      const isDirect = target !== undefined && (followsTargets || position % 3 === 0)
      // Odd pieces, so that sizes are cut as well.
      const end = Math.min(stream.length, position + (target !== undefined && target.length <= 4 ? 3 : 50_000))
      if (isDirect) {
        const count = stream.copy(target, 0, position, end)
        framer.onTargetFilled(count)
        position += count
        directCount += count
      } else {
        framer.push(stream.subarray(position, end))
        position = end
      }
      for (let frame = framer.next(); frame !== undefined; frame = framer.next()) found.push(frame)
      framer.keep()
    }
    expect(found.map((frame) => [frame.length, frame[0], frame.at(-1)])).toEqual([
      [200_000, 1, 1],
      [150_000, 2, 2],
      [5, 0x73, 0x6c],
      [4, 0x6d, 0x65],
    ])
    if (followsTargets) expect(directCount).toBeGreaterThan(200_000)
  }
})

test('a size that is read alone and waits to be looked at asks for nothing', () => {
  const framer = new Framer({ frameSizeMax: 1_000_000, takeFrame: () => true })
  framer.push(framed(Buffer.alloc(100_000)))
  expect(framer.next()).toHaveLength(100_000)
  framer.keep()
  const target = framer.readTarget()!
  target.writeInt32BE(3, 0)
  framer.onTargetFilled(4)
  expect(framer.readTarget()).toBeUndefined()
  framer.push(Buffer.from('abc'))
  expect(framer.next()!.toString()).toBe('abc')
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
