/**
 * A compacted topic under load: cleaned while it is written and read and while the broker is killed. The long run of
 * `npm run soak` sets OTTLA_COMPACTION_UPDATES and the like.
 */
import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compactionRun } from './compaction/compaction-run.ts'

const updates = Number(process.env.OTTLA_COMPACTION_UPDATES ?? 1_000_000)
const kills = Number(process.env.OTTLA_COMPACTION_KILLS ?? 4)
const seed = Number(process.env.OTTLA_COMPACTION_SEED ?? 1)
const reportPath = process.env.OTTLA_COMPACTION_REPORT
const segmentBytes = 16 * 1024 * 1024

test('updates of 100,000 keys: the final view is right, the disk stays within bounds', async () => {
  const report = await compactionRun({ updates, keys: 100_000, kills, seed, segmentBytes })
  if (reportPath !== undefined) writeFileSync(reportPath, JSON.stringify(report))
  expect(report.failures).toEqual([])
  expect(report.cleanings).toBeGreaterThan(updates / 1_000_000)
  // The segment that a cleaning writes, and what comes in meanwhile.
  const cleaningBytes = 2 * segmentBytes
  expect(report.diskBytesMax).toBeLessThan(2 * report.liveBytes + segmentBytes + cleaningBytes)
})
