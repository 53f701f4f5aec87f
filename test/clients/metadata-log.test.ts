import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigResourceTypes, Kafka, logLevel } from 'kafkajs'
import { expect, test } from 'vitest'
import { StartedNode } from './started-node.ts'

test('snapshots and retention keep the metadata log small, and a restart knows all of it', async () => {
  const node = await StartedNode.start({
    'metadata.log.max.record.bytes.between.snapshots': '4000',
    'internal.metadata.log.segment.bytes': '8388608',
    'metadata.max.retention.bytes': '10000',
  })
  const directory = join(node.directory, '__cluster_metadata-0')
  const sizes = (suffix: string) =>
    readdirSync(directory)
      .filter((name) => name.endsWith(suffix))
      .map((name) => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0)
  const total = (parts: readonly number[]) => parts.reduce((sum, size) => sum + size, 0)
  const admin = new Kafka({ brokers: [node.bootstrap], logLevel: logLevel.NOTHING, connectionTimeout: 30_000 }).admin()
  await admin.connect()
  const topics = ['kept-0', 'kept-1', 'kept-2']
  await admin.createTopics({ topics: topics.map((topic) => ({ topic })) })
  for (let count = 0; count < 150; count++) {
    const configEntries = [{ name: 'retention.ms', value: `${100_000 + count}` }]
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: topics[count % 3]!, configEntries }]
    await admin.alterConfigs({ validateOnly: false, resources })
  }
  await expect.poll(() => total(sizes('.log')) + total(sizes('.checkpoint'))).toBeLessThan(16_000)
  expect(sizes('.checkpoint').length).toBeGreaterThan(0)
  await node.restart()
  expect((await admin.listTopics()).sort()).toEqual(topics)
  await admin.disconnect()
  await node.dispose()
})
