/**
 * The library as npm hands it out: packed, unpacked beside its dependencies, imported and required, its types compiled, the
 * examples run, and a sample application's suite that starts a hundred brokers in parallel workers.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { repositoryRoot } from './support/broker-process.ts'
import { run } from './support/run-tool.ts'

let app: string
const vitest = join(repositoryRoot, 'node_modules/vitest/vitest.mjs')

beforeAll(() => {
  app = mkdtempSync(join(tmpdir(), 'ottla-app-'))
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', app]
  execFileSync('npm', pack, { cwd: repositoryRoot, stdio: 'ignore' })
  const packages = join(app, 'node_modules')
  mkdirSync(packages)
  for (const name of readdirSync(join(repositoryRoot, 'node_modules'))) {
    if (name !== 'ottla' && !name.startsWith('.')) {
      symlinkSync(join(repositoryRoot, 'node_modules', name), join(packages, name))
    }
  }
  const tarball = readdirSync(app).find((name) => name.endsWith('.tgz'))!
  execFileSync('tar', ['-xzf', join(app, tarball), '-C', packages])
  execFileSync('mv', [join(packages, 'package'), join(packages, 'ottla')])
  cpSync(join(repositoryRoot, 'examples'), join(app, 'examples'), { recursive: true })
  writeFileSync(join(app, 'package.json'), '{ "type": "module", "private": true }')
})

afterAll(() => rmSync(app, { recursive: true, force: true }))

test('import, require and the command give what is documented', async () => {
  const use =
    'const broker = await startBroker({ topics: ["t"] }); console.log(typeof broker.port); await broker.stop()'
  const node = (words: string[]) => execFileSync(process.execPath, words, { cwd: app, encoding: 'utf8' })
  const imported = node(['--input-type=module', '-e', `import { startBroker } from 'ottla'; ${use}`])
  expect(imported).toBe('number\n')
  const required = `const { startBroker } = require('ottla'); (async () => { ${use} })()`
  expect(node(['--input-type=commonjs', '-e', required])).toBe('number\n')
  expect(node(['node_modules/ottla/bin/ottla', '--version']).trim()).toMatch(/^\d+\.\d+\.\d+/)
})

test('its types compile in an application that is strict', async () => {
  const source = `import { type EmbeddedBroker, type NewTopic, startBroker } from 'ottla'
const topics: NewTopic[] = [{ name: 'a', partitions: 2, configs: { 'retention.ms': 1 } }]
export async function use(): Promise<number> {
  await using broker: EmbeddedBroker = await startBroker({ topics, settings: { 'num.partitions': 3 } })
  await broker.clock.advance(1000)
  return broker.port
}
`
  writeFileSync(join(app, 'use.ts'), source)
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: 'nodenext',
    target: 'es2022',
    lib: ['esnext'],
    types: ['node'],
  }
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['use.ts'] }))
  await run(process.execPath, [join(repositoryRoot, 'node_modules/typescript/bin/tsc'), '-p', app])
})

test('the examples pass', async () => {
  const examples = join(app, 'examples')
  const limits = ['--testTimeout', '120000', '--hookTimeout', '120000']
  await run(process.execPath, [vitest, 'run', '--root', examples, ...limits, 'vitest'])
  await run(process.execPath, ['--test', join(examples, 'node-test')])
})

/** Ten of these run at a time in workers of their own; each test notes how long its broker took to start. */
const suiteFile = `import { appendFileSync } from 'node:fs'
import { startBroker } from 'ottla'
import { expect, test } from 'vitest'
import { order, readTotals, startTotals } from '../examples/orders.js'
test.for(Array.from({ length: 10 }, (_, index) => index))('broker %i', async (index) => {
  const startedMs = performance.now()
  const broker = await startBroker({ topics: ['orders', 'totals'] })
  appendFileSync('starts.txt', performance.now() - startedMs + '\\n')
  const totals = await startTotals(broker.bootstrapServers)
  await order(broker.bootstrapServers, [['ada', index], ['ada', 1]])
  expect(await readTotals(broker.bootstrapServers, 2)).toEqual(['ada: ' + index, 'ada: ' + (index + 1)])
  await totals.stop()
  await broker.stop()
  expect(process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap')).toEqual([])
})
`

test('a hundred starts in parallel workers: all pass, no port clashes, and every worker ends by itself', async () => {
  const suite = join(app, 'hundred')
  mkdirSync(suite)
  for (let index = 0; index < 10; index++) writeFileSync(join(suite, `orders-${index}.test.js`), suiteFile)
  const result = join(app, 'hundred.json')
  const words = ['--pool', 'threads', '--maxWorkers', '10', '--testTimeout', '240000', '--reporter=json']
  await run('sh', [
    '-c',
    `cd ${suite} && exec ${[process.execPath, vitest, 'run', ...words, `--outputFile=${result}`].join(' ')}`,
  ])
  const starts = readFileSync(join(suite, 'starts.txt'), 'utf8').trim().split('\n').map(Number)
  starts.sort((left, right) => left - right)
  console.log(
    `startBroker: median ${Math.round(starts[50]!)} ms, slowest ${Math.round(starts.at(-1)!)} ms of ${starts.length}`,
  )
  expect(JSON.parse(readFileSync(result, 'utf8')).numPassedTests).toBe(100)
})
