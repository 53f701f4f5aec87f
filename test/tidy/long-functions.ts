/**
 * Finds functions that are too long: a block whose opening brace ends a function's or method's head. Reads the text of
 * formatted code, so a head is what stands before `{` up to the statement's start.
 */
import { codeOnly } from './code-only.ts'

export interface LongFunction {
  /** Counted from 1. */
  readonly line: number
  readonly lines: number
}

const notFunctions = /\b(?:if|for|while|switch|catch|with)\s*(?:await\s*)?\(/

export function longFunctions(text: string, maxLines: number): LongFunction[] {
  const code = codeOnly(text)
  const found: LongFunction[] = []
  const open: { readonly isFunction: boolean; readonly line: number; readonly headStart: number }[] = []
  let line = 1
  let headStart = 0
  for (let index = 0; index < code.length; index++) {
    const here = code[index]
    if (here === '\n') line++
    else if (here === '{') {
      open.push({ isFunction: isFunctionHead(code.slice(headStart, index)), line, headStart })
      headStart = index + 1
    } else if (here === '}') {
      const block = open.pop()
      if (block?.isFunction && line - block.line + 1 > maxLines)
        found.push({ line: block.line, lines: line - block.line + 1 })
      // A block on one line may be a type within a head: `): { offset: number } {`.
      headStart = block?.line === line ? block.headStart : index + 1
    } else if (here === ';') headStart = index + 1
  }
  return found
}

/** A head ends in `)` with an optional return type, or in `=>`. */
function isFunctionHead(before: string): boolean {
  const head = before.trimEnd()
  if (head.endsWith('=>')) return true
  const lastLineStart = statementStart(head)
  const statement = head.slice(lastLineStart)
  if (notFunctions.test(statement)) return false
  return /\)\s*(?::[^=]*)?$/.test(statement)
}

/** The start of the line on which the head's parameter list opens. */
function statementStart(head: string): number {
  let depth = 0
  for (let index = head.length - 1; index >= 0; index--) {
    const here = head[index]
    if (here === ')' || here === ']') depth++
    else if (here === '(' || here === '[') depth--
    else if (here === '\n' && depth <= 0) return index + 1
  }
  return 0
}
