/**
 * A record from a line of JSON: an object with the fields that `ottla consume --format json` and kcat's -J print. Key,
 * payload, headers and time are taken; where the record was before (topic, partition, offset) is not.
 */
import type { ProducedRecord } from '../../client/pending-batch.ts'
import type { RecordHeader } from '../../protocol/record/record.ts'
import { OperatorError } from '../operator-error.ts'

/** `keyWithout` is the key of an object that has none. Throws OperatorError. */
export function recordOfJson(line: Buffer, lineNumber: number, keyWithout: Buffer | null): ProducedRecord {
  let fields: Record<string, unknown>
  try {
    const parsed: unknown = JSON.parse(line.toString())
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Error('it is no object')
    fields = parsed as Record<string, unknown>
  } catch (error) {
    throw new OperatorError(`line ${lineNumber} is no JSON object: ${(error as Error).message}`)
  }
  const { key, payload, value = payload, headers = [], ts } = fields
  if (ts !== undefined && !(Number.isSafeInteger(ts) && (ts as number) >= -1))
    throw new OperatorError(`line ${lineNumber}: ts is no time in milliseconds: ${JSON.stringify(ts)}`)
  return {
    key: key === undefined ? keyWithout : bytesOf(key),
    value: bytesOf(value),
    headers: headersOf(headers, lineNumber),
    ...(typeof ts === 'number' && ts >= 0 ? { timestamp: ts } : {}),
  }
}

/** Text is itself; what is no text is written as JSON. */
function bytesOf(value: unknown): Buffer | null {
  if (value === null || value === undefined) return null
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
}

/** `["name", "value", ...]`, or an object. */
function headersOf(headers: unknown, lineNumber: number): RecordHeader[] {
  if (typeof headers === 'object' && headers !== null && !Array.isArray(headers))
    return Object.entries(headers).map(([key, value]) => ({ key, value: bytesOf(value) }))
  if (
    !Array.isArray(headers) ||
    headers.length % 2 !== 0 ||
    headers.some((name, index) => index % 2 === 0 && typeof name !== 'string')
  )
    throw new OperatorError(`line ${lineNumber}: headers are an object, or a list of names and values in turn`)
  const pairs: RecordHeader[] = []
  for (let index = 0; index < headers.length; index += 2)
    pairs.push({ key: headers[index] as string, value: bytesOf(headers[index + 1]) })
  return pairs
}
