/** One node: a quorum of one on a disk that may fail, and Apache Kafka's own metadata log as a start. */
import { describe, expect, test } from 'vitest'
import { zeroUuid } from '../../src/base/uuid.ts'
import { KafkaError } from '../../src/protocol/errors.ts'
import { kafkaFixture, RaftHarness, voterOf } from './raft-harness.ts'

async function standalone(): Promise<RaftHarness> {
  const harness = new RaftHarness()
  await harness.machine.format()
  return harness
}

describe('a lone voter', () => {
  test('leads at once, and tells so after everything before its epoch', async () => {
    const { machine } = await standalone()
    await machine.start()
    expect(machine.driver!.isLeader).toBe(true)
    expect(machine.listener.heard).toEqual([
      'leader -1 of epoch 0',
      'leader -1 of epoch 1',
      'leader 1 of epoch 1',
      'committed 0-2 of epoch 1',
      'leads epoch 1',
    ])
  })

  test('commits each append as one batch, in order, with the offset that append gave', async () => {
    const { machine } = await standalone()
    await machine.start()
    expect(await machine.append('a', 'b')).toBe(4)
    expect(await machine.append('c')).toBe(5)
    const batches = machine.listener.batches.slice(1)
    expect(batches.map(({ baseOffset, lastOffset }) => [baseOffset, lastOffset])).toEqual([
      [3, 4],
      [5, 5],
    ])
    expect(batches.map(({ records }) => records.map(String))).toEqual([['a', 'b'], ['c']])
    expect(machine.driver!.highWatermark).toBe(6)
  })

  test('delivers nothing before it is on the disk', async () => {
    const harness = await standalone()
    const { machine } = harness
    const driver = await machine.start()
    const isDelivered = () => machine.listener.values.includes('a')
    driver.append([Buffer.from('a')])
    expect(isDelivered()).toBe(false)
    for (let round = 0; round < 2000 && !isDelivered(); round++) {
      await Promise.resolve()
      harness.clock.runTurn()
    }
    machine.crash('power')
    await machine.start()
    expect(machine.listener.values).toEqual(['a'])
  })

  test('shares a flush among the appends of one turn', async () => {
    const harness = await standalone()
    const { machine } = harness
    const driver = await machine.start()
    const before = machine.disk.operationsCount
    await machine.append('one')
    const operationsForOne = machine.disk.operationsCount - before
    for (let index = 0; index < 100; index++) driver.append([Buffer.from(`${index}`)])
    await harness.settle()
    expect(machine.listener.values).toHaveLength(101)
    expect(machine.disk.operationsCount - before).toBeLessThanOrEqual(3 * operationsForOne)
  })

  test('an append from within the listener follows the batch that caused it', async () => {
    const harness = await standalone()
    const { machine } = harness
    const driver = await machine.open()
    const { onCommitted } = machine.listener
    machine.listener.onCommitted = (batch) => {
      onCommitted.call(machine.listener, batch)
      if (batch.records.length > 0 && machine.listener.values.length < 4) {
        driver.append([Buffer.from(`after ${batch.lastOffset}`)])
      }
    }
    driver.start()
    await harness.settle()
    await machine.append('first')
    expect(machine.listener.values).toEqual(['first', 'after 3', 'after 4', 'after 5'])
  })

  test('refuses appends before it leads and after it resigned', async () => {
    const harness = await standalone()
    const { machine } = harness
    const driver = await machine.open()
    const append = () => driver.append([Buffer.from('x')])
    expect(append).toThrow(KafkaError)
    driver.start()
    await harness.settle()
    driver.resign(1)
    expect(machine.listener.heard.at(-1)).toBe('resigns epoch 1')
    expect(append).toThrow('is resigned')
    await harness.until(() => driver.isLeader)
    expect(driver.epoch).toBeGreaterThan(1)
  })

  test.each(['process', 'power'] as const)('replays all that was committed after the %s died', async (kind) => {
    const harness = await standalone()
    const { machine } = harness
    await machine.start()
    for (let index = 0; index < 50; index++) await machine.append(`value ${index}`)
    const { values } = machine.listener
    machine.crash(kind)
    const driver = await machine.start()
    expect(machine.listener.values).toEqual(values)
    expect(driver.epoch).toBe(2)
    expect(machine.listener.heard.slice(-2)).toEqual(['committed 53-53 of epoch 2', 'leads epoch 2'])
    await machine.append('more')
    expect(machine.listener.values.at(-1)).toBe('more')
  })

  test('answers nobody before it started, nor once it stopped', async () => {
    const harness = await standalone()
    const driver = await harness.machine.open()
    const heard: string[] = []
    const ask = () => {
      const request = { kind: 'endQuorumEpoch', clusterId: null, leaderId: 2, epoch: 9 } as const
      const whole = { ...request, preferredCandidates: [], endpoints: [] }
      driver.handleRequest(
        whole,
        ({ error }) => heard.push(error),
        () => heard.push('nobody'),
      )
    }
    ask()
    expect([heard, driver.epoch]).toEqual([['nobody'], 0])
    driver.start()
    await harness.settle()
    ask()
    await harness.settle()
    await harness.drive(driver.close())
    ask()
    expect(heard).toEqual(['nobody', 'NONE', 'nobody'])
  })

  test('starts again after a clean stop', async () => {
    const harness = await standalone()
    const { machine } = harness
    const first = await machine.start()
    await machine.append('a')
    await harness.drive(first.close())
    expect(() => first.append([Buffer.from('b')])).toThrow(KafkaError)
    await machine.start()
    expect(machine.listener.values).toEqual(['a'])
  })

  test('a failed flush ends it: nothing more is committed, and the owner hears it once', async () => {
    const harness = await standalone()
    const { machine } = harness
    const driver = await machine.start()
    machine.disk.addFault({ operation: 'sync', path: '.log', code: 'EIO' })
    await machine.append('lost')
    expect(machine.failures).toHaveLength(1)
    expect(machine.listener.values).toEqual([])
    expect(() => driver.append([Buffer.from('x')])).toThrow(KafkaError)
  })

  test('a vote that cannot be written ends it before it leads', async () => {
    const harness = await standalone()
    const { machine } = harness
    machine.disk.addFault({ operation: 'write', path: 'quorum-state', code: 'ENOSPC' })
    await machine.start()
    expect(machine.failures.map(({ message }) => message)[0]).toMatch(/quorum-state|ENOSPC/)
  })

  test('a listener that throws ends it', async () => {
    const harness = await standalone()
    const { machine } = harness
    const driver = await machine.open()
    machine.listener.onBecomeLeader = () => {
      throw new Error('cannot lead')
    }
    driver.start()
    await harness.settle()
    expect(machine.failures.map(({ message }) => message)).toEqual(['cannot lead'])
  })

  test('describes its quorum', async () => {
    const { machine } = await standalone()
    const driver = await machine.start()
    const { leaderId, epoch, highWatermark, voters, observers } = driver.describeQuorum()
    expect({ leaderId, epoch, highWatermark, observers }).toEqual({
      leaderId: 1,
      epoch: 1,
      highWatermark: 3,
      observers: [],
    })
    expect(voters.map(({ id, logEndOffset }) => [id, logEndOffset])).toEqual([[1, 3]])
  })
})

