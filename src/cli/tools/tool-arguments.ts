/**
 * The flags of the stock-named tools, read as joptsimple reads them for Apache Kafka's: `--flag value`, `--flag=value`,
 * no abbreviations, an unknown flag is an error, words that are no flags are passed over. Each tool in this folder lists
 * its options; run-tool.ts parses, explains and prints the help. Messages are those that the stock tools print.
 */
import { OperatorError } from '../operator-error.ts'

export interface ToolOption {
  readonly name: string
  /** Older names for the same, such as `broker-list` for `bootstrap-server`. */
  readonly aliases?: readonly string[]
  /** Without it the option is a switch. `several` takes all words up to the next flag. */
  readonly argument?: 'required' | 'optional' | 'several'
  /** `integer` is 32 bits, `long` 64; text without it. */
  readonly type?: 'integer' | 'long' | 'number'
  /** What the argument is, for the help. */
  readonly describedAs?: string
  readonly describe: string
  readonly default?: string
  /** Missing is an error. */
  readonly isRequired?: boolean
  /** May be given more than once; a second value is an error otherwise, when somebody asks for the one. */
  readonly isRepeatable?: boolean
}

/** The words are wrong: the message is one line, and the exit code 1. */
export class ToolUsageError extends OperatorError {
  override name = 'ToolUsageError'
}

export class ToolArguments {
  readonly #values = new Map<string, string[]>()
  readonly #options: ReadonlyMap<string, ToolOption>

  constructor(options: ReadonlyMap<string, ToolOption>) {
    this.#options = options
  }

  add(name: string, values: readonly string[]): void {
    const known = this.#values.get(name)
    if (known === undefined) this.#values.set(name, [...values])
    else known.push(...values)
  }

  /** Given on the command line; a default does not count. */
  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** What was given, or the default. Throws ToolUsageError when it was given twice. */
  value(name: string): string | undefined {
    const given = this.#values.get(name)
    if (given !== undefined && given.length > 1)
      throw new ToolUsageError(`Found multiple arguments for option ${name}, but you asked for only one`)
    return given?.[0] ?? this.#options.get(name)?.default
  }

  values(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  /** For options of a numeric type; beyond 2^53 it is rounded. */
  number(name: string): number | undefined {
    const value = this.value(name)
    return value === undefined ? undefined : Number(value)
  }
}

const integerBounds = { integer: 2n ** 31n, long: 2n ** 63n }

/** Throws ToolUsageError. Help and version are for the caller to look for first. */
export function parseToolArguments(options: readonly ToolOption[], words: readonly string[]): ToolArguments {
  const byName = new Map<string, ToolOption>()
  for (const option of options) for (const name of [option.name, ...(option.aliases ?? [])]) byName.set(name, option)
  const parsed = new ToolArguments(byName)
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!
    if (word === '--') break
    if (!word.startsWith('-') || word === '-') continue
    const [, name, equalsValue] = /^--?([^=]*)(?:=([\s\S]*))?$/.exec(word)!
    const option = byName.get(name!)
    if (option === undefined) throw new ToolUsageError(`${name} is not a recognized option`)
    if (option.argument === undefined) {
      if (equalsValue !== undefined) throw new ToolUsageError(`Option ${name} does not take an argument`)
      parsed.add(option.name, [])
      continue
    }
    const values = equalsValue === undefined ? followingValues(option, byName, words, index) : [equalsValue]
    if (equalsValue === undefined) index += values.length
    if (values.length === 0 && option.argument !== 'optional')
      throw new ToolUsageError(`Option ${name} requires an argument`)
    for (const value of values) checkType(option, name!, value)
    parsed.add(option.name, values)
  }
  for (const { name, isRequired } of options)
    if (isRequired && !parsed.has(name)) throw new ToolUsageError(`Missing required argument "[${name}]"`)
  return parsed
}

/** A word that begins with a dash is a value too, where one is required and it names no option: `--offset -3`. */
function followingValues(
  option: ToolOption,
  byName: ReadonlyMap<string, ToolOption>,
  words: readonly string[],
  index: number,
): string[] {
  const isFlag = (word: string): boolean => /^--?[^-]/.test(word) && byName.has(word.replace(/^--?/, '').split('=')[0]!)
  const values: string[] = []
  for (const word of words.slice(index + 1)) {
    if (isFlag(word) || word === '--') break
    if (word.startsWith('-') && word !== '-' && option.argument !== 'required' && !/^-\d/.test(word)) break
    values.push(word)
    if (option.argument !== 'several') break
  }
  return values
}

function checkType({ type }: ToolOption, name: string, value: string): void {
  if (type === undefined) return
  if (type === 'number') {
    if (value.trim() !== '' && Number.isFinite(Number(value))) return
  } else if (/^[+-]?\d+$/.test(value)) {
    const number = BigInt(value.replace('+', ''))
    if (number >= -integerBounds[type] && number < integerBounds[type]) return
  }
  throw new ToolUsageError(`Cannot parse argument '${value}' of option ${name}`)
}
