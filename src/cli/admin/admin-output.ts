/** How the administrator's commands print: tables for people, JSON for scripts. */
import type { Writable } from 'node:stream'

export type OutputFormat = 'text' | 'json'

export type Cell = string | number | boolean | null | undefined

/** Columns as wide as their widest cell, the last one as it is; what is not known is a hyphen. */
export function tableText(titles: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = [titles, ...rows.map((row) => row.map((cell) => `${cell ?? '-'}`))]
  const widths = titles.map((_, column) => Math.max(...texts.map((row) => row[column]?.length ?? 0)))
  return texts
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

export function printJson(output: Writable, value: unknown): void {
  output.write(`${JSON.stringify(value, null, 2)}\n`)
}

export function printTable(output: Writable, titles: readonly string[], rows: readonly (readonly Cell[])[]): void {
  output.write(tableText(titles, rows))
}
