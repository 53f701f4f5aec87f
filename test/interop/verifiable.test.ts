/** Apache Kafka's own checking clients, with a kill -9 of the broker while they work. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BrokerProcess } from './support/broker-process.ts'
import { ToolProcess } from './support/tool-process.ts'

const count = 4000
let broker: BrokerProcess

beforeAll(async () => {
  broker = await BrokerProcess.start(['num.partitions=3'])
})

afterAll(async () => {
  await broker.dispose()
})

type Event = Record<string, unknown> & { readonly name: string }

const events = (tool: ToolProcess): Event[] => tool.lines.map((line) => JSON.parse(line))
const isNamed = (name: string) => (line: string) => line.includes(`"name":"${name}"`)

test('kafka-verifiable-producer gets every record acknowledged, kafka-verifiable-consumer reads and commits each once', async () => {
  // Left to itself the tool does not retry.
  const settings = join(broker.directory, 'producer.properties')
  writeFileSync(settings, 'retries=2147483647\nenable.idempotence=true\n')
  const producer = ToolProcess.java('org.apache.kafka.tools.VerifiableProducer', [
    ...['--bootstrap-server', broker.bootstrap, '--topic', 'verified', '--acks', '-1'],
    ...['--max-messages', String(count), '--throughput', '1500', '--command-config', settings],
  ])
  await producer.line((line) => line.includes('"value":"900"') && isNamed('producer_send_success')(line))
  await broker.kill()
  await broker.restart()
  expect(await producer.end()).toBe(0)
  const written = events(producer)
  expect(written.filter(({ name }) => name === 'producer_send_error')).toEqual([])
  expect(written.at(-1)).toMatchObject({ name: 'tool_data', sent: count, acked: count })
  const places = written.filter(({ name }) => name === 'producer_send_success')
  expect(new Set(places.map(({ partition, offset }) => `${partition}-${offset}`)).size).toBe(count)

  const consumer = ToolProcess.java('org.apache.kafka.tools.VerifiableConsumer', [
    ...['--bootstrap-server', broker.bootstrap, '--topic', 'verified', '--group-id', 'verifying', '--verbose'],
    ...['--reset-policy', 'earliest', '--max-messages', String(count)],
  ])
  await consumer.line(isNamed('offsets_committed'))
  await broker.kill()
  await broker.restart()
  expect(await consumer.end()).toBe(0)
  const read = events(consumer)
  const values = new Set(read.filter(({ name }) => name === 'record_data').map(({ value }) => value))
  expect(values.size).toBe(count)
  const commits = read.filter(({ name }) => name === 'offsets_committed')
  const last = new Map<unknown, unknown>()
  for (const { success, offsets } of commits as unknown as { success: boolean; offsets: Record<string, unknown>[] }[]) {
    if (success) for (const { partition, offset } of offsets) last.set(partition, offset)
  }
  expect([...last.values()].reduce((sum: number, offset) => sum + Number(offset), 0)).toBe(count)
})
