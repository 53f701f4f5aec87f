/**
 * Finds a native CRC-32C: the optional package @node-rs/crc32, where a prebuilt binary exists for this machine. node.ts
 * hands what it finds to `installCrc32c`; without one the tables of protocol/record/crc32c.ts do the same work at a
 * fifth of the speed.
 */
import { createRequire } from 'node:module'
import type { Crc32c } from '../protocol/record/crc32c.ts'

/** Undefined when the package or its binary is not there. */
export function findNativeCrc32c(): Crc32c | undefined {
  try {
    const { crc32c } = createRequire(import.meta.url)('@node-rs/crc32') as { crc32c: Crc32c }
    return crc32c(Buffer.from('123456789')) === 0xe3069283 ? (bytes) => crc32c(bytes) : undefined
  } catch {
    return undefined
  }
}
