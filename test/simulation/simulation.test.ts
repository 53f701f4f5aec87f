/**
 * The simulation of whole clusters, as `npm run simulate` runs it: bundled once, in processes of their own, so that a seed
 * does here what it does there. Here a few; `npm run simulate -- --ci` runs 500, and `npm run soak` 10,000. A failing
 * seed prints its story. Rules that are broken on purpose, in docs/TESTING.md, are noticed; those that take many seeds are
 * left out here.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { bundleSimulation } from './bundle.mjs'
import { plantedBugs } from './planted-bugs.mjs'

interface Run {
  readonly code: number | null
  readonly output: string
}

function run(program: string, words: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('close', (code) => resolve({ code, output: Buffer.concat(chunks).toString() }))
  })
}

const sound = bundleSimulation()
const timeoutMs = 600_000

test(
  'clusters keep what they promised, whatever happens to them, and every run of a seed is the same',
  async () => {
    const { code, output } = await run(await sound, ['--seeds', '8', '--twice'])
    expect(code, output).toBe(0)
  },
  timeoutMs,
)

// Any change of the sources moves what happens in a seed: a few more than the one of the list are tried.
const seedsMore = 20

describe('the simulation notices', () => {
  const soonFound = plantedBugs.filter(({ seed }) => typeof seed === 'number' && seed < 10)
  test.each(soonFound)('$name: $what', { timeout: timeoutMs }, async ({ name, seed }) => {
    const { code, output } = await run(await bundleSimulation(name), ['--seeds', String(Number(seed) + seedsMore)])
    expect(code, output).toBe(1)
    expect(output).toContain('VIOLATES')
  })

  test('the list of docs/TESTING.md is that of the bugs that are planted', () => {
    const page = readFileSync(new URL('../../docs/TESTING.md', import.meta.url), 'utf8')
    for (const { name, what, seed } of plantedBugs) expect(page).toContain(`| \`${name}\` | ${what} | ${seed} |`)
  })
})
