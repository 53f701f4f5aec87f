/** What a script says of itself in the comment at its head, for `--help`. */
import { readFileSync } from 'node:fs'

export function usageOf(url) {
  const source = readFileSync(new URL(url), 'utf8')
  const comment = source.slice(source.indexOf('/**') + 3, source.indexOf('*/'))
  return comment.replaceAll(/^ \* ?/gm, '').trim()
}
