/**
 * npm run soak [-- --rounds 300 --raft-seeds 2000 --log-seeds 10000 --cleaner-seeds 3000 --updates 10000000
 *   --simulation-seeds 10000 --cluster-runs 20 --cluster-kinds 'kill leader,kill both' --rolling-rounds 10 --catch-up-megabytes 5000 --seed N
 *   --parts crashes,raft,log,cleaner,simulation,compaction,faults,rolling,mixed,catchUp --output docs/soak/DATE.json]
 *
 * The repetitions that are too long for CI: kills of the broker under load, storms of the raft simulation, crashes of the
 * log's model and of the cleaner's, whole clusters in the simulation, millions of updates of a compacted topic; clusters whose nodes are killed, paused and
 * cut off (a run is 20 faults on nodes of both roles and 20 on nodes of one), restarted one after the other, mixed with
 * Apache Kafka in every form, and a follower that was away for 5 GB. Each part is the test of `npm test` or
 * `npm run test:interop` with more of it. Tells how far it is, writes what it saw as JSON, and exits with 1 when a part
 * failed; the failing seed stands in the result.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { usageOf } from './usage.mjs'

const crashRoundsPerRun = 30
const vitest = new URL('../node_modules/vitest/vitest.mjs', import.meta.url).pathname

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    rounds: { type: 'string', default: '300' },
    'raft-seeds': { type: 'string', default: '2000' },
    'log-seeds': { type: 'string', default: '10000' },
    'cleaner-seeds': { type: 'string', default: '3000' },
    updates: { type: 'string', default: '10000000' },
    'simulation-seeds': { type: 'string', default: '10000' },
    'cluster-runs': { type: 'string', default: '20' },
    'cluster-kinds': { type: 'string' },
    'rolling-rounds': { type: 'string', default: '10' },
    'catch-up-megabytes': { type: 'string', default: '5000' },
    parts: { type: 'string', default: 'crashes,raft,log,cleaner,simulation,compaction,faults,rolling,mixed,catchUp' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    output: { type: 'string', default: `docs/soak/${new Date().toISOString().slice(0, 10)}.json` },
  },
})
if (values.help) {
  console.log(usageOf(import.meta.url))
  process.exit()
}
const folder = mkdtempSync(join(tmpdir(), 'ottla-soak-'))

/** Runs a test file; resolves with its time and the messages of what failed. */
async function run(name, file, env, config = 'vitest.config.ts') {
  const result = join(folder, `${name}.json`)
  const words = [
    vitest,
    'run',
    '--config',
    config,
    '--testTimeout',
    '0',
    '--reporter=json',
    `--outputFile=${result}`,
    file,
  ]
  const startedMs = Date.now()
  const child = spawn(process.execPath, words, { stdio: 'ignore', env: { ...process.env, ...env } })
  const [code] = await once(child, 'close')
  const seconds = Math.round((Date.now() - startedMs) / 1000)
  const failures = failuresOf(result)
  if (code !== 0 && failures.length === 0) failures.push(`${name} ended with ${code}`)
  console.log(`${new Date().toISOString()} ${name}: ${failures.length === 0 ? 'passed' : 'FAILED'} in ${seconds} s`)
  for (const failure of failures) console.log(failure)
  return { seconds, failures }
}

function failuresOf(file) {
  try {
    const tests = JSON.parse(readFileSync(file, 'utf8')).testResults.flatMap((result) => result.assertionResults)
    return tests.flatMap((test) => test.failureMessages.map((message) => `${test.fullName}: ${message}`))
  } catch {
    return []
  }
}

async function crashes() {
  const rounds = Number(values.rounds)
  const sum = { rounds: 0, kills: 0, cleanStops: 0, acknowledged: 0, groupReads: 0, resumes: 0 }
  const part = { ...sum, seeds: [], seconds: 0, failures: [] }
  for (let seed = Number(values.seed); part.rounds < rounds; seed++) {
    const report = join(folder, `crash-${seed}.report.json`)
    const env = {
      OTTLA_CRASH_ROUNDS: String(Math.min(crashRoundsPerRun, rounds - part.rounds)),
      OTTLA_CRASH_SEED: String(seed),
      OTTLA_CRASH_REPORT: report,
    }
    const { seconds, failures } = await run(
      `crash-${seed}`,
      'test/interop/crash.test.ts',
      env,
      'vitest.interop.config.ts',
    )
    part.seeds.push(seed)
    part.seconds += seconds
    part.failures.push(...failures)
    if (failures.length > 0) break
    const seen = JSON.parse(readFileSync(report, 'utf8'))
    for (const key of Object.keys(sum)) part[key] += seen[key]
  }
  return part
}

async function seeds(name, file, variable, count) {
  return { seeds: Number(count), ...(await run(name, file, { [variable]: count })) }
}

/** A compacted topic written, read, cleaned and killed. */
async function compaction() {
  const report = join(folder, 'compaction.report.json')
  const env = {
    OTTLA_COMPACTION_UPDATES: values.updates,
    OTTLA_COMPACTION_KILLS: '20',
    OTTLA_COMPACTION_SEED: values.seed,
    OTTLA_COMPACTION_REPORT: report,
  }
  const result = await run('compaction', 'test/interop/compaction.test.ts', env, 'vitest.interop.config.ts')
  const seen = result.failures.length > 0 ? {} : JSON.parse(readFileSync(report, 'utf8'))
  return { updates: Number(values.updates), ...seen, ...result }
}

const interop = 'vitest.interop.config.ts'
const readReport = (path) => JSON.parse(readFileSync(path, 'utf8'))

