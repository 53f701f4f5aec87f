/**
 * Timestamps come from clients and may be any int64; the log compares and sums them up as numbers, nearest double beyond
 * 2^53. Written back, such a number must not wrap around: it stops at the end of the range.
 */
import { writeLong } from '../protocol/record/batch-header.ts'

const longMax = 2n ** 63n - 1n
const longMin = -(2n ** 63n)

/** Writes an int64 at `position`; `value` is an integer or infinite. */
export function writeLongSaturated(bytes: Buffer, value: number, position: number): void {
  if (Number.isSafeInteger(value)) writeLong(bytes, value, position)
  else if (value >= 2 ** 63) bytes.writeBigInt64BE(longMax, position)
  else if (value <= -(2 ** 63)) bytes.writeBigInt64BE(longMin, position)
  else bytes.writeBigInt64BE(BigInt(value), position)
}
