/**
 * The flags of a tool with the name of one of Apache Kafka's, read as those read them (joptsimple 5): a flag may stand
 * anywhere, with one hyphen or two; its value follows or stands after `=`; what it does not know is an error; whether a
 * flag was given twice is asked only when its one value is. Values are converted when they are asked for.
 */
import { OperatorError } from '../operator-error.ts'

export interface ToolFlag {
  /** Further names; single letters stand after one hyphen. */
  readonly aliases?: readonly string[]
  /** What the value is, for the help. A flag without it takes none. */
  readonly value?: string
  /** The value may be missing. */
  readonly isValueOptional?: true
  /** All words up to the next flag are its values. */
  readonly takesSeveral?: true
  /** The command line is refused without it. */
  readonly isRequired?: true
  /** What a missing flag means, as it would be written. */
  readonly default?: string
  readonly describe: string
}

export type ToolFlags<Name extends string = string> = Readonly<Record<Name, ToolFlag>>

/** The command line is wrong. `showsHelp`: the tool's help follows the message. */
export class ToolUsageError extends OperatorError {
  override name = 'ToolUsageError'
  readonly showsHelp: boolean

  constructor(message: string, showsHelp = true) {
    super(message)
    this.showsHelp = showsHelp
  }
}

export class ToolArguments<Name extends string = string> {
  /** What is no flag and belongs to none, in order. */
  readonly words: readonly string[]
  /** Each flag as often as it was given, in order. */
  readonly sequence: readonly Name[]
  readonly #flags: ToolFlags<Name>
  readonly #values: ReadonlyMap<Name, readonly string[]>

  private constructor(
    flags: ToolFlags<Name>,
    values: ReadonlyMap<Name, readonly string[]>,
    words: readonly string[],
    sequence: readonly Name[],
  ) {
    this.#flags = flags
    this.#values = values
    this.words = words
    this.sequence = sequence
  }

  /** Throws ToolUsageError. */
  static parse<Name extends string>(flags: ToolFlags<Name>, words: readonly string[]): ToolArguments<Name> {
    const names = namesOf(flags)
    const values = new Map<Name, string[]>()
    const rest: string[] = []
    const queue = [...words]
    const sequence: Name[] = []
    const take = (name: Name, attached: string | undefined): void => {
      sequence.push(name)
      values.set(name, [...(values.get(name) ?? []), ...valuesFor(name, flags[name], attached, queue)])
    }
    for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
      if (word === '--') {
        rest.push(...queue)
        break
      }
      if (!looksLikeFlag(word)) {
        rest.push(word)
        continue
      }
      const [key, attached] = splitAtEquals(word.replace(/^--?/, ''))
      const name = names.get(key)
      if (name !== undefined) take(name, attached)
      else if (word.startsWith('--')) throw new ToolUsageError(`${key} is not a recognized option`)
      else takeCluster(word.slice(1), names, flags, take)
    }
    const isAsking = values.has('help' as Name) || values.has('version' as Name)
    const missing = [...new Set(names.values())].filter((name) => flags[name].isRequired && !values.has(name))
    if (missing.length > 0 && !isAsking) throw new ToolUsageError(`Missing required option(s) [${missing.join(', ')}]`)
    return new ToolArguments(flags, values, rest, sequence)
  }

  /** Given on the command line; a default does not count. */
  has(name: Name): boolean {
    return this.#values.has(name)
  }

  /** The one value of a flag, or its default. Throws ToolUsageError when it was given more than once. */
  text(name: Name): string | undefined {
    const given = this.#values.get(name)
    if (given !== undefined && given.length > 1)
      throw new ToolUsageError(`Found multiple arguments for option ${name}, but you asked for only one`, false)
    return given?.[0] ?? this.#flags[name].default
  }

  /** All values of a flag in their order, or its default alone. */
  texts(name: Name): readonly string[] {
    const given = this.#values.get(name)
    if (given !== undefined) return given
    const value = this.#flags[name].default
    return value === undefined ? [] : [value]
  }

  /** A whole number of 32 bits. */
  integer(name: Name): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
    if (Number.isNaN(value) || value > 0x7fffffff || value < -0x80000000) throw unparsable(name, text)
    return value
  }

  /** A whole number of 64 bits. */
  long(name: Name): bigint | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : undefined
    if (value === undefined || BigInt.asIntN(64, value) !== value) throw unparsable(name, text)
    return value
  }

  /** A number, maybe with a fraction. */
  double(name: Name): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (Number.isNaN(value)) throw unparsable(name, text)
    return value
  }

  /** `name=value` each; `name=` means an empty value. */
  pairs(name: Name): Map<string, string> {
    const pairs = new Map<string, string>()
    for (const text of this.texts(name)) {
      const [key, value] = splitAtEquals(text)
      if (value === undefined || key === '') throw new ToolUsageError(`Invalid command line properties: ${text}`, false)
      pairs.set(key, value)
    }
    return pairs
  }

  /** Throws ToolUsageError unless all of `names` were given. */
  require(...names: readonly Name[]): void {
    for (const name of names) if (!this.has(name)) throw new ToolUsageError(`Missing required argument "[${name}]"`)
  }

  /** Throws ToolUsageError when `name` stands together with one of `others`. */
  exclude(name: Name, ...others: readonly Name[]): void {
    if (!this.has(name)) return
    for (const other of others)
      if (this.has(other)) throw new ToolUsageError(`Option "[${name}]" can't be used with option "[${other}]"`)
  }
}

