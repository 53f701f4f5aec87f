/**
 * Reads the options of `ottla start` without yargs, which would cost a quarter of the time to the first record. Whatever
 * is not plainly right (help, an unknown option, a missing value) is left to yargs, which also explains.
 */
import { type LogFormat, type LogLevel, logLevels } from '../io/pino-logger.ts'
import type { StartOptions } from './start.ts'

export const logFormats: readonly LogFormat[] = ['plain', 'json']

const names: Readonly<Record<string, 'config' | 'override' | 'logFormat' | 'logLevel'>> = {
  '--config': 'config',
  '-c': 'config',
  '--override': 'override',
  '-o': 'override',
  '--log-format': 'logFormat',
  '--log-level': 'logLevel',
}

/** The options, or undefined where yargs must look. `words` is what follows `start`. */
export function parseStartArguments(words: readonly string[]): StartOptions | undefined {
  const given = {
    config: [] as string[],
    override: [] as string[],
    logFormat: [] as string[],
    logLevel: [] as string[],
  }
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!
    if (!word.startsWith('-')) {
      given.config.push(word)
      continue
    }
    const equals = word.startsWith('--') ? word.indexOf('=') : -1
    const name = names[equals < 0 ? word : word.slice(0, equals)]
    const value = equals < 0 ? words[++index] : word.slice(equals + 1)
    if (name === undefined || value === undefined || (equals < 0 && value.startsWith('-'))) return undefined
    given[name].push(value)
  }
  const logFormat = given.logFormat[0] ?? 'plain'
  const logLevel = given.logLevel[0]
  const isPlain =
    given.config.length <= 1 &&
    given.logFormat.length <= 1 &&
    given.logLevel.length <= 1 &&
    (logFormats as readonly string[]).includes(logFormat) &&
    (logLevel === undefined || (logLevels as readonly string[]).includes(logLevel))
  if (!isPlain) return undefined
  return {
    config: given.config[0],
    override: given.override,
    logFormat: logFormat as LogFormat,
    logLevel: logLevel as LogLevel | undefined,
  }
}
