/**
 * npm run simulate -- [--seed N] [--seeds count] [--ci] [--jobs n] [--verbose] [--twice] [--keep-going] [--report file]
 *   [--plant NAME]
 *
 * Bundles test/simulation/main.ts with the broker's sources and runs seeds in as many processes as there are processors. `--ci`:
 * 500 seeds, half of them fixed, half drawn from the commit. `--plant` breaks a rule on purpose first
 * (test/simulation/planted-bugs.mjs), which the simulation must notice. Ends with 1 when a seed breaks a promise, and tells its story.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bundleSimulation } from '../test/simulation/bundle.mjs'
import { usageOf } from './usage.mjs'

const seedsPerProcess = 25
const ciSeeds = 250

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    seed: { type: 'string', default: '0' },
    seeds: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    ci: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    twice: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    report: { type: 'string' },
    plant: { type: 'string' },
  },
})
if (values.help) {
  console.log(usageOf(import.meta.url))
  process.exit()
}

/** A number of the commit's own. */
function seedOfCommit() {
  const hash = process.env.GITHUB_SHA ?? execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' })
  return 1_000_000 + Number.parseInt(hash.slice(0, 7), 16)
}

const ranges = values.ci
  ? [
      [0, ciSeeds],
      [seedOfCommit(), ciSeeds],
    ]
  : [[Number(values.seed), Number(values.seeds)]]
const parts = ranges.flatMap(([first, count]) =>
  Array.from({ length: Math.ceil(count / seedsPerProcess) }, (_, index) => {
    const from = first + index * seedsPerProcess
    return [from, Math.min(seedsPerProcess, first + count - from)]
  }),
)
const flags = ['verbose', 'twice', 'keep-going'].filter((name) => values[name]).map((name) => `--${name}`)
const program = await bundleSimulation(values.plant)
const folder = mkdtempSync(join(tmpdir(), 'ottla-simulation-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const total = { seeds: 0, failures: [] }
const startedMs = Date.now()

async function runPart([first, count]) {
  const report = join(folder, `${first}.json`)
  const words = [program, '--seed', String(first), '--seeds', String(count), '--report', report, ...flags]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = await once(child, 'close')
  if (code !== 0 && code !== 1) {
    total.failures.push({
      seed: first,
      message: `the process of seeds ${first} to ${first + count - 1} ended with ${code}`,
    })
    return
  }
  const seen = JSON.parse(readFileSync(report, 'utf8'))
  total.failures.push(...seen.failures)
  for (const [name, value] of Object.entries(seen.figures)) {
    total[name] = name.endsWith('Max') ? Math.max(total[name] ?? 0, value) : (total[name] ?? 0) + value
  }
}

/** What is done is kept, should the rest be cut off. */
function noteReport() {
  const { seeds, failures, ...figures } = total
  const seconds = Math.round((Date.now() - startedMs) / 1000)
  const tried = ranges.map(([first, count]) => `${first} to ${first + count - 1}`)
  const report = { ranges: tried, seeds, seconds, ...figures, failures }
  if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(report, null, 2)}\n`)
  return report
}

async function work() {
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    if (total.failures.length > 0 && !values['keep-going']) return
    await runPart(part)
    noteReport()
  }
}

await Promise.all(Array.from({ length: Math.min(parts.length, Number(values.jobs)) }, work))
const report = noteReport()
const { seeds, failures } = report
console.log(report)
console.log(` Tests  ${seeds} passed${failures.length > 0 ? ` | ${failures.length} failed` : ''} (seeds)`)
process.exit(failures.length === 0 ? 0 : 1)
