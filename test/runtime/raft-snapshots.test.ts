/** Snapshots of the metadata log: written in slices, loaded at the start, kept and dropped as retention says. */
import { describe, expect, test } from 'vitest'
import { zeroUuid } from '../../src/base/uuid.ts'
import { decodeSnapshot } from '../../src/runtime/raft/raft-snapshots.ts'
import { RaftHarness, type RaftMachine, voterOf } from './raft-harness.ts'

const unlimited = { bytesMax: -1, ageMsMax: -1 }

async function started(): Promise<RaftHarness> {
  const harness = new RaftHarness()
  await harness.machine.format()
  await harness.machine.start()
  return harness
}

/** Every value so far, in batches of three. */
function* batchesOf(machine: RaftMachine): Iterable<Buffer[]> {
  const { values } = machine.listener
  for (let index = 0; index < values.length; index += 3) {
    yield values.slice(index, index + 3).map((value) => Buffer.from(value))
  }
}

async function snapshot(harness: RaftHarness): Promise<number> {
  const { machine } = harness
  const endOffset = machine.driver!.highWatermark
  await harness.drive(machine.driver!.writeSnapshot(endOffset, batchesOf(machine)))
  return endOffset
}

describe('a snapshot', () => {
  test('has header, voters, data and footer, and the name of its end', async () => {
    const harness = await started()
    const { machine } = harness
    for (let index = 0; index < 10; index++) await machine.append(`value ${index}`)
    await harness.clock.advanceAsync(1000)
    await snapshot(harness)
    const name = '00000000000000000013-0000000001.checkpoint'
    const content = decodeSnapshot(await machine.readFile(name), name)
    expect(content.settings?.kraftVersion).toBe(1)
    expect(content.settings?.voters.ids).toEqual([1])
    expect(content.lastContainedLogTimestamp).toBe(1_700_000_000_000)
    expect([...content.batches()].flat().map(String)).toEqual(machine.listener.values)
    expect((await machine.fileNames()).filter((file) => file.endsWith('.part'))).toEqual([])
  })

  test.each(['process', 'power'] as const)('is what a start begins with after the %s died', async (kind) => {
    const harness = await started()
    const { machine } = harness
    await machine.append('a', 'b')
    await snapshot(harness)
    await machine.append('c')
    machine.crash(kind)
    await machine.start()
    expect(machine.listener.heard[0]).toBe('snapshot 5-1 of 2')
    expect(machine.listener.values).toEqual(['a', 'b', 'c'])
    expect(await machine.append('d')).toBe(7)
  })

  test('of a quorum whose voter the configuration names says nothing of voters, and the voter leads again', async () => {
    const harness = new RaftHarness()
    const { machine } = harness
    const staticVoters = [{ ...voterOf(1), directoryId: zeroUuid }]
    await machine.makeRoot()
    await machine.start({ staticVoters })
    await machine.append('a', 'b')
    await snapshot(harness)
    await machine.append('c')
    machine.crash('process')
    await machine.start({ staticVoters })
    expect(machine.listener.heard[0]).toMatch(/^snapshot /)
    expect(machine.driver!.isLeader).toBe(true)
    await machine.append('d')
    expect(machine.listener.values).toEqual(['a', 'b', 'c', 'd'])
  })

  test('of a state that is being changed is not begun twice, and the same end is not written twice', async () => {
    const harness = await started()
    const { machine } = harness
    await machine.append('a')
    const driver = machine.driver!
    const both = [driver.writeSnapshot(4, batchesOf(machine)), driver.writeSnapshot(4, batchesOf(machine))]
    expect(await harness.drive(Promise.all(both))).toEqual([true, false])
    expect(await harness.drive(driver.writeSnapshot(4, batchesOf(machine)))).toBe(false)
    expect(driver.latestSnapshotEndOffset).toBe(4)
  })

  test('that its source breaks off leaves nothing behind', async () => {
    const harness = await started()
    const { machine } = harness
    await machine.append('a')
    function* breaking(): Iterable<Buffer[]> {
      yield [Buffer.from('a')]
      throw new Error('broken off')
    }
    const before = await machine.fileNames()
    await expect(harness.drive(machine.driver!.writeSnapshot(4, breaking()))).rejects.toThrow('broken off')
    expect(await machine.fileNames()).toEqual(before)
    expect(await harness.drive(machine.driver!.writeSnapshot(4, batchesOf(machine)))).toBe(true)
  })

  test('leaves the event loop to others between slices', async () => {
    const harness = await started()
    const { machine, clock } = harness
    await machine.append('a')
    let turnsCount = 0
    function* slow(): Iterable<Buffer[]> {
      for (let index = 0; index < 20; index++) {
        clock.advance(2)
        yield [Buffer.from(`${index}:${turnsCount}`)]
      }
    }
    const written = machine.driver!.writeSnapshot(4, slow())
    const counting = async () => {
      for (let round = 0; round < 1000; round++) {
        turnsCount++
        await Promise.resolve()
      }
    }
    await Promise.all([harness.drive(written), counting()])
    const file = '00000000000000000004-0000000001.checkpoint'
    const seen = [...decodeSnapshot(await machine.readFile(file), file).batches()]
      .flat()
      .map((value) => `${value}`.split(':')[1])
    expect(new Set(seen).size).toBeGreaterThan(5)
  })

  test('that is damaged is passed over for an older one and the log', async () => {
    const harness = await started()
    const { machine } = harness
    await machine.append('a')
    await snapshot(harness)
    await machine.append('b')
    await snapshot(harness)
    machine.crash('process')
    const name = '00000000000000000005-0000000001.checkpoint'
    const bytes = await machine.readFile(name)
    bytes[bytes.length - 90]! ^= 1
    await harness.drive(machine.disk.replaceFile(`/data/__cluster_metadata-0/${name}`, bytes))
    await machine.start({ retention: unlimited })
    expect(machine.listener.heard[0]).toBe('snapshot 4-1 of 1')
    expect(machine.listener.values).toEqual(['a', 'b'])
  })

  test.each([0, 1, 17, 61, 200])('cut by %d bytes is no snapshot', async (cut) => {
    const harness = await started()
    const { machine } = harness
    await machine.append('a')
    await snapshot(harness)
    const bytes = await machine.readFile('00000000000000000004-0000000001.checkpoint')
    const read = () => decodeSnapshot(bytes.subarray(0, bytes.length - cut), 'file')
    if (cut === 0) expect(read().sizeInBytes).toBe(bytes.length)
    else expect(read).toThrow('file')
  })
})