/** The table of a tool's flags under `summary`, in the order of the alphabet; `width` columns at most. */
export function helpOf(summary: string, flags: ToolFlags, width = 100): string {
  const sorted = Object.entries(flags).sort(([left], [right]) => (left < right ? -1 : 1))
  const rows = sorted.map(([name, flag]) => [headOf(name, flag), describe(flag)] as const)
  const column = Math.min(Math.max(...rows.map(([head]) => head.length)), 44) + 2
  const lines = rows.flatMap(([head, text]) => {
    const wrapped = wrap(text, width - column)
    if (head.length + 2 <= column) return wrapped.map((line, index) => (index === 0 ? head : '').padEnd(column) + line)
    return [head, ...wrapped.map((line) => ' '.repeat(column) + line)]
  })
  return [summary, `${'Option'.padEnd(column)}Description`, `${'------'.padEnd(column)}-----------`, ...lines].join(
    '\n',
  )
}

function headOf(name: string, flag: ToolFlag): string {
  const names = [...(flag.aliases ?? []), name].map((each) => (each.length === 1 ? `-${each}` : `--${each}`))
  if (flag.value === undefined) return names.join(', ')
  const value = flag.isValueOptional ? `[${flag.value}]` : `<${flag.value}>`
  return `${names.join(', ')} ${value}${flag.takesSeveral ? ' ...' : ''}`
}

function describe({ isRequired, describe: text, default: byDefault }: ToolFlag): string {
  return `${isRequired ? 'REQUIRED: ' : ''}${text}${byDefault === undefined ? '' : ` (default: ${byDefault})`}`
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

function namesOf<Name extends string>(flags: ToolFlags<Name>): Map<string, Name> {
  const names = new Map<string, Name>()
  for (const name of Object.keys(flags) as Name[])
    for (const each of [name, ...(flags[name].aliases ?? [])]) names.set(each, name)
  return names
}

function looksLikeFlag(word: string): boolean {
  return word.startsWith('-') && word !== '-'
}

function splitAtEquals(text: string): [key: string, value: string | undefined] {
  const index = text.indexOf('=')
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)]
}

/** Letters behind one hyphen: flags without values, up to one that takes the rest as its value. */
function takeCluster<Name extends string>(
  letters: string,
  names: ReadonlyMap<string, Name>,
  flags: ToolFlags<Name>,
  take: (name: Name, attached: string | undefined) => void,
): void {
  for (const [index, letter] of [...letters].entries()) {
    const name = names.get(letter)
    if (name === undefined) throw new ToolUsageError(`${letter} is not a recognized option`)
    const attached = letters.slice(index + 1)
    const takesRest = flags[name].value !== undefined && attached !== ''
    take(name, takesRest ? attached : undefined)
    if (takesRest) return
  }
}

/** A value that must be there is the next word, whatever it looks like; one that may be missing is not a flag. */
function valuesFor(name: string, flag: ToolFlag, attached: string | undefined, queue: string[]): string[] {
  if (flag.value === undefined) return []
  if (attached !== undefined) return [attached]
  if (queue.length === 0 && !flag.isValueOptional) throw new ToolUsageError(`Option ${name} requires an argument`)
  const values = flag.isValueOptional ? [] : [queue.shift()!]
  while (queue.length > 0 && !looksLikeFlag(queue[0]!) && (flag.takesSeveral || values.length === 0))
    values.push(queue.shift()!)
  return values
}

function unparsable(name: string, text: string): ToolUsageError {
  return new ToolUsageError(`Cannot parse argument '${text}' of option ${name}`, false)
}
