/** A disk that runs full, and files that cannot be read: one directory goes offline, nothing acknowledged is lost. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { errorCodes } from '../../src/protocol/errors.ts'
import { BrokerProcess } from './support/broker-process.ts'
import { SmallDisk } from './support/small-disk.ts'
import { type Produced, WireClient } from './support/wire-client.ts'

const recordSize = 100_000
let disk: SmallDisk
let broker: BrokerProcess | undefined
let client: WireClient

beforeEach(async () => {
  disk = await SmallDisk.mount(16, 8)
})

afterEach(async () => {
  client?.close()
  await broker?.dispose()
  broker = undefined
  await disk.unmount()
})

/** Records by the offset at which they were acknowledged. */
type Acknowledged = Map<number, Buffer>

async function produce(partition: number, acknowledged: Acknowledged): Promise<Produced> {
  const value = randomBytes(recordSize)
  const answer = await client.produce('orders', partition, value)
  if (answer.errorCode === 0) acknowledged.set(answer.baseOffset, value)
  return answer
}

/** Produces until the broker refuses; resolves with the refusal. Far more than the disk holds fails the test. */
async function fill(partition: number, acknowledged: Acknowledged, others?: () => Promise<void>): Promise<Produced> {
  for (let count = 0; count < 400; count++) {
    const answer = await produce(partition, acknowledged)
    if (answer.errorCode !== 0) return answer
    await others?.()
  }
  throw new Error('the disk did not run full')
}

async function expectThere(partition: number, acknowledged: Acknowledged): Promise<void> {
  const batches = await client.read('orders', partition)
  for (const [offset, value] of acknowledged) {
    expect(batches.get(offset)?.includes(value), `record ${offset} of partition ${partition}`).toBe(true)
  }
}

const lines = (pattern: RegExp) => broker!.output.split('\n').filter((line) => pattern.test(line))

describe('of two log directories the one that runs full', () => {
  const acknowledged: readonly [Acknowledged, Acknowledged] = [new Map(), new Map()]
  let full: number
  let sound: number

  /** A partition on each disk; the metadata lie on the sound one. */
  async function start(): Promise<void> {
    broker = await BrokerProcess.start([], [disk.path])
    client = await WireClient.connect(broker.port)
    expect(await client.createTopic('orders', 2, { 'segment.bytes': '2097152' })).toBe(0)
    full = existsSync(join(disk.path, 'orders-0')) ? 0 : 1
    sound = 1 - full
    for (const records of acknowledged) records.clear()
  }

  async function restart(): Promise<void> {
    client.close()
    await broker!.restart()
    client = await WireClient.connect(broker!.port)
  }

  test('goes offline while the other serves, and has all that was acknowledged once there is room', async () => {
    await start()
    const refusal = await fill(full, acknowledged[full]!, async () => {
      expect(await produce(sound, acknowledged[sound]!)).toMatchObject({ errorCode: 0 })
    })
    expect(refusal.errorCode).toBe(errorCodes.KAFKA_STORAGE_ERROR)
    expect(acknowledged[full]!.size).toBeGreaterThan(10)
    await expect.poll(() => lines(/ERROR/)).toHaveLength(1)
    expect(lines(/ERROR/)[0]).toContain(disk.path)
    expect(lines(/ERROR/)[0]).toMatch(/a log directory goes offline.*ENOSPC/)

    expect((await produce(full, acknowledged[full]!)).errorCode).toBe(errorCodes.KAFKA_STORAGE_ERROR)
    expect((await client.fetch('orders', full, 0)).errorCode).toBe(errorCodes.KAFKA_STORAGE_ERROR)
    expect(await client.listOffsets('orders', full)).toBe(errorCodes.KAFKA_STORAGE_ERROR)
    await expect
      .poll(async () => (await client.metadata('orders'))[full])
      .toMatchObject({ errorCode: errorCodes.LEADER_NOT_AVAILABLE, leaderId: -1, offlineReplicas: [1] })
    expect((await client.metadata('orders'))[sound]).toMatchObject({ errorCode: 0, leaderId: 1, offlineReplicas: [] })
    expect((await produce(sound, acknowledged[sound]!)).errorCode).toBe(0)
    await expectThere(sound, acknowledged[sound]!)
    expect(await client.createTopic('later', 2)).toBe(0)
    expect((await client.produce('later', 1, randomBytes(10))).errorCode).toBe(0)

    expect(await broker!.stop()).toBe(0)
    expect(existsSync(join(disk.path, '.kafka_cleanshutdown'))).toBe(false)
    // Still full: the other goes on all the same.
    await restart()
    await expectThere(sound, acknowledged[sound]!)
    expect((await produce(sound, acknowledged[sound]!)).errorCode).toBe(0)
    await broker!.stop()
    disk.dropBallast()
    await restart()
    for (const partition of [full, sound]) {
      await expectThere(partition, acknowledged[partition]!)
      expect((await produce(partition, acknowledged[partition]!)).errorCode).toBe(0)
    }
    expect((await client.metadata('orders')).map(({ leaderId }) => leaderId)).toEqual([1, 1])
  })

  test('has all that was acknowledged after kill -9 too', async () => {
    await start()
    await fill(full, acknowledged[full]!)
    await broker!.kill()
    disk.dropBallast()
    await restart()
    await expectThere(full, acknowledged[full]!)
    expect((await produce(full, acknowledged[full]!)).errorCode).toBe(0)
  })

  test('is missing at a start: its partition waits for it, and is not begun anew', async () => {
    await start()
    for (const partition of [full, sound]) await produce(partition, acknowledged[partition]!)
    await broker!.kill()
    const meta = join(disk.path, 'meta.properties')
    renameSync(meta, `${meta}.away`)
    mkdirSync(meta)
    await restart()
    expect(lines(/ERROR.*a log directory cannot be used/)).toHaveLength(1)
    expect((await client.metadata('orders'))[full]).toMatchObject({ leaderId: -1, offlineReplicas: [1] })
    expect((await produce(full, new Map())).errorCode).toBe(errorCodes.KAFKA_STORAGE_ERROR)
    expect((await produce(sound, acknowledged[sound]!)).errorCode).toBe(0)
    await broker!.kill()
    rmdirSync(meta)
    renameSync(`${meta}.away`, meta)
    await restart()
    for (const partition of [full, sound]) await expectThere(partition, acknowledged[partition]!)
  })
})

test('the only log directory runs full: the process ends and says why, and has everything when there is room', async () => {
  broker = await BrokerProcess.start([`log.dirs=${disk.path}`])
  client = await WireClient.connect(broker.port)
  expect(await client.createTopic('orders', 1)).toBe(0)
  const acknowledged: Acknowledged = new Map()
  const refusal = await fill(0, acknowledged).catch((error: Error) => error)
  if (!(refusal instanceof Error)) expect(refusal.errorCode).toBe(errorCodes.KAFKA_STORAGE_ERROR)
  else expect(refusal.message).toBe('the broker closed the connection')
  expect(await broker.ended()).toBe(1)
  expect(lines(/ERROR.*a log directory goes offline.*ENOSPC/)).toHaveLength(1)
  expect(lines(/ERROR.*stopping: no log directory is left.*ENOSPC/)).toHaveLength(1)
  expect(lines(/^(?!\d{4}-)./), 'no stack').toEqual([])
  disk.dropBallast()
  await broker.restart()
  client = await WireClient.connect(broker.port)
  await expectThere(0, acknowledged)
  expect((await produce(0, acknowledged)).errorCode).toBe(0)
})
