/**
 * Reads the protocol's primitives from one frame. Only compiled decoders use it. It trusts nothing: every read is
 * checked against the end of the frame, every count against the bytes that could hold so many elements, before memory
 * is taken; whatever does not fit throws one ProtocolError. There is one reader for the process, for decoding never
 * waits; `start` makes it forget the frame before.
 */
import { limits } from '../base/limits.ts'
import { ProtocolError } from './errors.ts'
import { internString, internUuid } from './interned.ts'

const noBytes = Buffer.alloc(0)

export class Reader {
  buffer: Buffer = noBytes
  position = 0
  /** Exclusive; the end of the tagged field while one is read. */
  end = 0
  #elementCount = 0
  #name = ''
  #version = 0

  /** Begins with `name` of `version` at `offset`; the message must end at or before `end`. */
  start(name: string, version: number, buffer: Buffer, offset: number, end: number): void {
    this.buffer = buffer
    this.position = offset
    this.end = end
    this.#elementCount = 0
    this.#name = name
    this.#version = version
  }

  /** Lets go of the frame. */
  finish(): void {
    this.buffer = noBytes
  }

  fail(problem: string): never {
    throw new ProtocolError(
      `${this.#name} version ${this.#version}: ${problem}, at byte ${this.position} of ${this.end}`,
    )
  }

  nullField(field: string): never {
    return this.fail(`${field} may not be null`)
  }

  notNull<T>(value: T | null, field: string): T {
    return value === null ? this.nullField(field) : value
  }

  #advance(size: number): number {
    const position = this.position
    if (size > this.end - position) this.fail(`${size} bytes wanted where ${this.end - position} remain`)
    this.position = position + size
    return position
  }

  bool(): boolean {
    return this.buffer[this.#advance(1)] !== 0
  }

  int8(): number {
    return (this.buffer[this.#advance(1)]! << 24) >> 24
  }

  int16(): number {
    const at = this.#advance(2)
    return ((this.buffer[at]! << 24) >> 16) | this.buffer[at + 1]!
  }

  uint16(): number {
    const at = this.#advance(2)
    return (this.buffer[at]! << 8) | this.buffer[at + 1]!
  }

  int32(): number {
    const at = this.#advance(4)
    const buffer = this.buffer
    return (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!
  }

  uint32(): number {
    return this.int32() >>> 0
  }

  int64(): bigint {
    return this.buffer.readBigInt64BE(this.#advance(8))
  }

  int64Number(): number {
    const high = this.int32()
    return high * 0x100000000 + (this.int32() >>> 0)
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.#advance(8))
  }

  uuid(): string {
    return internUuid(this.buffer, this.#advance(16))
  }

  unsignedVarint(): number {
    let byte = this.buffer[this.#advance(1)]!
    if (byte < 0x80) return byte
    let value = byte & 0x7f
    for (let shift = 7; shift < 28; shift += 7) {
      byte = this.buffer[this.#advance(1)]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    byte = this.buffer[this.#advance(1)]!
    // Lengths and tags are signed 32 bits in Kafka: three bits are left.
    if (byte > 0x07) this.fail('a varint beyond 31 bits')
    return value | (byte << 28)
  }

  string(): string | null {
    return this.#stringOf(this.int16())
  }

  compactString(): string | null {
    return this.#stringOf(this.unsignedVarint() - 1)
  }

  #stringOf(size: number): string | null {
    if (size < 0) return null
    if (size > limits.maxStringSize) this.fail(`a string of ${size} bytes`)
    return internString(this.buffer, this.#advance(size), size)
  }

  bytes(): Buffer | null {
    return this.#bytesOf(this.int32())
  }

  compactBytes(): Buffer | null {
    return this.#bytesOf(this.unsignedVarint() - 1)
  }

  #bytesOf(size: number): Buffer | null {
    if (size < 0) return null
    const at = this.#advance(size)
    return this.buffer.subarray(at, at + size)
  }

  /** Elements of the array that follows; -1 for null. Each takes at least `elementSizeMin` bytes, which is 1 or more. */
  arrayLength(elementSizeMin: number): number {
    return this.#lengthOf(this.int32(), elementSizeMin)
  }

  compactArrayLength(elementSizeMin: number): number {
    return this.#lengthOf(this.unsignedVarint() - 1, elementSizeMin)
  }

  #lengthOf(length: number, elementSizeMin: number): number {
    if (length < 0) return -1
    if (length > limits.maxArrayLength || length * elementSizeMin > this.end - this.position) {
      this.fail(`an array of ${length} elements where ${this.end - this.position} bytes remain`)
    }
    this.#elementCount += length
    if (this.#elementCount > limits.maxElementsPerMessage) {
      this.fail(`more than ${limits.maxElementsPerMessage} array elements`)
    }
    return length
  }

  tagCount(): number {
    const count = this.unsignedVarint()
    if (count > limits.maxTaggedFields) this.fail(`${count} tagged fields`)
    return count
  }

  /** Reads the size of a tagged field and narrows the frame to it; returns the end to come back to. */
  enterTag(): number {
    const outerEnd = this.end
    const size = this.unsignedVarint()
    this.end = this.#advance(size) + size
    this.position = this.end - size
    return outerEnd
  }

  /** A tagged field whose meaning we do not know. */
  skipTag(): void {
    this.position = this.end
  }

  leaveTag(outerEnd: number): void {
    if (this.position !== this.end) this.fail(`a tagged field with ${this.end - this.position} bytes too many`)
    this.end = outerEnd
  }

  /** The tagged section of a structure of which we know no tag. */
  skipTags(): void {
    const count = this.tagCount()
    for (let index = 0; index < count; index++) {
      this.unsignedVarint()
      const size = this.unsignedVarint()
      this.#advance(size)
    }
  }
}
