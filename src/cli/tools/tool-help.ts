/** The help of a stock-named tool: its options in two columns, in the order of the alphabet, as joptsimple prints them. */
import type { ToolOption } from './tool-arguments.ts'

const nameWidth = 38
const textWidth = 72

export function toolHelp(name: string, description: string, options: readonly ToolOption[]): string {
  const lines = [`Usage: ${name} [options]`, '', description, '', ...columns('Option', 'Description')]
  for (const option of options.toSorted((left, right) => (left.name < right.name ? -1 : 1))) {
    const { describe, default: standard, aliases = [] } = option
    const notes = [
      option.isRequired && !describe.startsWith('REQUIRED') ? 'REQUIRED:' : '',
      describe,
      standard === undefined ? '' : `(default: ${standard})`,
      aliases.length === 0 ? '' : `(also: ${aliases.map((alias) => `--${alias}`).join(', ')})`,
    ]
    lines.push(...columns(`--${option.name}${argumentOf(option)}`, notes.filter((note) => note !== '').join(' ')))
  }
  return `${lines.join('\n')}\n`
}

function argumentOf({ argument, type, describedAs }: ToolOption): string {
  if (argument === undefined) return ''
  const kind = type === undefined ? 'String' : { integer: 'Integer', long: 'Long', number: 'Number' }[type]
  const what = describedAs === undefined ? kind : `${kind}: ${describedAs}`
  return argument === 'optional' ? ` [${what}]` : argument === 'several' ? ` <${what}> ...` : ` <${what}>`
}

function columns(left: string, right: string): string[] {
  const lefts = wrap(left, nameWidth)
  const rights = right.split('\n').flatMap((line) => wrap(line, textWidth))
  return Array.from({ length: Math.max(lefts.length, rights.length) }, (_, index) =>
    `${(lefts[index] ?? '').padEnd(nameWidth)}  ${rights[index] ?? ''}`.trimEnd(),
  )
}

/** Words of a line into lines of at most `width`; what is too long alone stays whole. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(lines.length === 0 ? word : `  ${word}`)
  }
  return lines
}
