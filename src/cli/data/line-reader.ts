/**
 * A record from a line as kafka-console-producer reads it: headers, key and value between separators that properties
 * name. It works on Latin-1 text, so that bytes which are no UTF-8 stay what they are.
 */
import type { ProducedRecord } from '../../client/pending-batch.ts'
import type { RecordHeader } from '../../protocol/record/record.ts'
import { OperatorError } from '../operator-error.ts'
import type { Settings } from './client-settings.ts'

/** Properties of the reader, apart from `topic`. */
export const readerProperties = [
  'parse.key',
  'key.separator',
  'parse.headers',
  'headers.delimiter',
  'headers.separator',
  'headers.key.separator',
  'ignore.error',
  'null.marker',
] as const

export class LineReader {
  readonly #parsesKey: boolean
  readonly #parsesHeaders: boolean
  readonly #ignoresErrors: boolean
  readonly #keySeparator: string
  readonly #headersDelimiter: string
  readonly #headersSeparator: string
  readonly #headerKeySeparator: string
  readonly #nullMarker: string | undefined

  /** Throws OperatorError when two separators are the same. */
  constructor(properties: Settings) {
    const text = (name: (typeof readerProperties)[number], byDefault: string): string =>
      latin1(properties.get(name) ?? byDefault)
    const isTrue = (name: (typeof readerProperties)[number]): boolean =>
      properties.get(name)?.trim().toLowerCase() === 'true'
    this.#parsesKey = isTrue('parse.key')
    this.#parsesHeaders = isTrue('parse.headers')
    this.#ignoresErrors = isTrue('ignore.error')
    this.#keySeparator = text('key.separator', '\t')
    this.#headersDelimiter = text('headers.delimiter', '\t')
    this.#headersSeparator = text('headers.separator', ',')
    this.#headerKeySeparator = text('headers.key.separator', ':')
    const marker = properties.get('null.marker')
    this.#nullMarker = marker === undefined ? undefined : latin1(marker)
    this.#refuseEqual()
  }

  /** Throws OperatorError for a line without a separator that must be there. */
  read(line: Buffer, lineNumber: number): ProducedRecord {
    if (!this.#parsesKey && !this.#parsesHeaders && this.#nullMarker === undefined) return { key: null, value: line }
    let rest = line.toString('latin1')
    let headers: string | undefined
    let key: string | undefined
    if (this.#parsesHeaders)
      [headers, rest] = this.#cut(rest, this.#headersDelimiter, 'headers delimiter', line, lineNumber)
    if (this.#parsesKey) [key, rest] = this.#cut(rest, this.#keySeparator, 'key separator', line, lineNumber)
    return {
      key: key === undefined ? null : this.#bytes(key),
      value: this.#bytes(rest),
      ...(headers === undefined || headers === this.#nullMarker ? {} : { headers: this.#headers(headers, lineNumber) }),
    }
  }

  #cut(
    text: string,
    separator: string,
    name: string,
    line: Buffer,
    lineNumber: number,
  ): [found: string | undefined, rest: string] {
    const at = text.indexOf(separator)
    if (at >= 0) return [text.slice(0, at), text.slice(at + separator.length)]
    if (this.#ignoresErrors) return [undefined, text]
    throw new OperatorError(`No ${name} found on line number ${lineNumber}: '${line}'`)
  }

  #headers(text: string, lineNumber: number): RecordHeader[] {
    const pairs = text.split(this.#headersSeparator)
    // As Java's split: empty ones at the end do not count, unless there is nothing else.
    while (pairs.length > 1 && pairs.at(-1) === '') pairs.pop()
    return pairs.map((pair) => {
      const at = pair.indexOf(this.#headerKeySeparator)
      if (at < 0 && this.#ignoresErrors) return { key: utf8(pair), value: null }
      if (at < 0)
        throw new OperatorError(`No header key separator found in pair '${utf8(pair)}' on line number ${lineNumber}`)
      const key = pair.slice(0, at)
      if (key === this.#nullMarker)
        throw new OperatorError(
          `Header keys should not be equal to the null marker '${utf8(key)}' as they can't be null`,
        )
      return { key: utf8(key), value: this.#bytes(pair.slice(at + this.#headerKeySeparator.length)) }
    })
  }

  #bytes(text: string): Buffer | null {
    return text === this.#nullMarker ? null : Buffer.from(text, 'latin1')
  }

  #refuseEqual(): void {
    const named = [
      ['headers.delimiter', this.#headersDelimiter],
      ['headers.separator', this.#headersSeparator],
      ['headers.key.separator', this.#headerKeySeparator],
    ] as const
    for (const [index, [name, value]] of named.entries())
      for (const [otherName, other] of named.slice(index + 1))
        if (value === other) throw new OperatorError(`${name} and ${otherName} may not be equal`)
    for (const [name, value] of [['key.separator', this.#keySeparator] as const, ...named])
      if (value === this.#nullMarker) throw new OperatorError(`null.marker and ${name} may not be equal`)
  }
}

/** The bytes of `text` in UTF-8, one character each. */
function latin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}

function utf8(text: string): string {
  return Buffer.from(text, 'latin1').toString()
}
