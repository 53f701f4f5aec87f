/**
 * LZ4 in its frame format, as Kafka's version 2 batches carry it. Written: independent blocks of 64 KB, no checksums but
 * the header's. Read: any block size, block and content checksums, a content size; linked blocks are refused, as by Kafka.
 * What follows the end mark is ignored.
 *
 *   04 22 4d 18 | flags | block size code << 4 | [content size, 8 bytes] | (xxHash32 of the bytes since flags) >> 8 & 255
 *   for each block: size, 32 bits little endian, top bit: not compressed | bytes | [xxHash32 of them]
 *   0, 32 bits | [xxHash32 of the content]
 *
 *   flags: version = 1 (2 bits) | independent blocks | block checksums | content size | content checksum | 0 | dictionary
 */
import { type Codec, corrupt, decodeOrRefuse, tooLarge } from './codec.ts'
import { lz4BlockSize } from './lz4-block.ts'
import { loadOptionalPackage, loadPackage } from './optional-package.ts'

interface RawLz4 {
  /** The block, or undefined when it would not be smaller. */
  compress(bytes: Buffer): Buffer | undefined
  /** `size` is what comes out. */
  decompress(block: Buffer, size: number): Buffer
}

interface NativePackage {
  /** Both with the uncompressed size, 32 bits little endian, in front of the block. */
  compressSync(bytes: Buffer): Buffer
  uncompressSync(bytes: Buffer): Buffer
}

interface PurePackage {
  compressBlock(from: Buffer, into: Buffer, start: number, size: number, hashTable: Uint32Array): number
  decompressBlock(from: Buffer, into: Buffer, start: number, size: number, position: number): number
  compressBound(size: number): number
}

type XxHash32 = (seed: number, bytes: Buffer, start: number, size: number) => number

const frameMagic = 0x184d2204
const versionMask = 0xc0
const version = 0x40
const independentBlocksFlag = 0x20
const blockChecksumsFlag = 0x10
const contentSizeFlag = 0x08
const contentChecksumFlag = 0x04
const reservedOrDictionaryFlags = 0x03
const uncompressedBlockFlag = 0x8000_0000
const smallestBlockSizeCode = 4
const writtenBlockSize = 64 * 1024

/** By the native package lz4-napi; undefined where it is not. */
export function findNativeLz4(): Codec | undefined {
  const lz4 = loadOptionalPackage<NativePackage>('lz4-napi')
  if (lz4 === undefined) return undefined
  return new Lz4Codec({
    compress(bytes) {
      const block = lz4.compressSync(bytes).subarray(4)
      return block.length < bytes.length ? block : undefined
    },
    decompress(block, size) {
      const sized = Buffer.allocUnsafe(4 + block.length)
      sized.writeUInt32LE(size)
      block.copy(sized, 4)
      return lz4.uncompressSync(sized)
    },
  })
}

/** By the package lz4js. */
export function loadPureLz4(): Codec {
  const lz4 = loadPackage<PurePackage>('lz4js')
  const hashTable = new Uint32Array(1 << 16)
  return new Lz4Codec({
    compress(bytes) {
      const block = Buffer.allocUnsafe(lz4.compressBound(bytes.length))
      hashTable.fill(0)
      const size = lz4.compressBlock(bytes, block, 0, bytes.length, hashTable)
      return size > 0 && size < bytes.length ? block.subarray(0, size) : undefined
    },
    decompress(block, size) {
      const made = Buffer.alloc(size)
      lz4.decompressBlock(block, made, 0, block.length, 0)
      return made
    },
  })
}

class Lz4Codec implements Codec {
  readonly #raw: RawLz4
  readonly #xxHash32: XxHash32

  constructor(raw: RawLz4) {
    this.#raw = raw
    this.#xxHash32 = loadPackage<{ hash: XxHash32 }>('lz4js/xxh32.js').hash
  }

