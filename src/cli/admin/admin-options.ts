/** Options that the administrator's commands share, for yargs. */
import { clientOptions, lastOf, text } from '../data/option-kinds.ts'
import { OperatorError } from '../operator-error.ts'
import type { OutputFormat } from './admin-output.ts'

const { brokers, 'settings-file': settingsFile } = clientOptions
export const targetOptions = { brokers, 'settings-file': settingsFile } as const

export const formatOption = {
  format: { ...text, choices: ['text', 'json'], default: 'text', describe: 'Tables for people, JSON for scripts' },
} as const

/** A whole number, below zero too. */
export const integer = { type: 'string', requiresArg: true, coerce: parseInteger } as const

/** Words that yargs must not make numbers of. */
export const names = { type: 'string', array: true, default: [] as string[], defaultDescription: 'all' } as const

function parseInteger(value: string | number | readonly (string | number)[] | undefined): number | undefined {
  const word = lastOf(value)
  if (word === undefined) return undefined
  if (!/^-?\d{1,15}$/.test(word)) throw new OperatorError(`${word}: write a whole number`)
  return Number(word)
}

interface Given {
  readonly brokers?: string | undefined
  readonly settingsFile?: string | undefined
  readonly format?: string | undefined
  readonly json?: boolean | undefined
}

/** What yargs read, as the commands take it. */
export function optionsOf({ brokers: bootstrap, settingsFile: file, format, json }: Given) {
  return { bootstrap: bootstrap!, settingsFile: file, format: (json ? 'json' : (format ?? 'text')) as OutputFormat }
}
