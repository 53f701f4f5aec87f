/**
 * Java's properties files, as Kafka's own configuration files are written: `key=value`, `key: value` or `key value`,
 * `#` and `!` comments, backslash escapes, lines continued by a backslash at their end. The CLI reads files and
 * `--override` options with it; nothing else knows the syntax.
 */

/** Joins continued lines and drops comments and blank lines; what is left is one logical line each. */
function logicalLines(text: string): string[] {
  const lines: string[] = []
  let pending: string | undefined
  for (const natural of text.split(/\r\n|\n|\r/)) {
    const line = natural.replace(/^[ \t\f]+/, '')
    if (pending === undefined && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue
    const backslashes = /\\*$/.exec(line)![0].length
    const isContinued = backslashes % 2 === 1
    const content = isContinued ? line.slice(0, -1) : line
    const joined: string = (pending ?? '') + content
    if (isContinued) pending = joined
    else {
      lines.push(joined)
      pending = undefined
    }
  }
  if (pending !== undefined) lines.push(pending)
  return lines
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (_, code: string | undefined, character: string) =>
    code === undefined ? (escapes[character] ?? character) : String.fromCharCode(Number.parseInt(code, 16)),
  )
}

/** Where the key ends: at the first blank, `=` or `:` that no backslash escapes. */
function keyEnd(line: string): number {
  for (let index = 0; index < line.length; index++) {
    const here = line[index]!
    if (here === '\\') index++
    else if (here === '=' || here === ':' || here === ' ' || here === '\t' || here === '\f') return index
  }
  return line.length
}

/** Parses a properties file; of a key that is given twice the last value counts. */
export function parseProperties(text: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const line of logicalLines(text)) {
    const end = keyEnd(line)
    const value = line.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '')
    values.set(unescaped(line.slice(0, end)), unescaped(value))
  }
  return values
}

/** Splits `key=value` of a command line; undefined where there is no `=` or no key. */
export function parseOverride(text: string): readonly [key: string, value: string] | undefined {
  const equals = text.indexOf('=')
  if (equals <= 0) return undefined
  return [text.slice(0, equals).trim(), text.slice(equals + 1)]
}
