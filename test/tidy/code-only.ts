/**
 * Source text with comments and string contents blanked out, line by line in place, so that a word in a comment or in a
 * message is not taken for code. Template literals keep the code of their substitutions.
 */
export function codeOnly(text: string): string {
  const out: string[] = []
  let index = 0
  const templateDepths: number[] = []
  let braceDepth = 0

  function blankUntil(end: number): void {
    for (; index < end && index < text.length; index++) out.push(text[index] === '\n' ? '\n' : ' ')
  }

  function blankQuoted(quote: string): void {
    let end = index + 1
    while (end < text.length && text[end] !== quote && text[end] !== '\n') end += text[end] === '\\' ? 2 : 1
    blankUntil(end + 1)
  }

  /** Blanks a template's text up to its end or to a substitution, which is code again. */
  function blankTemplate(): void {
    let end = index
    while (end < text.length && text[end] !== '`' && !(text[end] === '$' && text[end + 1] === '{'))
      end += text[end] === '\\' ? 2 : 1
    if (text[end] === '$') {
      blankUntil(end + 2)
      templateDepths.push(braceDepth++)
    } else blankUntil(end + 1)
  }

  while (index < text.length) {
    const here = text[index]!
    const pair = text.slice(index, index + 2)
    if (pair === '//') blankUntil(endOfLine(text, index))
    else if (pair === '/*') blankUntil(endOfComment(text, index))
    else if (here === "'" || here === '"') blankQuoted(here)
    else if (here === '`') {
      blankUntil(index + 1)
      blankTemplate()
    } else if (here === '/' && startsRegExp(out)) blankUntil(endOfRegExp(text, index))
    else {
      if (here === '{') braceDepth++
      if (here === '}') {
        braceDepth--
        if (templateDepths.at(-1) === braceDepth) {
          templateDepths.pop()
          blankUntil(index + 1)
          blankTemplate()
          continue
        }
      }
      out.push(here)
      index++
    }
  }
  return out.join('')
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start)
  return end < 0 ? text.length : end
}

function endOfComment(text: string, start: number): number {
  const end = text.indexOf('*/', start + 2)
  return end < 0 ? text.length : end + 2
}

/** A slash starts a regular expression where a value may stand, and divides after one. */
function startsRegExp(before: readonly string[]): boolean {
  let index = before.length - 1
  while (index >= 0 && /\s/.test(before[index]!)) index--
  if (index < 0) return true
  if (/[(,=:[!&|?{};+\-*%<>~^]/.test(before[index]!)) return true
  return /\b(?:return|typeof|case|in|of)$/.test(before.slice(Math.max(0, index - 10), index + 1).join(''))
}

function endOfRegExp(text: string, start: number): number {
  let isInClass = false
  for (let index = start + 1; index < text.length; index++) {
    const here = text[index]
    if (here === '\\') index++
    else if (here === '[') isInClass = true
    else if (here === ']') isInClass = false
    else if (here === '\n') return index
    else if (here === '/' && !isInClass) return index + 1
  }
  return text.length
}
