/**
 * Writes the protocol's primitives. Only compiled encoders use it. The bytes go into one scratch buffer that is kept
 * between messages and copied out at the end; large `bytes` and `records` are not copied but handed on by reference as
 * chunks of their own, so who gives them must not change them until the frame is on the wire. There is one writer for
 * the process, for encoding never waits.
 *
 *   scratch   [ copied already | fields since the last large one        | free ]
 *                               ^ chunkStart                             ^ position
 *   chunks    [ Buffer, large Buffer, Buffer, region, ... ]
 */
import { AssertionError, assert } from '../base/assert.ts'
import { limits } from '../base/limits.ts'
import { KafkaError } from './errors.ts'
import { writeUuidBytes } from './interned.ts'
import type { Chunk, RecordsRegion } from './records-region.ts'

const scratchSizeInitial = 16 * 1024
/** A scratch buffer that grew beyond this is not kept. */
const scratchSizeKept = 1024 * 1024
/** Bytes from which a field is passed by reference. */
const referenceSizeMin = 1024
/** Strings up to this length are written here when they are ASCII; longer ones natively. */
const asciiLengthMax = 60
const int64Max = 2 ** 63

export interface Encoded {
  /** What goes on the wire, in order. */
  readonly chunks: readonly Chunk[]
  /** All bytes of the chunks. */
  readonly sizeInBytes: number
}

export class Writer {
  #buffer = Buffer.allocUnsafeSlow(scratchSizeInitial)
  #position = 0
  #chunkStart = 0
  #chunks: Chunk[] = []
  #chunksSize = 0
  #tagDepth = 0
  #byReference = false
  #name = ''
  #version = 0

  /** Begins with `name` of `version`. `byReference` allows large fields to become chunks of their own. */
  start(name: string, version: number, byReference: boolean): void {
    this.#position = 0
    this.#chunkStart = 0
    this.#chunksSize = 0
    this.#tagDepth = 0
    this.#byReference = byReference
    this.#name = name
    this.#version = version
    if (this.#chunks.length > 0) this.#chunks = []
  }

  finish(): Encoded {
    this.#cut()
    const encoded = { chunks: this.#chunks, sizeInBytes: this.#chunksSize }
    this.#chunks = []
    if (this.#buffer.length > scratchSizeKept) this.#buffer = Buffer.allocUnsafeSlow(scratchSizeInitial)
    return encoded
  }

  /** Closes the chunk at hand. */
  #cut(): void {
    const size = this.#position - this.#chunkStart
    if (size === 0) return
    const chunk = Buffer.allocUnsafe(size)
    this.#buffer.copy(chunk, 0, this.#chunkStart, this.#position)
    this.#chunks.push(chunk)
    this.#chunksSize += size
    this.#chunkStart = this.#position
  }

  #reserve(size: number): number {
    const position = this.#position
    if (position + size > this.#buffer.length) this.#grow(position + size)
    this.#position = position + size
    return position
  }

  #grow(size: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(size, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#position)
    this.#buffer = grown
  }

  #where(): string {
    return `${this.#name} version ${this.#version}`
  }

