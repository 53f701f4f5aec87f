/** Formatting and the files of the metadata log, beside those that Apache Kafka 4.3.1's own tools wrote. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { forEachBatch } from '../../src/protocol/record/batch-cursor.ts'
import { formatMetadataDirectory, readBootstrapRecords } from '../../src/runtime/raft/raft-format.ts'
import { decodeQuorumState, encodeQuorumState } from '../../src/runtime/raft/raft-quorum-state.ts'
import { kafkaFixture, logDirectory, metadataDirectory, RaftHarness } from './raft-harness.ts'

const voter = {
  id: 1,
  directoryId: 'SQ_nnmWAQ1mxsjyK12YXCw',
  endpoints: [{ name: 'CONTROLLER', host: 'localhost', port: 25092 }],
  kraftVersionMin: 0,
  kraftVersionMax: 1,
}
const zeroSnapshot = '00000000000000000000-0000000000.checkpoint'

function kafkaFile(name: string): Buffer {
  return readFileSync(new URL(name, kafkaFixture))
}

/** Without what depends on the time: timestamps and checksums of the batches, and the timestamp in a snapshot's header. */
function timeless(bytes: Buffer): string {
  const copy = Buffer.from(bytes)
  forEachBatch(copy, (batch, position) => {
    batch.fill(0, position + 17, position + 21)
    batch.fill(0, position + 27, position + 43)
  })
  const header = copy.indexOf(Buffer.from('00000003160000', 'hex'))
  if (header >= 0) copy.fill(0, header + 7, header + 15)
  return copy.toString('hex')
}

async function formatted(): Promise<RaftHarness> {
  const harness = new RaftHarness()
  await harness.machine.format(voter)
  return harness
}

describe('format', () => {
  test('writes the bootstrap checkpoint that kafka-storage writes', async () => {
    const harness = await formatted()
    const ours = await harness.drive(harness.machine.disk.readFile(`${logDirectory}/bootstrap.checkpoint`))
    expect(timeless(ours)).toBe(timeless(kafkaFile('bootstrap.checkpoint')))
  })

  test('writes the snapshot 0-0 of a standalone voter that kafka-storage writes', async () => {
    const { machine } = await formatted()
    const ours = await machine.readFile(zeroSnapshot)
    expect(timeless(ours)).toBe(timeless(kafkaFile(`__cluster_metadata-0/${zeroSnapshot}`)))
  })

  test('leaves no metadata log where there is no voter', async () => {
    const harness = new RaftHarness()
    const { machine, clock } = harness
    await machine.makeRoot()
    const fileSystem = machine.disk
    await harness.drive(formatMetadataDirectory({ fileSystem, clock, logDirectory, voters: [] }))
    const entries = await harness.drive(fileSystem.list(logDirectory))
    expect(entries.map(({ name }) => name)).toEqual(['bootstrap.checkpoint'])
  })

  test('what it wrote of features comes back as records, and the same without a file', async () => {
    const harness = await formatted()
    const { disk } = harness.machine
    const records = await harness.drive(readBootstrapRecords(disk, logDirectory))
    expect(records).toHaveLength(6)
    expect(records[0]!.toString('hex')).toBe(`010c0011${Buffer.from('metadata.version').toString('hex')}001e00`)
    await harness.drive(disk.remove(`${logDirectory}/bootstrap.checkpoint`))
    expect(await harness.drive(readBootstrapRecords(disk, logDirectory))).toEqual(records)
  })
})

describe('the first epoch', () => {
  test('begins with the control batch that Kafka writes', async () => {
    const harness = await formatted()
    const { machine } = harness
    await machine.start({}, { directoryId: voter.directoryId, endpoints: voter.endpoints })
    const ours = await machine.readFile('00000000000000000000.log')
    const kafkas = kafkaFile('__cluster_metadata-0/00000000000000000000.log').subarray(0, 174)
    expect(timeless(ours)).toBe(timeless(kafkas))
  })

  test('leaves the quorum-state that Kafka leaves', async () => {
    const { machine } = await formatted()
    await machine.start({}, { directoryId: voter.directoryId, endpoints: voter.endpoints })
    expect((await machine.readFile('quorum-state')).toString()).toBe(
      kafkaFile('__cluster_metadata-0/quorum-state').toString(),
    )
  })

  test('a later epoch names only the leader, unless the voters changed', async () => {
    const harness = await formatted()
    const { machine } = harness
    const config = { directoryId: voter.directoryId, endpoints: voter.endpoints }
    await machine.start({}, config)
    machine.crash('power')
    await machine.start({}, config)
    expect(machine.listener.heard.at(-2)).toBe('committed 3-3 of epoch 2')
    machine.crash('power')
    const moved = [{ name: 'CONTROLLER', host: 'elsewhere', port: 9093 }]
    const driver = await machine.start({}, { ...config, endpoints: moved })
    expect(machine.listener.heard.at(-2)).toBe('committed 4-5 of epoch 3')
    expect(driver.settings.voters.endpointOf(1)).toEqual(moved[0])
  })
})

describe('quorum-state', () => {
  const dynamic =
    '{"leaderId":3002,"leaderEpoch":4,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}'
  const fixed =
    '{"clusterId":"","leaderId":4001,"leaderEpoch":1,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":4001}],"data_version":0}'

  test("is Kafka's text in both versions", () => {
    const state = decodeQuorumState(dynamic)
    expect(state).toEqual({ epoch: 4, leaderId: 3002, votedKey: undefined })
    expect(encodeQuorumState(state, { kraftVersion: 1, voterIds: [] })).toBe(dynamic)
    expect(encodeQuorumState(decodeQuorumState(fixed), { kraftVersion: 0, voterIds: [4001] })).toBe(fixed)
  })

  test('keeps a vote', () => {
    const state = { epoch: 7, leaderId: -1, votedKey: { id: 2, directoryId: voter.directoryId } }
    expect(decodeQuorumState(encodeQuorumState(state, { kraftVersion: 1, voterIds: [] }))).toEqual(state)
  })

  test.each(['', '{', '[]', 'null', '{"data_version":2}', '{"data_version":1,"leaderId":1}'])(
    'is refused when it is %s: guessing could vote twice',
    (text) => {
      expect(() => decodeQuorumState(text)).toThrow(/quorum-state/)
    },
  )

  test('that is damaged keeps the log from opening', async () => {
    const harness = await formatted()
    const { machine } = harness
    await harness.drive(machine.disk.replaceFile(`${metadataDirectory}/quorum-state`, '{'))
    await expect(machine.open()).rejects.toThrow('quorum-state')
  })
})
