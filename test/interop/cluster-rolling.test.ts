/** A rolling restart of all nodes under load: no send, poll or commit fails after the clients' default retries. */
import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { rollingRun } from './cluster/rolling-run.ts'
import { combinedNodes } from './support/cluster.ts'

const rounds = Number(process.env.OTTLA_ROLLING_ROUNDS ?? 1)

test(`${rounds} rolling restarts under load`, { timeout: 600_000 * rounds }, async () => {
  const report = await rollingRun({ nodes: combinedNodes(3) }, rounds, (text) => console.log(text))
  if (process.env.OTTLA_ROLLING_REPORT !== undefined)
    writeFileSync(process.env.OTTLA_ROLLING_REPORT, JSON.stringify(report))
  console.log(`longest gap ${report.longestGapMs} ms, between polls ${report.longestPollGapMs} ms`)
  expect(report.failures).toEqual([])
  expect(report.restarts.length).toBe(3 * rounds)
  expect(report.commits).toBeGreaterThan(0)
})