describe('a metadata log of Apache Kafka 4.3.1', () => {
  test('is opened and goes on', async () => {
    const harness = new RaftHarness()
    const { machine } = harness
    await machine.makeRoot()
    await machine.copyFrom(kafkaFixture)
    const directoryId = 'SQ_nnmWAQ1mxsjyK12YXCw'
    const endpoints = [{ name: 'CONTROLLER', host: 'localhost', port: 25092 }]
    const driver = await machine.start({}, { directoryId, endpoints })
    expect(driver.epoch).toBe(2)
    expect(machine.listener.batches[1]).toMatchObject({ baseOffset: 3, lastOffset: 11, epoch: 1 })
    expect(machine.listener.batches[1]!.records[1]!.toString('latin1')).toContain('metadata.version')
    expect(machine.listener.batches.flatMap(({ records }) => records)).toHaveLength(27)
    expect(machine.listener.heard.slice(-2)).toEqual(['committed 30-30 of epoch 2', 'leads epoch 2'])
    expect(await machine.append('ours')).toBe(31)
  })

  test('with snapshots begins with the newest', async () => {
    const harness = new RaftHarness()
    const { machine } = harness
    await machine.makeRoot()
    await machine.copyFrom(new URL('../kafka-4.3.1-snapshots/', kafkaFixture))
    const endpoints = [{ name: 'CONTROLLER', host: 'localhost', port: 25092 }]
    const driver = await machine.start({}, { directoryId: 'V408KuJmT125Jya6YiPZdw', endpoints })
    expect(machine.listener.heard[0]).toBe('snapshot 35-1 of 12')
    expect(machine.listener.batches.map(({ baseOffset, epoch }) => [baseOffset, epoch])).toEqual([
      [35, 1],
      [36, 1],
      [37, 2],
    ])
    expect(driver.latestSnapshotEndOffset).toBe(35)
  })

  test('tells a voter with another directory that it may not vote', async () => {
    const harness = new RaftHarness()
    const { machine } = harness
    await machine.makeRoot()
    await machine.copyFrom(kafkaFixture)
    const driver = await machine.start()
    await harness.clock.advanceAsync(10_000)
    expect(driver.isLeader).toBe(false)
  })
})

