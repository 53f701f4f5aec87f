/**
 * snappy as Kafka's clients send it: raw (librdkafka, kafkajs, Go), or in the framing of the snappy-java (xerial) library,
 * which is also what is written here. A frame may follow another.
 *
 *   0x82 "SNAPPY" 0x00 | int32 version = 1 | int32 compatible version = 1 | for each block: int32 size, raw snappy
 */
import { type Codec, corrupt, decodeOrRefuse, tooLarge } from './codec.ts'
import { loadOptionalPackage, loadPackage } from './optional-package.ts'
import { declaredSnappySize, isSnappyBlockSound } from './snappy-block.ts'

interface RawSnappy {
  compress(block: Buffer): Buffer
  /** `size` is what the block declares, checked against the limit. */
  decompress(block: Buffer, size: number): Buffer
}

interface NativePackage {
  compressSync(bytes: Buffer): Buffer
  uncompressSync(bytes: Buffer, options: { asBuffer: true }): Buffer
}

interface PurePackage {
  compress(bytes: Buffer): Buffer
  uncompress(bytes: Buffer): Buffer
}

const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const xerialHeader = Buffer.concat([xerialMagic, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])])
/** snappy-java's own. */
const blockSizeMax = 32 * 1024

/** By the native package snappy; undefined where it is not. */
export function findNativeSnappy(): Codec | undefined {
  const snappy = loadOptionalPackage<NativePackage>('snappy')
  if (snappy === undefined) return undefined
  return new SnappyCodec({
    compress: (block) => snappy.compressSync(block),
    decompress: (block) => snappy.uncompressSync(block, { asBuffer: true }),
  })
}

/** By the package snappyjs. */
export function loadPureSnappy(): Codec {
  const snappy = loadPackage<PurePackage>('snappyjs')
  return new SnappyCodec({
    compress: (block) => snappy.compress(block),
    decompress(block, size) {
      if (!isSnappyBlockSound(block, size)) throw corrupt('snappy: unsound block')
      return snappy.uncompress(block)
    },
  })
}

class SnappyCodec implements Codec {
  readonly #raw: RawSnappy

  constructor(raw: RawSnappy) {
    this.#raw = raw
  }

  compress(bytes: Buffer): Buffer {
    const parts: Buffer[] = [xerialHeader]
    for (let start = 0; start < bytes.length; start += blockSizeMax) {
      const block = this.#raw.compress(bytes.subarray(start, start + blockSizeMax))
      const size = Buffer.allocUnsafe(4)
      size.writeInt32BE(block.length)
      parts.push(size, block)
    }
    return Buffer.concat(parts)
  }

  decompress(bytes: Buffer, limitBytes: number): Buffer {
    if (!isXerialHeader(bytes, 0)) return this.#decompressBlock(bytes, limitBytes, limitBytes)
    const blocks: Buffer[] = []
    let size = 0
    for (let at = 0; at < bytes.length; ) {
      if (isXerialHeader(bytes, at)) {
        at += xerialHeader.length
        continue
      }
      const end = at + 4 + (at + 4 <= bytes.length ? bytes.readUInt32BE(at) : Number.POSITIVE_INFINITY)
      if (end > bytes.length) throw corrupt('snappy: a block is cut off')
      const block = this.#decompressBlock(bytes.subarray(at + 4, end), limitBytes - size, limitBytes)
      blocks.push(block)
      size += block.length
      at = end
    }
    return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks, size)
  }

  #decompressBlock(block: Buffer, roomBytes: number, limitBytes: number): Buffer {
    const size = declaredSnappySize(block)
    if (size < 0) throw corrupt('snappy: no size, or one that cannot be')
    if (size > roomBytes) throw tooLarge(limitBytes)
    const made = decodeOrRefuse('snappy', () => this.#raw.decompress(block, size))
    if (made.length !== size) throw corrupt('snappy: not the size declared')
    return made
  }
}

function isXerialHeader(bytes: Buffer, at: number): boolean {
  if (bytes.length - at < xerialHeader.length || bytes[at] !== xerialMagic[0]) return false
  return bytes.compare(xerialMagic, 0, xerialMagic.length, at, at + xerialMagic.length) === 0
}