  #outOfRange(type: string, value: unknown): never {
    throw new AssertionError(`${this.#where()}: ${String(value)} is no ${type}`)
  }

  nullField(field: string): never {
    throw new AssertionError(`${this.#where()}: ${field} may not be null`)
  }

  /** A field is set that this version cannot carry and that may not be left out. */
  unsupportedField(field: string): never {
    throw new KafkaError('UNSUPPORTED_VERSION', `${this.#where()} has no ${field}`)
  }

  bool(value: boolean): void {
    const at = this.#reserve(1)
    this.#buffer[at] = value ? 1 : 0
  }

  int8(value: number): void {
    if (value !== (value << 24) >> 24) this.#outOfRange('int8', value)
    const at = this.#reserve(1)
    this.#buffer[at] = value
  }

  int16(value: number): void {
    if (value !== (value << 16) >> 16) this.#outOfRange('int16', value)
    const at = this.#reserve(2)
    this.#buffer[at] = value >> 8
    this.#buffer[at + 1] = value
  }

  uint16(value: number): void {
    if (value !== (value & 0xffff)) this.#outOfRange('uint16', value)
    const at = this.#reserve(2)
    this.#buffer[at] = value >> 8
    this.#buffer[at + 1] = value
  }

  int32(value: number): void {
    if (value !== (value | 0)) this.#outOfRange('int32', value)
    this.#word(this.#reserve(4), value)
  }

  uint32(value: number): void {
    if (value !== value >>> 0) this.#outOfRange('uint32', value)
    this.#word(this.#reserve(4), value)
  }

  #word(at: number, value: number): void {
    const buffer = this.#buffer
    buffer[at] = value >> 24
    buffer[at + 1] = value >> 16
    buffer[at + 2] = value >> 8
    buffer[at + 3] = value
  }

  int64(value: bigint): void {
    const at = this.#reserve(8)
    this.#buffer.writeBigInt64BE(value, at)
  }

  int64Number(value: number): void {
    const high = Math.floor(value / 0x100000000)
    const low = value - high * 0x100000000
    if (low !== low >>> 0) this.#outOfRange('int64', value)
    const at = this.#reserve(8)
    if (high === (high | 0)) {
      this.#word(at, high)
      this.#word(at + 4, low)
    } else {
      // Beyond 64 bits, and 2^63 itself, which is what the largest value decodes to.
      this.#buffer.writeBigInt64BE(value >= int64Max ? 2n ** 63n - 1n : -(2n ** 63n), at)
    }
  }

  float64(value: number): void {
    const at = this.#reserve(8)
    this.#buffer.writeDoubleBE(value, at)
  }

  uuid(value: string): void {
    const at = this.#reserve(16)
    if (!writeUuidBytes(this.#buffer, value, at)) this.#outOfRange('uuid', value)
  }

  unsignedVarint(value: number): void {
    let rest = value
    while (rest > 0x7f) {
      const at = this.#reserve(1)
      this.#buffer[at] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    const at = this.#reserve(1)
    this.#buffer[at] = rest
  }

  nullLength(): void {
    this.int32(-1)
  }

  string(value: string): void {
    if (this.#asciiString(value, 2)) return
    const size = this.#stringSize(value)
    this.int16(size)
    this.#utf8(value, size)
  }

  compactString(value: string): void {
    if (this.#asciiString(value, 1)) return
    const size = this.#stringSize(value)
    this.unsignedVarint(size + 1)
    this.#utf8(value, size)
  }

  #stringSize(value: string): number {
    const size = Buffer.byteLength(value)
    if (size > limits.maxStringSize) this.#outOfRange('string', `one of ${size} bytes`)
    return size
  }

  #utf8(value: string, size: number): void {
    const at = this.#reserve(size)
    this.#buffer.write(value, at, size, 'utf8')
  }

  /** Writes a short ASCII string behind a length of `prefixSize` bytes; writes nothing when it is not one. */
  #asciiString(value: string, prefixSize: number): boolean {
    const length = value.length
    if (length > asciiLengthMax) return false
    const start = this.#reserve(prefixSize + length)
    const buffer = this.#buffer
    let at = start + prefixSize
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index)
      if (code > 0x7f) {
        this.#position = start
        return false
      }
      buffer[at++] = code
    }
    if (prefixSize === 1) {
      buffer[start] = length + 1
    } else {
      buffer[start] = 0
      buffer[start + 1] = length
    }
    return true
  }

  bytes(value: Buffer): void {
    this.int32(value.length)
    this.#contents(value)
  }

  compactBytes(value: Buffer): void {
    this.unsignedVarint(value.length + 1)
    this.#contents(value)
  }

  records(value: Buffer | RecordsRegion): void {
    if (Buffer.isBuffer(value)) {
      this.bytes(value)
    } else {
      this.int32(value.sizeInBytes)
      this.#region(value)
    }
  }

  compactRecords(value: Buffer | RecordsRegion): void {
    if (Buffer.isBuffer(value)) {
      this.compactBytes(value)
    } else {
      this.unsignedVarint(value.sizeInBytes + 1)
      this.#region(value)
    }
  }

  #contents(value: Buffer): void {
    if (value.length >= referenceSizeMin && this.#byReference && this.#tagDepth === 0) {
      this.#cut()
      this.#chunks.push(value)
      this.#chunksSize += value.length
    } else {
      const at = this.#reserve(value.length)
      value.copy(this.#buffer, at)
    }
  }

  #region(region: RecordsRegion): void {
    assert(this.#byReference && this.#tagDepth === 0, `${this.#where()}: a region where bytes are needed`)
    if (region.sizeInBytes === 0) return
    this.#cut()
    this.#chunks.push(region)
    this.#chunksSize += region.sizeInBytes
  }

  /** Leaves room for the size of a tagged field; give the result to `closeTag` when the field is written. */
  openTag(tag: number): number {
    this.unsignedVarint(tag)
    this.#tagDepth++
    return this.#reserve(1)
  }

  closeTag(mark: number): void {
    this.#tagDepth--
    const size = this.#position - mark - 1
    if (size > 0x7f) {
      // The size needs more than the one byte that was left for it: move the field.
      let sizeOfSize = 1
      for (let rest = size; rest > 0x7f; rest >>>= 7) sizeOfSize++
      this.#reserve(sizeOfSize - 1)
      this.#buffer.copyWithin(mark + sizeOfSize, mark + 1, mark + 1 + size)
    }
    const end = this.#position
    this.#position = mark
    this.unsignedVarint(size)
    this.#position = end
  }
}
