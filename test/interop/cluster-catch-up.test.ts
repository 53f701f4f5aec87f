/** A follower that was away comes back into the in-sync replicas while the leaders serve. */
import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { catchUpRun } from './cluster/catch-up-run.ts'

const megabytes = Number(process.env.OTTLA_CATCH_UP_MEGABYTES ?? 200)

test(`a follower catches up with ${megabytes} MB`, { timeout: 600_000 + 1000 * megabytes }, async () => {
  const report = await catchUpRun(megabytes * 1_000_000)
  console.log(JSON.stringify(report))
  if (process.env.OTTLA_CATCH_UP_REPORT !== undefined)
    writeFileSync(process.env.OTTLA_CATCH_UP_REPORT, JSON.stringify(report))
  expect(report.failures).toEqual([])
})
