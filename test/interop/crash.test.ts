/** The broker is killed at random moments under load; nothing that was acknowledged may be lost, doubled or reordered. */
import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { crashRun, disorder, missing } from './crash/crash-run.ts'

const rounds = Number(process.env.OTTLA_CRASH_ROUNDS ?? 30)
const seed = Number(process.env.OTTLA_CRASH_SEED ?? Math.floor(Math.random() * 1_000_000))

test(`${rounds} rounds of SIGKILL under load, seed ${seed}`, { timeout: 40_000 * rounds }, async () => {
  const report = await crashRun({ seed, rounds, onRound: (text) => console.log(text) })
  if (process.env.OTTLA_CRASH_REPORT !== undefined)
    writeFileSync(process.env.OTTLA_CRASH_REPORT, JSON.stringify(report))
  expect(report.failures).toEqual([])
  expect(report.kills + report.cleanStops).toBeGreaterThanOrEqual(rounds)
  // The load was there: every round had acknowledgements, and the group read and resumed.
  expect(report.acknowledged).toBeGreaterThan(rounds * 100)
  expect(report.groupReads).toBeGreaterThan(0)
  expect(report.resumes).toBeGreaterThanOrEqual(Math.floor(rounds / 3))
})

describe('the checks find', () => {
  test('a lost, a moved and a replaced record', () => {
    const at = (offset: number, sequence: number) => ({ topic: 't', partition: 0, offset, sequence })
    expect(
      missing(
        [
          [0, 0],
          [1, 4],
        ],
        [at(0, 0), at(1, 4)],
      ),
    ).toEqual([])
    expect(missing([[0, 0]], [at(0, 0), at(1, 4)]).length).toBe(1)
    expect(
      missing(
        [
          [0, 4],
          [1, 0],
        ],
        [at(0, 0), at(1, 4)],
      ).length,
    ).toBe(2)
  })

  test('a gap, a double and a wrong order of an idempotent producer', () => {
    expect(
      disorder(
        [
          [0, 0],
          [1, 4],
          [2, 8],
        ],
        4,
      ),
    ).toEqual([])
    expect(
      disorder(
        [
          [0, 0],
          [1, 8],
        ],
        4,
      ).length,
    ).toBe(1)
    expect(
      disorder(
        [
          [0, 0],
          [1, 0],
          [2, 4],
        ],
        4,
      ).length,
    ).toBe(1)
    expect(
      disorder(
        [
          [0, 4],
          [1, 0],
        ],
        4,
      ).length,
    ).toBe(1)
    expect(
      disorder(
        [
          [0, 0],
          [2, 4],
        ],
        4,
      ).length,
    ).toBe(1)
  })

  test('a wrong order of a plain producer, which may repeat itself', () => {
    expect(
      disorder(
        [
          [0, 0],
          [1, 4],
          [2, 0],
          [3, 4],
          [4, 8],
        ],
        undefined,
      ),
    ).toEqual([])
    expect(
      disorder(
        [
          [0, 0],
          [1, 8],
          [2, 4],
        ],
        undefined,
      ).length,
    ).toBe(1)
  })
})
