/** The data commands as they are typed: letters, through yargs, to what is printed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { main } from '../../../src/cli/main.ts'
import { ClientHarness } from '../../client/client-harness.ts'

let harness: ClientHarness
let folder: string
const printed: string[] = []
beforeAll(async () => {
  harness = await ClientHarness.start()
  folder = mkdtempSync(join(tmpdir(), 'ottla-typed-'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await harness.dispose()
})
beforeEach(() => {
  printed.length = 0
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      printed.push(String(chunk))
      return true
    })
  // What yargs prints.
  vi.spyOn(console, 'log').mockImplementation((line: string) => printed.push(line))
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** What was printed, and the exit code when it is not 0. */
async function type(...words: string[]): Promise<string> {
  printed.length = 0
  const exitCode = await main(words)
  return `${printed.join('')}${exitCode === 0 ? '' : `[${exitCode}]`}`
}

test('letters mean what they mean to kcat', async () => {
  await harness.createTopic('typed', 2)
  const file = join(folder, 'lines')
  writeFileSync(file, 'k1:v1;k2:v2;k3:v3')
  const at = `-b${harness.node.bootstrap}`
  expect(
    await type('produce', at, '-ttyped', '-p1', '-D;', '-K', ':', '-H', 'h="x"', '-zgzip', '-c2', '-l', file),
  ).toBe('')
  expect(await type('consume', at, '-t', 'typed', '-p', '1', '-eqf', '"%k" %s %h\\n')).toBe(
    '"k1" v1 h="x"\n"k2" v2 h="x"\n',
  )
  expect(await type('consume', at, '-eo', '-1', '-K=', 'typed')).toBe('k2=v2\n')
  expect(await type('consume', at, '^ty', '-c', '1', '-J', '-X', 'fetch.wait.max.ms=10')).toMatch(
    /"partition":1,"offset":0,.*"payload":"v1"}\n$/,
  )
  expect(await type('perf', 'produce', at, '-ttyped', '-n10', '-s', '5', '-J')).toMatch(/^{"records":10,"bytes":50,/)
  expect(await type('perf', 'consume', at, '-t', 'typed', '-f', 'json')).toMatch(/^{"records":12,/)
})

test('a topic is named when there is none', async () => {
  expect(await type('consume', '-b', harness.node.bootstrap, 'nowhere', '-e')).toBe(
    'ottla: topic nowhere does not exist\n[1]',
  )
})

test.each([
  [['produce'], 'ottla: Missing required argument: topic; see ottla --help\n[2]'],
  [['produce', '-t', 't', '-f', '%s'], 'Given: "%s", Choices: "text", "json"; see ottla --help\n[2]'],
  [['consume'], 'ottla: which topic? write ottla consume -t TOPIC\n[1]'],
  [['consume', '-t', 't', '-c', 'few'], 'ottla: few is no count: write a whole number; see ottla --help\n[2]'],
  [['consume', '-t', 't', '-w'], 'ottla: Unknown argument: w; see ottla --help\n[2]'],
  [['consume', '-t', 't', '-f', '%d'], 'ottla: -f: no %d; there are'],
  [['consume', '-b', 'a:b', '-t', 't'], 'ottla: Invalid url in bootstrap.servers: a:b'],
  [['perf'], 'ottla: perf needs a command: produce or consume; see ottla --help\n[2]'],
  [['consume', '--help'], 'ottla consume -t greetings -o -10 -e'],
  [['perf', 'produce', '--help'], '-r, --rate'],
])('%j', async (words, expected) => {
  expect(await type(...words)).toContain(expected)
})
