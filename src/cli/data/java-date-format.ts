/** Times as java.text.SimpleDateFormat writes them, for the letters that tell a time in numbers, in local time. */
import { OperatorError } from '../operator-error.ts'

type Part = (date: Date) => number

const letters: Readonly<Record<string, Part>> = {
  y: (date) => date.getFullYear(),
  M: (date) => date.getMonth() + 1,
  d: (date) => date.getDate(),
  H: (date) => date.getHours(),
  h: (date) => date.getHours() % 12 || 12,
  m: (date) => date.getMinutes(),
  s: (date) => date.getSeconds(),
  S: (date) => date.getMilliseconds(),
}

/** `timeMs` since 1970. Throws OperatorError for a letter that is not among these. */
export function formatJavaDate(timeMs: number, format: string): string {
  const date = new Date(timeMs)
  let text = ''
  for (const [piece, quoted, letter] of format.matchAll(/'((?:[^']|'')*)'|([A-Za-z])\2*|[\s\S]/g)) {
    if (quoted !== undefined) text += quoted === '' ? "'" : quoted.replaceAll("''", "'")
    else if (letter === undefined) text += piece
    else if (letter === 'a') text += date.getHours() < 12 ? 'AM' : 'PM'
    else if (Object.hasOwn(letters, letter)) {
      const number = String(letters[letter]!(date))
      text += letter === 'y' && piece.length === 2 ? number.slice(-2) : number.padStart(piece.length, '0')
    } else throw new OperatorError(`Illegal pattern character '${letter}'`)
  }
  return text
}
