/** Kinds of options that the data commands share, for yargs, and those that every command has which speaks with a broker. */
import { OperatorError } from '../operator-error.ts'

export type Run = (result: Promise<number>) => Promise<void>

/** The last one counts. */
export const text = { type: 'string', requiresArg: true, coerce: lastOf } as const
export const texts = {
  type: 'string',
  array: true,
  nargs: 1,
  default: [] as string[],
  defaultDescription: 'none',
} as const
export const whole = { type: 'string', requiresArg: true, coerce: parseCount } as const
export const yes = { type: 'boolean', default: false } as const

export const clientOptions = {
  brokers: {
    ...text,
    alias: ['b', 'bootstrap-server'],
    default: 'localhost:9092',
    describe: 'Where to find the cluster: host:port,...',
  },
  setting: { ...texts, alias: 'X', describe: 'name=value: a setting of the client, as Kafka or librdkafka name it' },
  'settings-file': { ...text, alias: 'F', describe: 'A properties file with such settings' },
  quiet: { ...yes, alias: 'q', describe: 'No progress and no remarks' },
} as const

type Given = string | number | readonly (string | number)[] | undefined

export function lastOf(value: Given): string | undefined {
  const last = typeof value === 'object' ? value.at(-1) : value
  return last === undefined ? undefined : String(last)
}

/** A whole number, also as 1e6. Throws OperatorError. */
export function parseCount(value: Given): number | undefined {
  const word = lastOf(value)
  if (word === undefined) return undefined
  const count = /^\d{1,15}(e\d{1,2})?$/.test(word) ? Number(word) : Number.NaN
  if (!Number.isSafeInteger(count)) throw new OperatorError(`${word} is no count: write a whole number`)
  return count
}

/** -1, which kcat takes for any, is undefined. Throws OperatorError. */
export function parsePartition(value: Given): number | undefined {
  const word = lastOf(value)
  if (word === undefined || word === '-1') return undefined
  if (!/^\d{1,9}$/.test(word)) throw new OperatorError(`-p ${word}: a partition is a whole number`)
  return Number(word)
}