/** Of a kind of fault: how often, and how long nobody was acknowledged. */
function summaryOf(faults) {
  const summary = {}
  for (const kind of new Set(faults.map(({ fault }) => fault))) {
    const own = faults.filter(({ fault }) => fault === kind)
    const spread = (name) => {
      const sorted = own.flatMap((each) => each[name] ?? []).sort((a, b) => a - b)
      return sorted.length === 0 ? undefined : { median: sorted[Math.floor(sorted.length / 2)], longest: sorted.at(-1) }
    }
    summary[kind] = {
      count: own.length,
      gapMs: spread('gapMs'),
      partitionGapMs: spread('partitionGapMs'),
      otherPartitionGapMs: spread('otherPartitionGapMs'),
      leadersMs: spread('leadersMs'),
      restartMs: spread('restartMs'),
      inSyncMs: spread('inSyncMs'),
    }
  }
  return summary
}

/** Faults of a cluster's nodes under load, in random order. */
async function clusterFaults() {
  const part = { runs: 0, acknowledged: 0, seconds: 0, seeds: [], kinds: {}, failures: [] }
  const faults = []
  for (let seed = Number(values.seed); part.runs < Number(values['cluster-runs']); seed++) {
    const report = join(folder, `chaos-${seed}`)
    const kinds = values['cluster-kinds']
    const env = {
      OTTLA_CHAOS_FAULTS: '20',
      OTTLA_CHAOS_SEED: String(seed),
      OTTLA_CHAOS_REPORT: report,
      ...(kinds === undefined ? {} : { OTTLA_CHAOS_KINDS: kinds }),
    }
    const { seconds, failures } = await run(`chaos-${seed}`, 'test/interop/cluster-chaos.test.ts', env, interop)
    part.runs++
    part.seeds.push(seed)
    part.seconds += seconds
    part.failures.push(...failures)
    if (failures.length > 0) break
    for (const layout of ['combined', 'separate']) {
      const seen = readReport(`${report}.${layout}`)
      part.acknowledged += seen.acknowledged
      faults.push(...seen.faults)
    }
    part.kinds = summaryOf(faults)
    note('faults', part)
  }
  return part
}

/** Whole clusters on virtual time, one per seed. */
async function simulation() {
  const report = join(folder, 'simulation.report.json')
  const script = new URL('simulate.mjs', import.meta.url).pathname
  const words = [script, '--seeds', values['simulation-seeds'], '--keep-going', '--report', report]
  const child = spawn(process.execPath, words, { stdio: 'inherit' })
  const [code] = await once(child, 'close')
  return code === 0 || code === 1 ? readReport(report) : { failures: [`the simulation ended with ${code}`] }
}

async function rollingRestarts() {
  const report = join(folder, 'rolling.report.json')
  const env = { OTTLA_ROLLING_ROUNDS: values['rolling-rounds'], OTTLA_ROLLING_REPORT: report }
  const result = await run('rolling', 'test/interop/cluster-rolling.test.ts', env, interop)
  return { ...(result.failures.length > 0 ? {} : readReport(report)), ...result }
}

const forms = ['under Apache Kafka controllers', 'under ottla controllers', 'quorum of both']

async function mixedClusters() {
  const report = join(folder, 'mixed')
  const env = { OTTLA_MIXED_FORMS: forms.join(','), OTTLA_MIXED_CONTROLLERS: '3', OTTLA_MIXED_REPORT: report }
  const result = await run('mixed', 'test/interop/cluster-mixed.test.ts', env, interop)
  const seen =
    result.failures.length > 0 ? [] : forms.map((form) => readReport(`${report}.${form.replaceAll(' ', '-')}`))
  return { forms: seen, ...result }
}

async function catchUp() {
  const report = join(folder, 'catch-up.report.json')
  const env = { OTTLA_CATCH_UP_MEGABYTES: values['catch-up-megabytes'], OTTLA_CATCH_UP_REPORT: report, KAFKA_TIER: '4' }
  const result = await run('catch-up', 'test/interop/cluster-catch-up.test.ts', env, interop)
  return { ...(result.failures.length > 0 ? {} : readReport(report)), ...result }
}

const startedAt = new Date().toISOString()
const machine = `${cpus().length} x ${cpus()[0].model}, Node ${process.version}`
const parts = {}
let failed = 0
mkdirSync(dirname(values.output), { recursive: true })

/** What is done is kept, should the rest be cut off. */
function note(name, part) {
  parts[name] = part
  failed = Object.values(parts).reduce((sum, { failures }) => sum + failures.length, 0)
  writeFileSync(values.output, `${JSON.stringify({ startedAt, machine, failed, ...parts }, null, 2)}\n`)
}

const cleanerTest = 'test/log/cleaner/cleaner-model.test.ts'
const all = {
  crashes,
  raft: () => seeds('raft', 'test/raft/simulation.test.ts', 'SIMULATION_SEEDS', values['raft-seeds']),
  log: () => seeds('log', 'test/log/log-model.test.ts', 'LOG_SEEDS', values['log-seeds']),
  simulation,
  cleaner: () => seeds('cleaner', cleanerTest, 'CLEANER_SEEDS', values['cleaner-seeds']),
  compaction,
  faults: clusterFaults,
  rolling: rollingRestarts,
  mixed: mixedClusters,
  catchUp,
}
const names = values.parts.split(',')
const unknown = names.find((name) => !Object.hasOwn(all, name))
if (unknown !== undefined) {
  console.error(`--parts: ${unknown} is none of ${Object.keys(all).join(', ')}`)
  process.exit(2)
}
for (const name of names) note(name, await all[name]())
rmSync(folder, { recursive: true, force: true })
console.log(`${failed} failed; the result is in ${values.output}`)
process.exitCode = failed === 0 ? 0 : 1
