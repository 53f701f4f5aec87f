/**
 * npm run bench:micro [-- --only crc --repeats 9 --json bench/results/micro.json]
 *
 * What each step of the hot paths costs by itself: codecs, CRC, encoding and decoding, append and read of a log on this
 * disk. A case runs until it has taken `sliceMs`, several times over; the figures are CPU time of this process (user and
 * system, all threads), which a busy machine disturbs less than the clock on the wall. Run `npm run build` first.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { codecCases, crcCases } from './micro-bytes.mjs'
import { fetchCases } from './micro-fetch.mjs'
import { logCases } from './micro-log.mjs'
import { messageCases } from './micro-messages.mjs'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    repeats: { type: 'string', default: '7' },
    json: { type: 'string', default: 'bench/results/micro.json' },
  },
})
const repeats = Number(options.repeats)
const sliceMs = 60

/** Microseconds of CPU that `count` runs take. */
async function timed(run, count) {
  const before = process.cpuUsage()
  for (let index = 0; index < count; index++) {
    const result = run()
    if (result instanceof Promise) await result
  }
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** How often a case runs in a slice; warms it up on the way. */
async function calibrate(run) {
  let count = 1
  for (;;) {
    const taken = await timed(run, count)
    if (taken >= (sliceMs * 1000) / 2) return Math.max(1, Math.round((count * sliceMs * 1000) / taken))
    count = Math.ceil(count * Math.min(10, Math.max(2, (sliceMs * 1000) / Math.max(1, taken))))
  }
}

async function measure({ name, sizeInBytes, operations = 1, run }) {
  const count = await calibrate(run)
  const nanoseconds = []
  for (let repeat = 0; repeat < repeats; repeat++)
    nanoseconds.push(((await timed(run, count)) * 1000) / count / operations)
  nanoseconds.sort((left, right) => left - right)
  const median = nanoseconds[Math.floor(repeats / 2)]
  return {
    name,
    operationsPerSecond: 1e9 / median,
    megabytesPerSecond: sizeInBytes === undefined ? undefined : (sizeInBytes * 1000) / median,
    nanosecondsMin: nanoseconds[0],
    nanosecondsMedian: median,
    nanosecondsMax: nanoseconds[repeats - 1],
  }
}

const shown = (value) => (value === undefined ? '-' : value >= 1000 ? String(Math.round(value)) : value.toPrecision(3))
const nameWidth = 54

function printRow(name, ...cells) {
  console.log(name.padEnd(nameWidth) + cells.map((cell) => cell.padStart(12)).join(''))
}

const directory = mkdtempSync(join(tmpdir(), 'ottla-micro-'))
const results = []
try {
  printRow('', 'ops/s', 'MB/s', 'ns min', 'ns median', 'ns max')
  for (const cases of [crcCases(), codecCases(), messageCases(), fetchCases(), logCases(directory)]) {
    for await (const each of cases) {
      if (!each.name.includes(options.only)) continue
      const result = await measure(each)
      results.push(result)
      printRow(
        result.name,
        shown(result.operationsPerSecond),
        shown(result.megabytesPerSecond),
        shown(result.nanosecondsMin),
        shown(result.nanosecondsMedian),
        shown(result.nanosecondsMax),
      )
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}
const machine = {
  cpu: cpus()[0].model,
  cores: cpus().length,
  memoryGigabytes: Math.round(totalmem() / 2 ** 30),
  node: process.version,
}
mkdirSync(dirname(options.json), { recursive: true })
writeFileSync(
  options.json,
  `${JSON.stringify({ date: new Date().toISOString(), machine, repeats, results }, null, 2)}\n`,
)
console.log(`every figure is in ${options.json}`)
process.exit(0)
