import { expect, test } from 'vitest'
import { createLogger, createPlainLogger } from '../../src/io/pino-logger.ts'

function lines(): { readonly written: string[]; write(line: string): void } {
  const written: string[] = []
  return { written, write: (line) => written.push(line) }
}

test('a plain line has time, level, message and fields', () => {
  const { written, write } = lines()
  const logger = createPlainLogger({ format: 'plain', level: 'info', write })
  logger.warn('disk is slow', { directory: '/data/a b', milliseconds: 12, topic: 't-0', nothing: undefined })
  expect(written[0]).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} WARN {2}disk is slow directory="\/data\/a b" milliseconds=12 topic=t-0\n$/,
  )
})

test('what a client sent cannot break a line', () => {
  const { written, write } = lines()
  createPlainLogger({ format: 'plain', level: 'info', write }).info('client\nERROR all is lost\u001b[31m', {
    id: 'a\nb',
  })
  expect(written).toHaveLength(1)
  expect(written[0]!.trimEnd()).toMatch(/^\P{Cc}+$/u)
})

test('a stack is shown below, an error with its message', () => {
  const { written, write } = lines()
  const logger = createPlainLogger({ format: 'plain', level: 'info', write })
  logger.error('failed', { stack: 'Error: x\n    at y' })
  expect(written[0]).toMatch(/ERROR failed\n {4}Error: x\n {8}at y\n$/)
})

test('levels below the chosen one are not written, children keep it and add fields', () => {
  const { written, write } = lines()
  const logger = createPlainLogger({ format: 'plain', level: 'warn', write }).child({ node: 1 })
  logger.debug('no')
  logger.info('no')
  logger.warn('yes', { x: 2 })
  expect(written).toHaveLength(1)
  expect(written[0]).toContain('yes node=1 x=2')
})

test('json lines are for machines', async () => {
  const { written, write } = lines()
  const logger = await createLogger({ format: 'json', level: 'info', write, now: () => 0 })
  logger.debug('no')
  logger.child({ node: 1 }).error('failed', { topic: 't' })
  expect(written.map((line) => JSON.parse(line))).toEqual([
    { level: 'error', time: '1970-01-01T00:00:00.000Z', node: 1, topic: 't', msg: 'failed' },
  ])
})

test.each(['plain', 'json'] as const)('the level of a %s logger changes while it writes', async (format) => {
  const { written, write } = lines()
  const logger = await createLogger({ format, level: 'warn', write })
  const log = logger.named!.logger('log').child({ node: 1 })
  log.info('no')
  logger.named!.setLevel('log', 'DEBUG')
  log.debug('yes')
  logger.info('no')
  expect(written).toHaveLength(1)
  expect(written[0]).toContain('yes')
})
