/**
 * The zigzag varints of records: 32-bit ones for lengths and offset deltas, 64-bit ones for timestamp deltas. The record
 * cursor reads them and the record writer writes them. Writers promise that `sizeOf...` is exactly what they write;
 * readers that they never look past `end`.
 */

const two28 = 0x1000_0000
const two56 = two28 * two28
const uint64Mask = 0xffff_ffff_ffff_ffffn

/** Bytes that `writeVarint` takes for a 32-bit integer. */
export function sizeOfVarint(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x20_0000) return 3
  return zigzag < 0x1000_0000 ? 4 : 5
}

/** Returns the position after it. */
export function writeVarint(bytes: Buffer, value: number, position: number): number {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  let at = position
  while (zigzag >= 0x80) {
    bytes[at++] = (zigzag & 0x7f) | 0x80
    zigzag >>>= 7
  }
  bytes[at++] = zigzag
  return at
}

/** Bytes that `writeVarlong` takes for a 64-bit integer. */
export function sizeOfVarlong(value: number | bigint): number {
  if (typeof value === 'number' && value >= -0x4000_0000 && value < 0x4000_0000) return sizeOfVarint(value)
  let size = 1
  for (let zigzag = zigzagOf(value) >> 7n; zigzag > 0n; zigzag >>= 7n) size++
  return size
}

/** `value` is a safe integer or a bigint of 64 bits. Returns the position after it. */
export function writeVarlong(bytes: Buffer, value: number | bigint, position: number): number {
  if (typeof value === 'number' && value >= -0x4000_0000 && value < 0x4000_0000) {
    return writeVarint(bytes, value, position)
  }
  let zigzag = zigzagOf(value)
  let at = position
  while (zigzag >= 0x80n) {
    bytes[at++] = Number(zigzag & 0x7fn) | 0x80
    zigzag >>= 7n
  }
  bytes[at++] = Number(zigzag)
  return at
}

function zigzagOf(value: number | bigint): bigint {
  const exact = BigInt(value)
  return ((exact << 1n) ^ (exact >> 63n)) & uint64Mask
}

/** Reads varints one after another; a malformed one turns `isMalformed` on for good, so that a caller may check once for several. */
export class VarintReader {
  bytes: Buffer = emptyBytes
  position = 0
  end = 0
  isMalformed = false

  reset(bytes: Buffer, position: number, end: number): void {
    this.bytes = bytes
    this.position = position
    this.end = end
    this.isMalformed = false
  }

  /** A 32-bit integer in one to five bytes. */
  varint(): number {
    const { bytes, end } = this
    let at = this.position
    let zigzag = 0
    for (let shift = 0; shift < 35 && at < end; shift += 7) {
      const byte = bytes[at++]!
      zigzag |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.position = at
        return (zigzag >>> 1) ^ -(zigzag & 1)
      }
    }
    this.isMalformed = true
    return 0
  }

  /** A 64-bit integer in one to ten bytes: exact in the safe range, the nearest double beyond. */
  varlong(): number {
    const { bytes, end } = this
    let at = this.position
    let low = 0
    let middle = 0
    let high = 0
    for (let shift = 0; shift < 70 && at < end; shift += 7) {
      const byte = bytes[at++]!
      if (shift < 28) low |= (byte & 0x7f) << shift
      else if (shift < 56) middle |= (byte & 0x7f) << (shift - 28)
      else high |= (byte & 0x7f) << (shift - 56)
      if (byte < 0x80) {
        this.position = at
        return unzigzag(low, middle, high & 0xff)
      }
    }
    this.isMalformed = true
    return 0
  }

  /** The same, exact. */
  varlongExact(): bigint {
    let zigzag = 0n
    for (let shift = 0n; shift < 70n && this.position < this.end; shift += 7n) {
      const byte = this.bytes[this.position++]!
      zigzag |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        const value = zigzag & uint64Mask
        return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n))
      }
    }
    this.isMalformed = true
    return 0n
  }
}

const emptyBytes = Buffer.alloc(0)

/** From the 64 bits in pieces of 28, 28 and 8. */
function unzigzag(low: number, middle: number, high: number): number {
  if (middle === 0 && high === 0) return (low >>> 1) ^ -(low & 1)
  const half = high * (two56 / 2) + middle * (two28 / 2) + (low >>> 1)
  return (low & 1) === 0 ? half : -half - 1
}
