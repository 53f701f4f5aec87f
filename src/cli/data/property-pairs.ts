/** `key=value` words of the stock tools; a key alone has an empty value. */
import { printLine, type ToolStreams } from '../tools/tool.ts'
import { ToolUsageError } from '../tools/tool-arguments.ts'

/** Throws ToolUsageError for a word without a key. */
export function parsePairs(words: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>()
  for (const word of words) {
    const equals = word.indexOf('=')
    if (equals === 0 || word === '') throw new ToolUsageError(`Invalid command line properties: ${word}`)
    pairs.set(equals < 0 ? word : word.slice(0, equals), equals < 0 ? '' : word.slice(equals + 1))
  }
  return pairs
}

export interface RenamedFlag<Old extends string, Current extends string> {
  readonly old: Old
  readonly current: Current
  /** What is printed when the old one is used, as the stock tool words it. */
  readonly warning: string
}

/**
 * The name under which a renamed flag was given; warns of the old one on standard output, where the stock tools do.
 * Throws ToolUsageError when both were given.
 */
export function renamedFlag<Old extends string, Current extends string>(
  given: { has(name: Old | Current): boolean },
  { old, current, warning }: RenamedFlag<Old, Current>,
  { output }: ToolStreams,
  isOldNamedFirst = false,
): Old | Current {
  if (!given.has(old)) return current
  const [first, second] = isOldNamedFirst ? [old, current] : [current, old]
  if (given.has(current)) throw new ToolUsageError(`Options --${first} and --${second} cannot be specified together.`)
  printLine(output, warning)
  return old
}
