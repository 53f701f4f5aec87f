import { expect, test } from 'vitest'
import { LeveledLoggers } from '../../src/base/leveled-loggers.ts'
import type { Logger } from '../../src/base/logger.ts'

function recorder(prefix = '', lines: string[] = []): Logger & { readonly lines: string[] } {
  const write = (message: string) => void lines.push(`${prefix}${message}`)
  return {
    ...{ lines, debug: write, info: write, warn: write, error: write },
    child: (fields) => recorder(`${prefix}${Object.values(fields).join()} `, lines),
  }
}

/** Has the logger say something at each of its levels. */
function speak(logger: Logger): void {
  logger.debug('debug')
  logger.info('info')
  logger.warn('warn')
  logger.error('error')
}

test.each([
  ['TRACE', ['debug', 'info', 'warn', 'error']],
  ['DEBUG', ['debug', 'info', 'warn', 'error']],
  ['INFO', ['info', 'warn', 'error']],
  ['WARN', ['warn', 'error']],
  ['ERROR', ['error']],
  ['FATAL', []],
] as const)('%s lets through what is as bad or worse', (level, expected) => {
  const sink = recorder()
  const loggers = new LeveledLoggers('INFO', sink)
  const logger = loggers.logger('root')
  loggers.setLevel('root', level)
  speak(logger)
  expect(sink.lines).toEqual(expected)
})

test('a logger follows the root until it has a level of its own, and again when that is taken away', () => {
  const sink = recorder()
  const loggers = new LeveledLoggers('WARN', sink)
  const log = loggers.logger('log')
  expect([loggers.level('root'), loggers.level('log'), loggers.level('other')]).toEqual(['WARN', 'WARN', undefined])
  loggers.setLevel('log', 'DEBUG')
  loggers.setLevel('root', 'ERROR')
  expect([loggers.level('root'), loggers.level('log')]).toEqual(['ERROR', 'DEBUG'])
  speak(log)
  speak(loggers.logger('root'))
  expect(sink.lines).toEqual(['debug', 'info', 'warn', 'error', 'error'])
  loggers.setLevel('log', undefined)
  expect(loggers.level('log')).toBe('ERROR')
  expect(loggers.names).toEqual(['log', 'root'])
})

test('children and a second logger of the name follow too', () => {
  const sink = recorder()
  const loggers = new LeveledLoggers('ERROR', sink)
  const child = loggers.logger('log').child({ partition: 3 })
  loggers.setLevel('log', 'INFO')
  child.info('yes')
  loggers.logger('log').info('yes')
  child.debug('no')
  expect(sink.lines).toEqual(['3 yes', 'yes'])
})

test('what does not exist cannot be set, and the root always has a level', () => {
  const loggers = new LeveledLoggers('INFO', recorder())
  expect(() => loggers.setLevel('none', 'INFO')).toThrow('there is no logger none')
  expect(() => loggers.setLevel('root', undefined)).toThrow('always has a level')
})
