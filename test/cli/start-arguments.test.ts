import { expect, test } from 'vitest'
import { type Commands, runCommandLine, UsageError } from '../../src/cli/arguments.ts'
import { OperatorError } from '../../src/cli/operator-error.ts'
import type { StartOptions } from '../../src/cli/start.ts'
import { parseStartArguments } from '../../src/cli/start-arguments.ts'

const none: StartOptions = { config: undefined, override: [], logFormat: 'plain', logLevel: undefined }

/** What yargs makes of the same words. */
async function byYargs(words: readonly string[]): Promise<unknown> {
  let seen: unknown
  const commands: Commands = {
    start: async (options) => {
      seen = options
      return 7
    },
    startNodes: async (options) => {
      seen = options
      return 7
    },
    format: async (options) => {
      seen = options
      return 7
    },
    logDump: async (options) => {
      seen = options
      return 7
    },
  }
  expect(await runCommandLine(words, commands)).toBe(7)
  return seen
}

test.each<[string[], Partial<StartOptions>]>([
  [[], {}],
  [['a.properties'], { config: 'a.properties' }],
  [['--config', 'a.properties'], { config: 'a.properties' }],
  [['-c', 'a.properties', '-o', 'a=b=c', '--override', 'd='], { config: 'a.properties', override: ['a=b=c', 'd='] }],
  [
    ['--override=a=b', '--log-format=json', '--log-level', 'debug'],
    { override: ['a=b'], logFormat: 'json', logLevel: 'debug' },
  ],
])('start %j is understood, by the quick way and by yargs alike', async (words, expected) => {
  expect(parseStartArguments(words)).toEqual({ ...none, ...expected })
  expect(await byYargs(['start', ...words])).toEqual({ ...none, ...expected })
})

test.each([
  [['--help']],
  [['--nonsense']],
  [['a', 'b']],
  [['--config']],
  [['--config', '--override', 'a=b']],
  [['--log-format', 'xml']],
  [['--log-level=loud']],
  [['-c', 'a', '-c', 'b']],
])('start %j is left to yargs', (words) => {
  expect(parseStartArguments(words)).toBeUndefined()
})

test('format and log dump', async () => {
  expect(await byYargs(['format', '-t', 'MkU3OEVBNTcwNTJENDM2Qg', '-c', 'x', '-o', 'a=b', '-o', 'c=d'])).toEqual({
    clusterId: 'MkU3OEVBNTcwNTJENDM2Qg',
    config: 'x',
    override: ['a=b', 'c=d'],
    ignoreFormatted: false,
    standalone: false,
    noInitialControllers: false,
    initialControllers: undefined,
  })
  expect(await byYargs(['format', '--standalone'])).toMatchObject({ standalone: true, noInitialControllers: false })
  expect(await byYargs(['format', '--no-initial-controllers'])).toMatchObject({
    noInitialControllers: true,
    initialControllers: undefined,
  })
  expect(await byYargs(['format', '-I', '1@h:1:x'])).toMatchObject({ initialControllers: '1@h:1:x' })
  expect(await byYargs(['log', 'dump', 'a.log', 'b.index'])).toEqual({
    files: ['a.log', 'b.index'],
    records: false,
    json: false,
  })
  expect(await byYargs(['log', 'dump', '-r', 'a.log'])).toEqual({ files: ['a.log'], records: true, json: false })
  for (const words of [['--json'], ['--format', 'json']]) {
    const asked = await byYargs(['log', 'dump', 'a.log', ...words])
    expect(asked).toEqual({ files: ['a.log'], records: false, json: true })
  }
})

test.each([
  [[], /a command is missing/],
  [['launch'], /launch/],
  [['start', '--nonsense'], /nonsense/],
  [['start', '--log-format', 'xml'], /log-format/],
  [['log'], /log needs a command: dump/],
  [['log', 'dump'], /files|positional|argument/],
])('%j is a wrong command line', async (words, message) => {
  const failed = byYargs(words)
  await expect(failed).rejects.toThrow(UsageError)
  await expect(failed).rejects.toThrow(message)
})

test('a file that is named twice', async () => {
  await expect(byYargs(['start', 'a', '--config', 'b'])).rejects.toThrow(OperatorError)
})

test('start --nodes: a cluster, with what its nodes are to be told', async () => {
  const seen = await byYargs(['start', '--nodes', '3', '-o', 'log.dirs=/c', '--log-level', 'debug'])
  expect(seen).toEqual({ nodes: 3, override: ['log.dirs=/c'], logFormat: 'plain', logLevel: 'debug' })
  await expect(byYargs(['start', 'node.properties', '--nodes', '3'])).rejects.toThrow(
    'leave the configuration file out',
  )
})
