/**
 * Short names come again and again: topics, members, client ids, topic ids. Making a JavaScript string of bytes by the
 * native decoder costs more than comparing the bytes with the string that the same bytes gave last time, and the same
 * string object makes Map look-ups cheaper, for its hash is known. So the reader keeps the last string per hash slot.
 * The memory is bounded by the slots; who floods them with new names only loses the gain.
 */
import { zeroUuid } from '../base/uuid.ts'

const slotCount = 2048
/** Longer strings are decoded natively at once. */
const internedSizeMax = 64

const strings = new Array<string>(slotCount).fill('')
const uuids = new Array<string>(slotCount).fill(zeroUuid)
const uuidWords = new Int32Array(slotCount * 4)

/** The UTF-8 string of `size` bytes at `start`; ill-formed bytes become U+FFFD, as in Kafka. */
export function internString(bytes: Buffer, start: number, size: number): string {
  if (size > internedSizeMax) return bytes.toString('utf8', start, start + size)
  const end = start + size
  let hash = size
  for (let index = start; index < end; index++) {
    const byte = bytes[index]!
    if (byte > 0x7f) return bytes.toString('utf8', start, end)
    hash = Math.imul(hash ^ byte, 0x01000193)
  }
  const slot = (hash ^ (hash >>> 15)) & (slotCount - 1)
  const candidate = strings[slot]!
  if (candidate.length === size && equals(candidate, bytes, start)) return candidate
  const fresh = bytes.toString('latin1', start, end)
  strings[slot] = fresh
  return fresh
}

function equals(text: string, bytes: Buffer, start: number): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false
  }
  return true
}

function word(bytes: Buffer, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

/** The text of the 16 bytes at `start`, as base/uuid.ts writes it. */
export function internUuid(bytes: Buffer, start: number): string {
  const first = word(bytes, start)
  const second = word(bytes, start + 4)
  const third = word(bytes, start + 8)
  const fourth = word(bytes, start + 12)
  if ((first | second | third | fourth) === 0) return zeroUuid
  const hash = Math.imul(first ^ second ^ third ^ fourth, 0x01000193)
  const slot = (hash ^ (hash >>> 15)) & (slotCount - 1)
  const at = slot * 4
  if (
    uuidWords[at] === first &&
    uuidWords[at + 1] === second &&
    uuidWords[at + 2] === third &&
    uuidWords[at + 3] === fourth
  ) {
    return uuids[slot]!
  }
  const fresh = bytes.toString('base64url', start, start + 16)
  uuidWords[at] = first
  uuidWords[at + 1] = second
  uuidWords[at + 2] = third
  uuidWords[at + 3] = fourth
  uuids[slot] = fresh
  return fresh
}

// The six bits of each character of base64url; 255 for the others.
const sixBits = new Uint8Array(128).fill(255)
for (const [bits, letter] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].entries()) {
  sixBits[letter.charCodeAt(0)] = bits
}

/** Writes the 16 bytes of `uuid` at `at`; false when the text is none. The last character gives two bits, the rest of it is ignored. */
export function writeUuidBytes(bytes: Buffer, uuid: string, at: number): boolean {
  if (uuid.length !== 22) return false
  let invalid = 0
  let out = at
  for (let index = 0; index < 20; index += 4) {
    const one = sixBits[uuid.charCodeAt(index)] ?? 255
    const two = sixBits[uuid.charCodeAt(index + 1)] ?? 255
    const three = sixBits[uuid.charCodeAt(index + 2)] ?? 255
    const four = sixBits[uuid.charCodeAt(index + 3)] ?? 255
    invalid |= one | two | three | four
    bytes[out++] = (one << 2) | (two >> 4)
    bytes[out++] = (two << 4) | (three >> 2)
    bytes[out++] = (three << 6) | four
  }
  const one = sixBits[uuid.charCodeAt(20)] ?? 255
  const two = sixBits[uuid.charCodeAt(21)] ?? 255
  bytes[out] = (one << 2) | (two >> 4)
  return ((invalid | one | two) & 0xc0) === 0
}
