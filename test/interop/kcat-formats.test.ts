/** `ottla produce` and `consume` beside kcat: the same letters, and the same bytes on standard output and in the topic. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BrokerProcess, program } from './support/broker-process.ts'
import { kcatTool, run } from './support/run-tool.ts'

let broker: BrokerProcess
beforeAll(async () => {
  broker = await BrokerProcess.start()
})
afterAll(() => broker.dispose())

const kcat = (words: readonly string[], input = ''): Promise<string> =>
  kcatTool([...words, '-b', broker.bootstrap, '-q'], input)
const ottla = (command: 'produce' | 'consume', words: readonly string[], input = ''): Promise<string> =>
  run(process.execPath, [program, command, ...words, '-b', broker.bootstrap, '-q'], input)

const everything = '%t|%p|%o|%k|%K|%s|%S|%h|%R|\\x41%%\\t\\n'

const written = [
  { words: ['-K', ':', '-H', 'a=1', '-H', 'b'], input: 'k1:v1\n\n:v2\nk3:\nplain\nk:v:w' },
  { words: ['-D', ';', '-k', 'key', '-z', 'gzip'], input: 'a;b\n;;c' },
  { words: ['-Z', '-K', '\\t', '-z', 'snappy'], input: 'k\t\n\tv\n' },
  { words: ['-c', '2', '-p', '0', '-z', 'lz4'], input: 'a\nb\nc\n' },
]

test.each(written)('what $words writes, and every way to print it', async ({ words, input }) => {
  const topic = `written-${written.findIndex((each) => each.words === words)}`
  await Promise.all([
    kcat(['-P', '-t', `${topic}-kcat`, ...words], input),
    ottla('produce', ['-t', `${topic}-ottla`, ...words], input),
  ])
  const letters = ['-f', everything.replace('%t|', '')]
  const theirs = await kcat(['-C', '-t', `${topic}-kcat`, '-e', ...letters])
  expect(theirs).not.toBe('')
  expect(await kcat(['-C', '-t', `${topic}-ottla`, '-e', ...letters])).toBe(theirs)
  for (const print of [
    ['-f', everything],
    ['-J'],
    ['-K', '=>'],
    ['-D', '\\x1e'],
    ['-o', '-1'],
    ['-o', '1', '-c', '1'],
    ['-f', '%T\\n'],
  ]) {
    const reading = ['-t', `${topic}-kcat`, '-p', '0', '-e', ...print]
    const [ours, kcats] = await Promise.all([ottla('consume', reading), kcat(['-C', ...reading])])
    expect([print, ours]).toEqual([print, kcats])
  }
})
