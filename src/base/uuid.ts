/**
 * Kafka's UUIDs in Kafka's own text form: 22 characters of unpadded base64url. As a string it is a Map key, compares with
 * === and prints as the tools print it.
 */
import type { Random } from './random.ts'

export type Uuid = string

/** All zero: "no id". */
export const zeroUuid: Uuid = 'AAAAAAAAAAAAAAAAAAAAAA'
/** The id of `__cluster_metadata`. */
export const metadataTopicId: Uuid = 'AAAAAAAAAAAAAAAAAAAAAQ'

/** Reads the 16 bytes at `offset`. */
export function uuidFromBytes(bytes: Buffer, offset = 0): Uuid {
  return bytes.toString('base64url', offset, offset + 16)
}

/** Writes the 16 bytes of `uuid` at `offset`; the text must be 22 characters of base64url. */
export function writeUuid(bytes: Buffer, uuid: Uuid, offset: number): void {
  bytes.write(uuid, offset, 16, 'base64url')
}

export function isUuid(text: string): boolean {
  return /^[A-Za-z0-9_-]{21}[AQgw]$/.test(text)
}

/** A random version 4 UUID. Like Kafka's, it never starts with a dash (it would look like an option to a tool) and is not reserved. */
export function randomUuid(random: Random): Uuid {
  for (;;) {
    const bytes = random.bytes(16)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const uuid = uuidFromBytes(bytes)
    if (!uuid.startsWith('-')) return uuid
  }
}