describe('retention', () => {
  async function withSnapshots(retention: { bytesMax: number; ageMsMax: number }): Promise<RaftHarness> {
    const harness = new RaftHarness()
    await harness.machine.format()
    await harness.machine.start({ retention })
    for (let round = 0; round < 4; round++) {
      await harness.machine.append(`${round}`.repeat(200))
      await harness.clock.advanceAsync(1000)
      await snapshot(harness)
      await harness.settle()
    }
    return harness
  }

  test('keeps everything when there is no limit', async () => {
    const { machine } = await withSnapshots(unlimited)
    const names = await machine.fileNames()
    expect(names.filter((name) => name.endsWith('.checkpoint'))).toHaveLength(5)
    expect(names.filter((name) => name.endsWith('.log'))).toHaveLength(5)
  })

  test('by size keeps the newest snapshot and the log from there on', async () => {
    const harness = await withSnapshots({ bytesMax: 1, ageMsMax: -1 })
    const { machine } = harness
    const names = await machine.fileNames()
    expect(names.filter((name) => name.endsWith('.checkpoint'))).toEqual(['00000000000000000007-0000000001.checkpoint'])
    expect(names.filter((name) => name.endsWith('.log'))).toEqual(['00000000000000000007.log'])
    const { values } = machine.listener
    await machine.append('last')
    machine.crash('power')
    await machine.start()
    expect(machine.listener.values).toEqual([...values.slice(0, 4), 'last'])
  })

  test('by age drops a snapshot that is too old when there is a newer one', async () => {
    const { machine } = await withSnapshots({ bytesMax: -1, ageMsMax: 3500 })
    const names = await machine.fileNames()
    expect(names.filter((name) => name.endsWith('.checkpoint'))).toEqual([
      '00000000000000000005-0000000001.checkpoint',
      '00000000000000000006-0000000001.checkpoint',
      '00000000000000000007-0000000001.checkpoint',
    ])
  })
})
