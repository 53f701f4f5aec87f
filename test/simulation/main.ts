/**
 * What scripts/simulate.mjs (npm run simulate) runs: whole clusters in one process on virtual time, one per seed. The first
 * seed that breaks a promise tells its story and ends the program with 1. `--twice` runs each seed again and compares the
 * traces.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import '../overwrite-released-frames.ts'
import { type SimulationResult, simulate, Violation } from './simulation.ts'

const storyLinesMax = 120
/** Longer than any session or election. */
const slowHealingMs = 15_000

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '0' },
    seeds: { type: 'string', default: '1' },
    verbose: { type: 'boolean', default: false },
    twice: { type: 'boolean', default: false },
    report: { type: 'string' },
    /** Goes on after a violation. */
    'keep-going': { type: 'boolean', default: false },
  },
})

async function runSeed(seed: number): Promise<SimulationResult> {
  const onStory = (story: string): void => {
    if (values.verbose) console.log(story)
  }
  const result = await simulate({ seed, isVerbose: values.verbose, onStory })
  if (!values.twice) return result
  const again = await simulate({ seed, isVerbose: values.verbose })
  if (again.traceHash !== result.traceHash)
    throw new Violation(`two runs differ: ${result.traceHash} and ${again.traceHash}`, '')
  return result
}

function tellViolation(seed: number, error: unknown): void {
  const { message, stack } = error as Error
  const story = error instanceof Violation ? error.story.split('\n') : [stack ?? '']
  const shown = values.verbose ? story : story.slice(-storyLinesMax)
  console.log(`seed ${seed} VIOLATES: ${message}\n`)
  if (shown.length < story.length) console.log(`... ${story.length - shown.length} lines more with --verbose`)
  console.log(shown.join('\n'))
  console.log(`\nseed ${seed} VIOLATES: ${message}\nagain: npm run simulate -- --seed ${seed} --verbose`)
}

const first = Number(values.seed)
const count = Number(values.seeds)
const startedMs = Date.now()
const results: SimulationResult[] = []
const failures: { readonly seed: number; readonly message: string }[] = []
for (let seed = first; seed < first + count; seed++) {
  try {
    const result = await runSeed(seed)
    results.push(result)
    if (count === 1) console.log(result)
    else if (result.healingMs > slowHealingMs) console.log(`seed ${seed} took ${result.healingMs} ms to heal`)
  } catch (error) {
    failures.push({ seed, message: (error as Error).message })
    if (values['keep-going']) console.log(`seed ${seed} VIOLATES: ${(error as Error).message}`)
    else tellViolation(seed, error)
    if (!values['keep-going']) break
  }
}
const seconds = (Date.now() - startedMs) / 1000
const sum = (pick: (result: SimulationResult) => number): number =>
  results.reduce((total, result) => total + pick(result), 0)
const figures = {
  seeds: results.length,
  virtualHours: sum(({ virtualMs }) => virtualMs) / 3_600_000,
  events: sum(({ eventsCount }) => eventsCount),
  acknowledged: sum(({ acknowledgedCount }) => acknowledgedCount),
  consumed: sum(({ consumedCount }) => consumedCount),
  commits: sum(({ commitsCount }) => commitsCount),
  shares: sum(({ sharesCount }) => sharesCount),
  scribbled: sum(({ scribbledCount }) => scribbledCount),
  faults: sum(({ faultsCount }) => faultsCount),
  powerLosses: sum(({ powerLossesCount }) => powerLossesCount),
  changes: sum(({ changesCount }) => changesCount),
  quorumLeaders: sum(({ quorumLeadersCount }) => quorumLeadersCount),
  partitionLeaders: sum(({ partitionLeadersCount }) => partitionLeadersCount),
  healingMsMax: Math.max(0, ...results.map(({ healingMs }) => healingMs)),
}
if (values.report === undefined) console.log({ first, seconds, ...figures, failures })
else writeFileSync(values.report, JSON.stringify({ figures, failures }))
process.exit(failures.length === 0 ? 0 : 1)
