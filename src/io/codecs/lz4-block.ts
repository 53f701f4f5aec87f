/**
 * Looks through one LZ4 block without decompressing it: the pure decoder trusts its input, and the native one wants to
 * know how much room to take. lz4-codec.ts asks here first.
 *
 *   sequences: token (literals count << 4 | match length - 4) | more of the count while 255 | literals
 *              | match offset, 16 bits little endian | more of the length while 255
 *   The last sequence ends after its literals.
 */

/** The bytes that the block at `start` to `end` (exclusive) becomes, or -1 when it is not sound. */
export function lz4BlockSize(bytes: Buffer, start: number, end: number): number {
  let at = start
  let made = 0
  while (at < end) {
    const token = bytes[at++]!
    let literals = token >> 4
    if (literals === 15) {
      let more = 255
      while (more === 255) {
        if (at >= end) return -1
        more = bytes[at++]!
        literals += more
      }
    }
    at += literals
    made += literals
    if (at === end) return made
    if (at + 2 > end) return -1
    const offset = bytes[at]! | (bytes[at + 1]! << 8)
    at += 2
    if (offset === 0 || offset > made) return -1
    let length = token & 15
    if (length === 15) {
      let more = 255
      while (more === 255) {
        if (at >= end) return -1
        more = bytes[at++]!
        length += more
      }
    }
    made += length + 4
  }
  return -1
}
