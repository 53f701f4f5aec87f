/**
 * Options as getopt, and so kcat, reads them: `-tlogs`, `-c5`, `-eJ`, `-f '-%s'`. They become `--long=value` before yargs
 * sees them, which takes values that begin with a hyphen for options, and quotes that belong to a value away.
 */

export interface LongOption {
  readonly letters: readonly string[]
  readonly takesValue: boolean
}

/** `words` with long options alone; what is not known stays as it is, for yargs to name. */
export function expandOptions(words: readonly string[], options: Readonly<Record<string, LongOption>>): string[] {
  const byLetter = new Map<string, string>()
  for (const [long, { letters }] of Object.entries(options)) for (const letter of letters) byLetter.set(letter, long)
  const expanded: string[] = []
  const queue = [...words]
  const valued = (long: string, attached: string | undefined): string => {
    const value = attached ?? queue.shift()
    return value === undefined ? `--${long}` : `--${long}=${keepQuotes(value)}`
  }
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === '--') return [...expanded, word, ...queue]
    const [, long, attached] = /^--([^=]+)(?:=([\s\S]*))?$/.exec(word) ?? []
    if (long !== undefined)
      expanded.push(Object.hasOwn(options, long) && options[long]!.takesValue ? valued(long, attached) : word)
    else if (!/^-[^-]/.test(word)) expanded.push(word)
    else expandLetters(word.slice(1))
  }
  return expanded

  function expandLetters(letters: string): void {
    for (const [index, letter] of [...letters].entries()) {
      const long = byLetter.get(letter)
      const attached = letters.slice(index + 1)
      if (long === undefined) {
        expanded.push(`-${letter}${attached}`)
        return
      }
      if (options[long]!.takesValue) {
        expanded.push(valued(long, attached === '' ? undefined : attached))
        return
      }
      expanded.push(`--${long}`)
    }
  }
}

/** yargs takes one pair of quotes away. */
function keepQuotes(value: string): string {
  return /^(["'])[\s\S]*\1$/.test(value) && value.length > 1 ? `"${value}"` : value
}