  compress(bytes: Buffer): Buffer {
    const header = Buffer.alloc(7)
    header.writeUInt32LE(frameMagic)
    header[4] = version | independentBlocksFlag
    header[5] = smallestBlockSizeCode << 4
    header[6] = this.#headerChecksum(header, 4, 2)
    const parts: Buffer[] = [header]
    for (let start = 0; start < bytes.length; start += writtenBlockSize) {
      const plain = bytes.subarray(start, start + writtenBlockSize)
      const block = this.#raw.compress(plain)
      const size = Buffer.allocUnsafe(4)
      size.writeUInt32LE(block === undefined ? plain.length + uncompressedBlockFlag : block.length)
      parts.push(size, block ?? plain)
    }
    parts.push(Buffer.alloc(4))
    return Buffer.concat(parts)
  }

  decompress(bytes: Buffer, limitBytes: number): Buffer {
    const flags = this.#checkHeader(bytes)
    const blockSizeMax = 1 << (8 + 2 * (bytes[5]! >> 4))
    const hasChecksums = (flags & blockChecksumsFlag) !== 0
    const blocks: Buffer[] = []
    let size = 0
    let at = (flags & contentSizeFlag) === 0 ? 7 : 15
    for (;;) {
      if (at + 4 > bytes.length) throw corrupt('lz4: no end mark')
      const mark = bytes.readUInt32LE(at)
      at += 4
      if (mark === 0) break
      const isPlain = mark >= uncompressedBlockFlag
      const end = at + (isPlain ? mark - uncompressedBlockFlag : mark)
      if (end + (hasChecksums ? 4 : 0) > bytes.length) throw corrupt('lz4: a block is cut off')
      if (hasChecksums) this.#checkBlock(bytes, at, end)
      const blockSize = isPlain ? end - at : lz4BlockSize(bytes, at, end)
      if (blockSize < 0 || blockSize > blockSizeMax) throw corrupt('lz4: unsound block')
      size += blockSize
      if (size > limitBytes) throw tooLarge(limitBytes)
      blocks.push(isPlain ? bytes.subarray(at, end) : this.#decompressBlock(bytes.subarray(at, end), blockSize))
      at = end + (hasChecksums ? 4 : 0)
    }
    const content = Buffer.concat(blocks, size)
    if ((flags & contentChecksumFlag) !== 0) this.#checkContent(bytes, at, content)
    return content
  }

  #decompressBlock(block: Buffer, size: number): Buffer {
    const made = decodeOrRefuse('lz4', () => this.#raw.decompress(block, size))
    if (made.length !== size) throw corrupt('lz4: not the size expected')
    return made
  }

  /** Returns the flags. */
  #checkHeader(bytes: Buffer): number {
    if (bytes.length < 7 || bytes.readUInt32LE(0) !== frameMagic) throw corrupt('lz4: not a frame')
    const flags = bytes[4]!
    const isSupported = (flags & versionMask) === version && (flags & reservedOrDictionaryFlags) === 0
    if (!isSupported || (flags & independentBlocksFlag) === 0) throw corrupt(`lz4: flags ${flags} are not supported`)
    const blockSizeCode = bytes[5]!
    if ((blockSizeCode & 0x8f) !== 0 || blockSizeCode >> 4 < smallestBlockSizeCode) throw corrupt('lz4: block size')
    const descriptorSize = (flags & contentSizeFlag) === 0 ? 2 : 10
    if (
      bytes.length < 5 + descriptorSize ||
      bytes[4 + descriptorSize] !== this.#headerChecksum(bytes, 4, descriptorSize)
    ) {
      throw corrupt('lz4: checksum of the header')
    }
    return flags
  }

  #headerChecksum(bytes: Buffer, start: number, size: number): number {
    return (this.#xxHash32(0, bytes, start, size) >> 8) & 0xff
  }

  #checkBlock(bytes: Buffer, start: number, end: number): void {
    if (this.#xxHash32(0, bytes, start, end - start) !== bytes.readUInt32LE(end)) {
      throw corrupt('lz4: checksum of a block')
    }
  }

  #checkContent(bytes: Buffer, at: number, content: Buffer): void {
    const isThere = at + 4 <= bytes.length
    if (!isThere || this.#xxHash32(0, content, 0, content.length) !== bytes.readUInt32LE(at)) {
      throw corrupt('lz4: checksum of the content')
    }
  }
}
