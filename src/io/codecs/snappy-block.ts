/**
 * Looks through one raw snappy block without decompressing it. The pure decoder trusts its input (a made-up literal
 * length makes it run in circles), so snappy-codec.ts asks here first.
 *
 *   uncompressed size: unsigned varint | elements: a tag byte, whose low two bits say
 *   00 literal, length - 1 in the tag's upper six bits or, from 60 on, in 1 to 4 bytes after it; then the bytes
 *   01 copy of 4 to 11 bytes, offset of 11 bits | 10 copy of 1 to 64, offset of 16 bits | 11 the same, offset of 32 bits
 */

/** A copy of 64 bytes takes 3: nothing shrinks more. */
const ratioMax = 22

/** The size that `block` declares, or -1 when it declares none or one that so few bytes cannot become. */
export function declaredSnappySize(block: Buffer): number {
  let size = 0
  let scale = 1
  for (let at = 0; at < 5 && at < block.length; at++) {
    const byte = block[at]!
    size += (byte & 0x7f) * scale
    if (byte < 0x80) return size > 0xffff_ffff || size > block.length * ratioMax ? -1 : size
    scale *= 128
  }
  return -1
}

/** True when every element is inside the block, copies only what came before it, and all together make `size` bytes. */
export function isSnappyBlockSound(block: Buffer, size: number): boolean {
  let at = 0
  while (block[at]! >= 0x80) at++
  at++
  let made = 0
  while (at < block.length) {
    const tag = block[at]!
    const isLiteral = (tag & 3) === 0
    const extraSize = isLiteral ? Math.max((tag >> 2) - 59, 0) : (tag & 3) === 3 ? 4 : tag & 3
    if (at + 1 + extraSize > block.length) return false
    if (isLiteral) {
      const length = 1 + (extraSize === 0 ? tag >> 2 : block.readUIntLE(at + 1, extraSize))
      at += 1 + extraSize + length
      made += length
      if (at > block.length) return false
    } else {
      const offset = (tag & 3) === 1 ? ((tag >> 5) << 8) | block[at + 1]! : block.readUIntLE(at + 1, extraSize)
      if (offset === 0 || offset > made) return false
      made += (tag & 3) === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2)
      at += 1 + extraSize
    }
    if (made > size) return false
  }
  return made === size
}
