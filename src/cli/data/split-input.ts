/**
 * Cuts a stream of bytes at a delimiter, or into lines as Java's readLine does (\n, \r\n, \r). What is between two cuts
 * may be as long as the limit says, so that a file without any delimiter does not fill the memory.
 */
import { OperatorError } from '../operator-error.ts'

const newline = 0x0a
const carriageReturn = 0x0d

/** Longer than any record that a broker takes. */
const partSizeMax = 256 * 1024 * 1024

/** What was cut out of one chunk, in order; the last part comes alone, unless it is empty. */
export async function* splitInput(
  input: AsyncIterable<Buffer | string>,
  delimiter: Buffer | 'lines',
  limitBytes = partSizeMax,
): AsyncGenerator<readonly Buffer[]> {
  const cut = delimiter === 'lines' ? cutLines : cutAt(delimiter)
  // Chunks of a part that is not whole yet.
  let rest: Buffer[] = []
  let restSize = 0
  let searchFrom = 0
  const lastBytes = delimiter === 'lines' ? [newline, carriageReturn] : [delimiter.at(-1)!]
  for await (const chunk of input) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    rest.push(bytes)
    restSize += bytes.length
    if (restSize > limitBytes)
      throw new OperatorError(`the input has more than ${limitBytes} bytes without a delimiter`)
    // A long part is joined again only when it may have come to its end.
    if (rest.length > 1 && !lastBytes.some((byte) => bytes.includes(byte)) && rest[0]!.at(-1) !== carriageReturn)
      continue
    const joined = rest.length === 1 ? bytes : Buffer.concat(rest)
    const { parts, end } = cut(joined, searchFrom)
    const tail = joined.subarray(end)
    rest = tail.length === 0 ? [] : [tail]
    restSize = tail.length
    searchFrom = delimiter === 'lines' ? 0 : Math.max(0, tail.length - delimiter.length + 1)
    if (parts.length > 0) yield parts
  }
  if (restSize === 0) return
  const last = Buffer.concat(rest)
  yield [delimiter === 'lines' && last.at(-1) === carriageReturn ? last.subarray(0, -1) : last]
}

interface Cuts {
  readonly parts: Buffer[]
  /** Where the part begins that is not whole. */
  readonly end: number
}

function cutAt(delimiter: Buffer): (bytes: Buffer, searchFrom: number) => Cuts {
  return (bytes, searchFrom) => {
    const parts: Buffer[] = []
    let start = 0
    for (let at = bytes.indexOf(delimiter, searchFrom); at >= 0; at = bytes.indexOf(delimiter, start)) {
      parts.push(bytes.subarray(start, at))
      start = at + delimiter.length
    }
    return { parts, end: start }
  }
}

/** A carriage return at the end waits for what follows it. */
function cutLines(bytes: Buffer): Cuts {
  const parts: Buffer[] = []
  const hasReturns = bytes.includes(carriageReturn)
  let start = 0
  while (start < bytes.length) {
    const feed = bytes.indexOf(newline, start)
    const back = hasReturns ? bytes.indexOf(carriageReturn, start) : -1
    const at = back >= 0 && (feed < 0 || back < feed) ? back : feed
    if (at < 0 || (at === back && at === bytes.length - 1)) break
    parts.push(bytes.subarray(start, at))
    start = at + (at === back && bytes[at + 1] === newline ? 2 : 1)
  }
  return { parts, end: start }
}
