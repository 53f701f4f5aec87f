/** Backslashes as kcat reads them in delimiters and formats: \n \t \r \0, \xHH, octal \NNN, and a letter for itself. */

const letters: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0', a: '\x07', f: '\f', v: '\v' }

/** The bytes that `text` stands for. */
export function unescapeText(text: string): Buffer {
  const parts: Buffer[] = []
  for (const [match, hex, octal, letter] of text.matchAll(
    /\\x([0-9a-fA-F]{1,2})|\\([0-7]{2,3})|\\([\s\S])|[^\\]+|\\$/g,
  )) {
    if (hex !== undefined) parts.push(Buffer.of(Number.parseInt(hex, 16)))
    else if (octal !== undefined) parts.push(Buffer.of(Number.parseInt(octal, 8) & 0xff))
    else if (letter !== undefined) parts.push(Buffer.from(letters[letter] ?? letter))
    else parts.push(Buffer.from(match))
  }
  return Buffer.concat(parts)
}
