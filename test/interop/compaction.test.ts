/**
 * A compacted topic under load: cleaned while it is written and read and while the broker is killed. The long run of
 * `npm run soak` sets OTTLA_COMPACTION_UPDATES and the like.
 */
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createTopic } from '../../src/client/admin-topics.ts'
import { commitOffsets, fetchOffsets } from '../../src/client/group-offsets.ts'
import { KafkaClient } from '../../src/client/kafka-client.ts'
import { compactionRun } from './compaction/compaction-run.ts'
import { BrokerProcess } from './support/broker-process.ts'

const updates = Number(process.env.OTTLA_COMPACTION_UPDATES ?? 1_000_000)
const kills = Number(process.env.OTTLA_COMPACTION_KILLS ?? 4)
const seed = Number(process.env.OTTLA_COMPACTION_SEED ?? 1)
const reportPath = process.env.OTTLA_COMPACTION_REPORT
const segmentBytes = 16 * 1024 * 1024
const noted: Record<string, unknown> = {}

function note(part: Record<string, unknown>): void {
  Object.assign(noted, part)
  if (reportPath !== undefined) writeFileSync(reportPath, JSON.stringify(noted))
}

test('updates of 100,000 keys: the final view is right, the disk stays within bounds', async () => {
  const report = await compactionRun({ updates, keys: 100_000, kills, seed, segmentBytes, rate: 40_000 })
  note({ run: report })
  expect(report.failures).toEqual([])
  expect(report.cleanings).toBeGreaterThan(updates / 1_000_000)
  // The segment that a cleaning writes, and what comes in meanwhile.
  const cleaningBytes = 2 * segmentBytes
  expect(report.diskBytesMax).toBeLessThan(2 * report.liveBytes + segmentBytes + cleaningBytes)
})

test('another partition is served meanwhile; how fast, beside a topic that is not compacted, is for the report', async () => {
  const load = { updates: Math.min(updates, 1_000_000) / 4, keys: 100_000, kills: 0, seed, segmentBytes, rate: 30_000 }
  const compacted = await compactionRun(load)
  const plain = await compactionRun({ ...load, isCompacted: false })
  note({ latencyMs: { compacted: compacted.latencyMs, plain: plain.latencyMs } })
  expect([compacted.failures, plain.failures]).toEqual([[], []])
  expect(compacted.cleanings).toBeGreaterThan(0)
  expect([compacted.latenciesCount, plain.latenciesCount].every((count) => count > 50)).toBe(true)
})

test('a long time of commits does not fill the disk, and the last ones are there after a crash', async () => {
  const partitions = Array.from({ length: 20 }, (_, partition) => ({ topic: 'read', partition }))
  const broker = await BrokerProcess.start([
    'offsets.topic.num.partitions=1',
    'offsets.topic.segment.bytes=1048576',
    'log.cleaner.backoff.ms=100',
    'log.cleaner.min.cleanable.ratio=0.1',
  ])
  const client = new KafkaClient({ bootstrap: [{ host: '127.0.0.1', port: broker.port }] })
  const directory = join(broker.directory, '__consumer_offsets-0')
  const size = (): number => {
    const sizes = readdirSync(directory).map((name) => statSync(join(directory, name), { throwIfNoEntry: false })?.size)
    return sizes.reduce<number>((sum, each) => sum + (each ?? 0), 0)
  }
  try {
    await createTopic(client, { name: 'read', numPartitions: partitions.length, replicationFactor: 1 })
    for (let offset = 0; offset <= 4000; offset++) {
      await commitOffsets(
        client,
        `group-${offset % 2}`,
        partitions.map((each) => ({ ...each, offset })),
      )
    }
    // 80,020 commits take 10 MB. The active segment and the one before are not cleaned yet, or just being so.
    const deadlineMs = Date.now() + 120_000
    while (size() > 2.5 * 1024 * 1024 && Date.now() < deadlineMs) await new Promise((wake) => setTimeout(wake, 100))
    expect(size()).toBeLessThan(2.5 * 1024 * 1024)
    await broker.kill()
    await broker.restart()
    for (const [group, last] of [
      ['group-0', 4000],
      ['group-1', 3999],
    ] as const) {
      const found = await fetchOffsets(client, group, partitions)
      expect(found.map(({ offset }) => offset)).toEqual(partitions.map(() => last))
    }
  } finally {
    client.close()
    await broker.dispose()
  }
})
