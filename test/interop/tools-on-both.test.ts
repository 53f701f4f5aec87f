/**
 * The stock tools print against ottla what they print against Apache Kafka: the same commands on both, and their output
 * compared word for word, but for what differs from run to run: times and speeds, ids, ports.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ReferenceBroker } from './conformance/reference-broker.ts'
import { BrokerProcess } from './support/broker-process.ts'
import { javaTool } from './support/run-tool.ts'

const tools = 'org.apache.kafka.tools'
let ottla: BrokerProcess
let kafka: ReferenceBroker

beforeAll(async () => {
  ottla = await BrokerProcess.start(['num.partitions=1'])
  kafka = await ReferenceBroker.start()
})

afterAll(async () => {
  await ottla?.dispose()
  await kafka?.dispose()
})

/** Every number of a line that tells a speed or a time becomes N, every id ID. */
function withoutChance(output: string): string[] {
  const lines = output
    .replaceAll(/127\.0\.0\.1:\d+/g, 'BROKER')
    .replaceAll(/\b[\w-]{22}\b/g, 'ID')
    .trim()
    .split('\n')
  return lines.map((line) => {
    const isMeasured = /records\/sec|MB\.sec|Avg latency|Percentiles|^\d{4}-\d\d-\d\d |CreateTime|^\d+\t/.test(line)
    return isMeasured ? line.replaceAll(/[\d:.-]*\d/g, 'N') : line.trimEnd()
  })
}

/** Runs a tool on both; returns what it printed. */
async function same(className: string, words: readonly string[], input = ''): Promise<string[]> {
  const run = (port: number) =>
    javaTool(
      `${tools}.${className}`,
      words.map((word) => word.replace('BROKER', `127.0.0.1:${port}`)),
      input,
    )
  const [ours, theirs] = await Promise.all([run(ottla.port), run(kafka.port)])
  expect(withoutChance(ours), className).toEqual(withoutChance(theirs))
  return withoutChance(ours)
}

test('topics, perf tools, consumers, offsets, records deleted, groups', async () => {
  const server = ['--bootstrap-server', 'BROKER']
  await same('TopicCommand', [
    ...server,
    '--create',
    '--topic',
    'both',
    '--partitions',
    '2',
    '--config',
    'retention.ms=1000000',
  ])
  await same('TopicCommand', [...server, '--describe', '--topic', 'both'])
  // Of one partition: which of several a record goes to is left to chance.
  await same('TopicCommand', [...server, '--create', '--topic', 'one', '--partitions', '1'])
  const produced = await same('ProducerPerformance', [
    ...['--topic', 'one', '--num-records', '1000', '--record-size', '100', '--throughput', '-1'],
    // One line at the end, however long it takes.
    ...[...server, '--command-property', 'acks=all', '--reporting-interval', '600000'],
  ])
  expect(produced.at(-1)).toContain('records sent')
  const consumed = await same('ConsumerPerformance', [
    ...[...server, '--topic', 'one', '--num-records', '1000', '--timeout', '120000'],
  ])
  expect(consumed[0]).toContain('data.consumed.in.MB')
  await same('consumer.ConsoleConsumer', [
    ...[...server, '--topic', 'one', '--group', 'readers', '--from-beginning', '--max-messages', '1000'],
    ...['--formatter-property', 'print.value=false', '--formatter-property', 'print.key=true'],
  ])
  await same('EndToEndLatency', [
    ...server,
    '--topic',
    'one',
    '--num-records',
    '50',
    '--producer-acks',
    'all',
    '--record-size',
    '100',
  ])
  await same('GetOffsetShell', [...server, '--topic', 'one', '--time', 'earliest'])
  const file = join(ottla.directory, 'offsets.json')
  writeFileSync(file, JSON.stringify({ partitions: [{ topic: 'one', partition: 0, offset: 1 }], version: 1 }))
  await same('DeleteRecordsCommand', [...server, '--offset-json-file', file])
  await same('GetOffsetShell', [...server, '--topic-partitions', 'one:0', '--time', 'earliest'])
  await same('consumer.group.ConsumerGroupCommand', [...server, '--delete', '--group', 'readers'])
  await same('TopicCommand', [...server, '--delete', '--topic', 'both'])
  await same('TopicCommand', [...server, '--list', '--exclude-internal'])
})