describe('kraft.version', () => {
  const staticVoter = { ...voterOf(1), directoryId: zeroUuid }

  async function withStaticVoters(voters = [staticVoter]): Promise<RaftHarness> {
    const harness = new RaftHarness()
    await harness.machine.makeRoot()
    await harness.machine.start({ staticVoters: voters })
    return harness
  }

  test('of a static quorum of one goes up, and stays so', async () => {
    const { machine } = await withStaticVoters()
    const driver = machine.driver!
    expect(driver.settings.kraftVersion).toBe(0)
    const before = driver.logEndOffset
    driver.upgradeKraftVersion(1)
    expect(driver.logEndOffset).toBe(before + 2)
    expect(driver.settings.kraftVersion).toBe(1)
    expect(driver.settings.voters.voters).toEqual([voterOf(1)])
    await machine.append('a')
    expect(machine.listener.values).toEqual(['a'])
    driver.upgradeKraftVersion(1)
    expect(driver.logEndOffset).toBe(before + 3)
    machine.crash('power')
    // The configuration's voters do not count any more.
    const again = await machine.start({ staticVoters: [{ ...staticVoter, id: 9 }] })
    expect([again.isLeader, again.settings.kraftVersion]).toEqual([true, 1])
    expect(again.settings.voters.voters).toEqual([voterOf(1)])
    expect(machine.listener.values).toEqual(['a'])
  })

  test('does not go down, nor up where a voter cannot follow', async () => {
    const { machine } = await standalone()
    const driver = await machine.start()
    expect(() => driver.upgradeKraftVersion(0)).toThrow('because the new version is a downgrade')
    expect(() => driver.upgradeKraftVersion(2)).toThrow('because not all of the voters support it')
    expect(driver.settings.kraftVersion).toBe(1)
  })

  test('is the leader’s to raise', async () => {
    const { machine } = await withStaticVoters([staticVoter, { ...voterOf(2), directoryId: zeroUuid }])
    expect(() => machine.driver!.upgradeKraftVersion(1)).toThrow(KafkaError)
    expect(machine.driver!.settings.kraftVersion).toBe(0)
  })
})
