/**
 * A replica that moves to another log directory: while it is written and the broker is killed, and when the broker that
 * began the move is not the one that ends it, be it ottla or Apache Kafka.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DescribeLogDirsResponse } from '../../src/protocol/api/35-describe-log-dirs.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { forEachBatch } from '../../src/protocol/record/batch-cursor.ts'
import { baseOffset } from '../../src/protocol/record/batch-header.ts'
import { BrokerProcess } from './support/broker-process.ts'
import { KafkaOnDirectory } from './support/kafka-on-directory.ts'
import { WireClient } from './support/wire-client.ts'

const topic = 'moving'
const defaultSource = 5
const throttle = 'replica.alter.log.dirs.io.max.bytes.per.second'
let broker: BrokerProcess
let otherDirectory: string
let kafka: KafkaOnDirectory | undefined
let client: WireClient

beforeEach(async () => {
  otherDirectory = mkdtempSync(join(tmpdir(), 'ottla-interop-'))
  broker = await BrokerProcess.start([], [otherDirectory])
  client = await WireClient.connect(broker.port)
  expect(await client.createTopic(topic, 1)).toBe(0)
})

afterEach(async () => {
  client.close()
  await kafka?.kill()
  kafka = undefined
  await broker.dispose()
  rmSync(otherDirectory, { recursive: true, force: true })
})

async function reconnect(): Promise<void> {
  client.close()
  client = await WireClient.connect(broker.port)
}

/** Where the replica is, and where it goes to. */
async function places(): Promise<{ readonly present: string | undefined; readonly future: string | undefined }> {
  const topics = [{ topic, partitions: [0] }]
  const answer = (await client.call(apiKeys.DescribeLogDirs, 5, { topics })) as unknown as DescribeLogDirsResponse
  const replicas = answer.results.flatMap(({ logDir, topics: found }) =>
    found.flatMap(({ partitions }) => partitions.map(({ isFutureKey }) => ({ logDir, isFutureKey }))),
  )
  const find = (isFuture: boolean) => replicas.find(({ isFutureKey }) => isFutureKey === isFuture)?.logDir
  return { present: find(false), future: find(true) }
}

/** Sends the replica to the directory where it is not; resolves with that directory. */
async function move(): Promise<string> {
  const path = (await places()).present === broker.directory ? otherDirectory : broker.directory
  await client.call(apiKeys.AlterReplicaLogDirs, 2, { dirs: [{ path, topics: [{ name: topic, partitions: [0] }] }] })
  return path
}

async function untilMovedTo(path: string): Promise<void> {
  const deadlineMs = Date.now() + 120_000
  for (;;) {
    const { present, future } = await places()
    if (present === path && future === undefined) return
    if (Date.now() > deadlineMs) throw new Error(`the replica is in ${present}, and goes to ${future}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Bytes a second of all brokers; null for any. Resolves when the broker knows it. */
async function setThrottle(value: string | null): Promise<void> {
  const configs = [{ name: throttle, configOperation: value === null ? 1 : 0, value }]
  const resources = [{ resourceType: 4, resourceName: '', configs }]
  await client.call(apiKeys.IncrementalAlterConfigs, 1, { resources, validateOnly: false })
  const asked = [{ resourceType: 4, resourceName: '1', configurationKeys: [throttle] }]
  // Of Apache Kafka's own settings it tells what is set.
  for (let known: string | undefined = ''; known !== (value ?? undefined); ) {
    const answer = (await client.call(apiKeys.DescribeConfigs, 4, { resources: asked })) as unknown as {
      readonly results: readonly {
        readonly configs: readonly { readonly value: string; readonly configSource: number }[]
      }[]
    }
    known = answer.results[0]!.configs.find(({ configSource }) => configSource !== defaultSource)?.value
  }
}

async function writtenOffsets(): Promise<number[]> {
  const offsets: number[] = []
  for (;;) {
    const { errorCode, records } = await client.fetch(topic, 0, offsets.length)
    expect(errorCode).toBe(0)
    if (records.length === 0) return offsets
    forEachBatch(records, (bytes, at) => {
      offsets.push(baseOffset(bytes, at))
    })
  }
}

const value = Buffer.alloc(50_000, 'x')

async function write(count: number): Promise<void> {
  for (let index = 0; index < count; index++) expect((await client.produce(topic, 0, value)).errorCode).toBe(0)
}

test('nothing that was acknowledged is lost while it is written and the broker is killed again and again', async () => {
  let acknowledged = 0
  for (let round = 0; round < 6; round++) {
    await move()
    // Each round is killed a little later in the move.
    for (let index = 0; index < round * 4; index++) {
      const { errorCode, baseOffset: offset } = await client.produce(topic, 0, value)
      expect([errorCode, offset]).toEqual([0, acknowledged++])
    }
    await broker.kill()
    await broker.restart()
    await reconnect()
    expect(await writtenOffsets()).toEqual(Array.from({ length: acknowledged }, (_, index) => index))
  }
  const { present, future } = await places()
  await untilMovedTo(future ?? present!)
  expect(await writtenOffsets()).toHaveLength(acknowledged)
})

test('what ottla began Apache Kafka ends, and the other way round', async () => {
  await write(40)
  await setThrottle('100000')
  const away = await move()
  expect((await places()).future).toBe(away)
  await broker.kill()
  kafka = await KafkaOnDirectory.start(broker, { settings: [`log.dirs=${broker.directory},${otherDirectory}`] })
  await reconnect()
  await expect.poll(async () => (await places()).future).toBe(away)
  await setThrottle(null)
  await untilMovedTo(away)
  await write(20)
  expect(await writtenOffsets()).toHaveLength(60)
  await setThrottle('100000')
  const back = await move()
  expect((await places()).future).toBe(back)
  await kafka.kill()
  await broker.restart()
  await reconnect()
  await expect.poll(async () => (await places()).future).toBe(back)
  await setThrottle(null)
  await untilMovedTo(back)
  await write(1)
  expect(await writtenOffsets()).toEqual(Array.from({ length: 61 }, (_, index) => index))
})
