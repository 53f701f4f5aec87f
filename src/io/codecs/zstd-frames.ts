/**
 * Walks zstd frames (RFC 8878) without decompressing them: says at most how much comes out, because not every decoder
 * takes a limit, and whether the last frame is complete, because not every decoder minds. zstd-codec.ts asks here first.
 *
 *   28 b5 2f fd | descriptor | [window] | [dictionary id, 1 2 4] | [content size, 1 2 4 8]
 *   for each block, 3 bytes little endian: last (1 bit), type (2 bits), size (21 bits) | content | [checksum, 4 bytes]
 *   5x 2a 4d 18 | size, 4 bytes little endian | a skippable frame's content
 */
import { corrupt } from './codec.ts'

const frameMagic = 0xfd2fb528
const skippableMagic = 0x184d2a50
const blockSizeMax = 128 * 1024
const rawBlock = 0
const rleBlock = 1
const compressedBlock = 2

export interface ZstdNeeds {
  /** At most so many bytes come out; exact but for compressed blocks, which count as full. */
  readonly sizeMax: number
  /** The largest window of all frames: the memory, in bytes, that a decoder keeps. */
  readonly windowSizeMax: number
  /** Where each frame starts and ends (exclusive), skippable ones left out. */
  readonly frames: readonly { readonly start: number; readonly end: number }[]
}

/** Throws `corrupt`. */
export function inspectZstd(bytes: Buffer): ZstdNeeds {
  let sizeMax = 0
  let windowSizeMax = 0
  const frames: { start: number; end: number }[] = []
  for (let at = 0; at < bytes.length; ) {
    if (at + 5 > bytes.length) throw corrupt('zstd: a frame is cut off')
    const magic = bytes.readUInt32LE(at)
    if ((magic & 0xfffffff0) >>> 0 === skippableMagic) {
      at += 8 + (at + 8 <= bytes.length ? bytes.readUInt32LE(at + 4) : Number.POSITIVE_INFINITY)
      if (at > bytes.length) throw corrupt('zstd: a frame is cut off')
      continue
    }
    if (magic !== frameMagic) throw corrupt('zstd: not a frame')
    const start = at
    const descriptor = bytes[at + 4]!
    const window = windowSize(bytes, at)
    windowSizeMax = Math.max(windowSizeMax, window)
    const fullBlockSize = Math.min(window, blockSizeMax)
    at += headerSize(descriptor)
    let isLast = false
    while (!isLast) {
      if (at + 3 > bytes.length) throw corrupt('zstd: a block is cut off')
      const header = bytes.readUIntLE(at, 3)
      isLast = (header & 1) === 1
      const type = (header >> 1) & 3
      const size = header >> 3
      if (type > compressedBlock) throw corrupt('zstd: a block of no known type')
      sizeMax += type === compressedBlock ? fullBlockSize : size
      at += 3 + (type === rleBlock ? 1 : size)
      if (type === rawBlock && size > blockSizeMax) throw corrupt('zstd: a block too large')
    }
    if ((descriptor & 4) !== 0) at += 4
    if (at > bytes.length) throw corrupt('zstd: a frame is cut off')
    frames.push({ start, end: at })
  }
  return { sizeMax, windowSizeMax, frames }
}

/** Magic to content size. */
function headerSize(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0
  const dictionaryIdSize = [0, 1, 2, 4][descriptor & 3]!
  return 5 + (isSingleSegment ? 0 : 1) + dictionaryIdSize + contentSizeSize(descriptor)
}

function contentSizeSize(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0
  return [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!
}

/** What a block may reach back, and so its largest size. */
function windowSize(bytes: Buffer, frame: number): number {
  const descriptor = bytes[frame + 4]!
  const end = frame + headerSize(descriptor)
  if (end > bytes.length) throw corrupt('zstd: a frame is cut off')
  if ((descriptor & 0x20) === 0) {
    const window = bytes[frame + 5]!
    const base = 2 ** (10 + (window >> 3))
    return base + (base / 8) * (window & 7)
  }
  const size = contentSizeSize(descriptor)
  if (size === 8) return bytes.readUInt32LE(end - 4) * 2 ** 32 + bytes.readUInt32LE(end - 8)
  return bytes.readUIntLE(end - size, size) + (size === 2 ? 256 : 0)
}
