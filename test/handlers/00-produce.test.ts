// The handler src/handlers/00-produce.ts.
import { beforeEach, describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { CloseConnection } from '../../src/handlers/handler.ts'
import { NodeCodecs } from '../../src/io/codecs/node-codecs.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { crc32c } from '../../src/protocol/record/crc32c.ts'
import { BrokerHarness, batchOf, produceApi } from '../runtime/broker-harness.ts'

let harness: BrokerHarness
let topicId: string

beforeEach(async () => {
  harness = await BrokerHarness.start()
  topicId = await harness.createTopic('orders', { partitions: 2 })
})

function order(records: Buffer | null, fields: { acks?: number; index?: number; topic?: string } = {}) {
  const { acks = -1, index = 0, topic = 'orders' } = fields
  return { acks, timeoutMs: 1000, topicData: [{ name: topic, partitionData: [{ index, records }] }] }
}

async function produce(records: Buffer | null, fields?: Parameters<typeof order>[1], version = 9) {
  const { responses } = await harness.call(produceApi, version, order(records, fields))
  return responses[0]!.partitionResponses[0]!
}

describe('an append', () => {
  test.each([1, -1])('with acks=%i is answered with its offset once it is written', async (acks) => {
    const answer = harness.send(produceApi, 9, order(batchOf(['a', 'b']), { acks }))
    let isAnswered = false
    void answer.then(() => {
      isAnswered = true
    })
    for (let turns = 0; turns < 50; turns++) await Promise.resolve()
    expect(isAnswered).toBe(false)
    const { responses } = await harness.drive(answer)
    expect(responses).toEqual([
      {
        name: 'orders',
        topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
        partitionResponses: [
          {
            index: 0,
            errorCode: 0,
            baseOffset: 0,
            logAppendTimeMs: -1,
            logStartOffset: 0,
            recordErrors: [],
            errorMessage: null,
            currentLeader: { leaderId: -1, leaderEpoch: -1 },
          },
        ],
      },
    ])
    expect((await produce(batchOf(['c']))).baseOffset).toBe(2)
    expect(harness.partition('orders').log!.highWatermark).toBe(3)
    expect(harness.clock.nextTimerMs()).toBeUndefined()
  })

  test('goes to topics by id from version 13 on', async () => {
    const partitionData = [{ index: 1, records: batchOf(['a']) }]
    const request = { acks: -1, timeoutMs: 1000, topicData: [{ topicId, partitionData }] }
    const { responses } = await harness.call(produceApi, 13, request)
    expect(responses[0]).toMatchObject({ topicId, partitionResponses: [{ index: 1, errorCode: 0, baseOffset: 0 }] })
    const unknown = { ...request, topicData: [{ topicId: 'vPeOCWypqUOSepEvx0cbog', partitionData }] }
    const refused = await harness.call(produceApi, 13, unknown)
    expect(refused.responses[0]!.partitionResponses[0]!.errorCode).toBe(errorCodes.UNKNOWN_TOPIC_ID)
  })

  test('of a topic with LogAppendTime tells the time and stamps it', async () => {
    await harness.createTopic('stamped', { configs: { 'message.timestamp.type': 'LogAppendTime' } })
    const answer = await produce(batchOf(['a']), { topic: 'stamped' })
    expect(answer.logAppendTimeMs).toBe(harness.clock.now())
  })

  test('that repeats a batch of an idempotent producer is answered with the first offset', async () => {
    const numbered = (baseSequence: number) => batchOf(['a'], { producerId: 5n, producerEpoch: 0, baseSequence })
    expect((await produce(numbered(0))).baseOffset).toBe(0)
    expect((await produce(numbered(1))).baseOffset).toBe(1)
    expect(await produce(numbered(0))).toMatchObject({ errorCode: 0, baseOffset: 0 })
    expect(harness.partition('orders').log!.logEndOffset).toBe(2)
    expect(await produce(numbered(7))).toMatchObject({
      errorCode: errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER,
      baseOffset: -1,
      logStartOffset: 0,
    })
  })

  test('with acks=0 has no answer', async () => {
    expect(await harness.call(produceApi, 9, order(batchOf(['a']), { acks: 0 }))).toBeUndefined()
    await harness.settle()
    expect(harness.partition('orders').log!.logEndOffset).toBe(1)
  })

  test('with acks=0 that fails closes the connection', async () => {
    const sent = harness.call(produceApi, 9, order(batchOf(['a']), { acks: 0, index: 7 }))
    await expect(sent).rejects.toThrow(CloseConnection)
  })
})

describe('of an idempotent producer whose last batch alone is known, as after a restart', () => {
  const numbered = (baseSequence: number) => batchOf(['a'], { producerId: 5n, producerEpoch: 0, baseSequence })

  beforeEach(async () => {
    for (const sequence of [0, 1, 2, 3, 4]) await produce(numbered(sequence))
    const partition = harness.partition('orders')
    const log = partition.log!
    // What comes after the snapshot of a roll is cut off again: the log is left with that snapshot.
    log.roll()
    await produce(batchOf(['cut']))
    harness.changePartition(topicId, 0, { leader: 2 })
    await harness.drive(partition.changeEnd(() => log.truncateTo(5)))
    harness.changePartition(topicId, 0, { leader: 1 })
    expect(partition.state).toBe('leader')
  })

  test.each([
    [0, 4],
    [1, 5],
  ])(
    'from %i to %i, sent at once, are answered as the first time, and what is new goes behind them',
    async (from, to) => {
      const sequences = Array.from({ length: to - from + 1 }, (_, index) => from + index)
      const sent = sequences.map((sequence) => harness.send(produceApi, 9, order(numbered(sequence))))
      const answers = await harness.drive(Promise.all(sent))
      const partitions = answers.map(({ responses }) => responses[0]!.partitionResponses[0]!)
      expect(partitions.map(({ errorCode }) => errorCode)).toEqual([0, 0, 0, 0, 0])
      expect(partitions.map(({ baseOffset }) => baseOffset)).toEqual(sequences)
      expect(await produce(numbered(to + 1))).toMatchObject({ errorCode: 0, baseOffset: to + 1 })
      expect(harness.partition('orders').log!.nextOffset).toBe(to + 2)
    },
  )

  test('what is not in the log is refused', async () => {
    const refused = { errorCode: errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER, baseOffset: -1, logStartOffset: 0 }
    for (const sequence of [7, 0x7fff_ffff]) expect(await produce(numbered(sequence))).toMatchObject(refused)
    const longer = batchOf(['a', 'b'], { producerId: 5n, producerEpoch: 0, baseSequence: 1 })
    expect(await produce(longer)).toMatchObject(refused)
  })

  test('the other partitions of the request do not wait, and all are answered', async () => {
    const partitionData = [0, 1].map((index) => ({ index, records: numbered(1) }))
    const answer = harness.send(produceApi, 9, {
      ...order(null),
      topicData: [{ name: 'orders', partitionData }],
    })
    expect(harness.partition('orders', 1).log!.nextOffset).toBe(1)
    const { responses } = await harness.drive(answer)
    expect(responses[0]!.partitionResponses).toMatchObject([
      { index: 0, errorCode: 0, baseOffset: 1 },
      { index: 1, errorCode: 0, baseOffset: 0 },
    ])
  })

  test('the leader is another one by the time that the log was read', async () => {
    const answer = harness.send(produceApi, 10, order(numbered(1)))
    harness.changePartition(topicId, 0, { leader: 2 })
    const { responses } = await harness.drive(answer)
    expect(responses[0]!.partitionResponses[0]).toMatchObject({
      errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER,
      currentLeader: { leaderId: 2, leaderEpoch: 3 },
    })
  })

  test('the disk fails', async () => {
    harness.disk.addFault({ operation: 'read', path: '.log', code: 'EIO' })
    expect((await produce(numbered(1))).errorCode).toBe(errorCodes.KAFKA_STORAGE_ERROR)
  })

  test('with acks=0 nobody waits for an answer', async () => {
    await expect(harness.call(produceApi, 9, order(numbered(1), { acks: 0 }))).rejects.toThrow(CloseConnection)
  })
})

describe('what is refused', () => {
  test.each([
    ['an unknown topic', { topic: 'nope' }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['an unknown partition', { index: 2 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['a negative partition', { index: -1 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['acks=2', { acks: 2 }, 'INVALID_REQUIRED_ACKS'],
    ['acks=-2', { acks: -2 }, 'INVALID_REQUIRED_ACKS'],
  ] as const)('%s', async (_name, fields, error) => {
    const refused = { errorCode: errorCodes[error], baseOffset: -1, logStartOffset: -1 }
    expect(await produce(batchOf(['a']), fields)).toMatchObject(refused)
    expect(harness.partition('orders').log!.nextOffset).toBe(0)
  })

  test('no records, empty records and two batches', async () => {
    for (const records of [null, Buffer.alloc(0), Buffer.concat([batchOf(['a']), batchOf(['b'])])]) {
      expect((await produce(records)).errorCode).toBe(errorCodes.INVALID_RECORD)
    }
  })

  test('what is no single batch of this format, without a word on the log', async () => {
    await produce(batchOf(['a']))
    const withMagic = (magic: number) => {
      const records = batchOf(['a'])
      records.writeInt8(magic, 16)
      return records
    }
    for (const records of [Buffer.alloc(0), withMagic(1), batchOf(['a']).subarray(0, 30)]) {
      expect(await produce(records)).toMatchObject({
        errorCode: errorCodes.INVALID_RECORD,
        logStartOffset: -1,
        errorMessage: null,
      })
    }
    const unknownMagic = await produce(withMagic(3))
    expect(unknownMagic.errorCode).toBe(errorCodes.CORRUPT_MESSAGE)
    expect(unknownMagic.errorMessage).not.toBeNull()
    const control = await produce(batchOf(['a'], { isControl: true }))
    expect(control).toMatchObject({ errorCode: errorCodes.INVALID_RECORD, logStartOffset: 0 })
  })

  test('zstd before version 7', async () => {
    const zstd = batchOf(['a'])
    zstd[22] = 4
    const answer = await produce(zstd, {}, 6)
    expect(answer.errorCode).toBe(errorCodes.UNSUPPORTED_COMPRESSION_TYPE)
  })

  test('single records are named from version 8 on', async () => {
    await harness.createTopic('keyed', { configs: { 'cleanup.policy': 'compact' } })
    const answer = await produce(batchOf(['a']), { topic: 'keyed' })
    expect(answer.errorCode).toBe(errorCodes.INVALID_RECORD)
    expect(answer.recordErrors.map((one) => one.batchIndex)).toEqual([0])
    expect(answer.errorMessage).not.toBeNull()
    expect((await produce(batchOf(['a']), { topic: 'keyed' }, 7)).errorCode).toBe(errorCodes.INVALID_RECORD)
  })

  test('transactions, which need an id and are not served yet', async () => {
    const records = batchOf(['a'], { producerId: 5n, producerEpoch: 0, baseSequence: 0, isTransactional: true })
    const withoutId = await produce(records)
    expect(withoutId.errorCode).toBe(errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    const { responses } = await harness.call(produceApi, 9, { ...order(records), transactionalId: 'mine' })
    expect(responses[0]!.partitionResponses[0]!.errorCode).toBe(errorCodes.INVALID_TXN_STATE)
  })

  test('a partition that comes twice, the second time', async () => {
    const index = 0
    const partitionData = [
      { index, records: batchOf(['a']) },
      { index, records: batchOf(['b']) },
    ]
    const request = { acks: -1, timeoutMs: 1000, topicData: [{ name: 'orders', partitionData }] }
    const { responses } = await harness.call(produceApi, 9, request)
    const codes = responses[0]!.partitionResponses.map((one) => one.errorCode)
    expect(codes).toEqual([0, errorCodes.INVALID_REQUEST])
    expect(harness.partition('orders').log!.logEndOffset).toBe(1)
  })

  test('one partition without touching the others', async () => {
    const partitionData = [
      { index: 0, records: batchOf(['a']) },
      { index: 1, records: Buffer.alloc(0) },
    ]
    const topicData = [
      { name: 'nope', partitionData },
      { name: 'orders', partitionData },
    ]
    const { responses } = await harness.call(produceApi, 9, { acks: -1, timeoutMs: 1000, topicData })
    expect(responses.map((topic) => topic.partitionResponses.map((one) => one.errorCode))).toEqual([
      [3, 3],
      [0, errorCodes.INVALID_RECORD],
    ])
  })

  test('what the principal may not write', async () => {
    harness = await BrokerHarness.start({ authorize: (_context, _operation, _type, name) => name !== 'orders' })
    await harness.createTopic('orders')
    expect((await produce(batchOf(['a']))).errorCode).toBe(errorCodes.TOPIC_AUTHORIZATION_FAILED)
  })
})

describe('the leader elsewhere', () => {
  test('is named from version 10 on', async () => {
    const elsewhere = await harness.createTopic('away', { replicas: [1, 2], leader: 2 })
    const request = order(batchOf(['a']), { topic: 'away' })
    const { responses, nodeEndpoints } = await harness.call(produceApi, 10, request)
    expect(responses[0]!.partitionResponses[0]).toMatchObject({
      errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER,
      currentLeader: { leaderId: 2, leaderEpoch: 0 },
    })
    expect(nodeEndpoints).toEqual([{ nodeId: 2, host: 'broker-2', port: 9092, rack: null }])
    const before = await harness.call(produceApi, 9, request)
    expect(before.nodeEndpoints).toEqual([])
    expect(harness.partition('away').topicId).toBe(elsewhere)
  })

  test('also when there is no replica here at all', async () => {
    await harness.createTopic('away', { replicas: [2], leader: 2 })
    const { responses } = await harness.call(produceApi, 12, order(batchOf(['a']), { topic: 'away' }))
    expect(responses[0]!.partitionResponses[0]).toMatchObject({
      errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER,
      currentLeader: { leaderId: 2, leaderEpoch: 0 },
    })
  })
})

describe('waiting for replicas', () => {
  let replicated: string

  beforeEach(async () => {
    replicated = await harness.createTopic('replicated', { replicas: [1, 2] })
  })

  test('ends with the follower that has the records', async () => {
    const answer = harness.send(produceApi, 9, order(batchOf(['a']), { topic: 'replicated' }))
    await harness.settle()
    const partition = harness.partition('replicated')
    expect(partition.log!.logEndOffset).toBe(1)
    expect(partition.replicatedWaits.count).toBe(1)
    partition.onFollowerFetch(2, -1, 1, 0)
    const { responses } = await harness.drive(answer)
    expect(responses[0]!.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: 0 })
  })

  test('does not concern acks=1', async () => {
    expect(await produce(batchOf(['a']), { acks: 1, topic: 'replicated' })).toMatchObject({ errorCode: 0 })
  })

  test('ends with REQUEST_TIMED_OUT when time is up, and the offset is told', async () => {
    const answer = harness.send(produceApi, 9, order(batchOf(['a']), { topic: 'replicated' }))
    await harness.settle()
    await harness.clock.advanceAsync(999)
    expect(harness.partition('replicated').replicatedWaits.count).toBe(1)
    await harness.clock.advanceAsync(1)
    const { responses } = await harness.drive(answer)
    expect(responses[0]!.partitionResponses[0]).toMatchObject({
      errorCode: errorCodes.REQUEST_TIMED_OUT,
      baseOffset: 0,
    })
    harness.partition('replicated').onFollowerFetch(2, -1, 1, 0)
    expect(harness.partition('replicated').replicatedWaits.count).toBe(0)
  })

  test("is no wait for the leader's own write, without any time to wait in", async () => {
    for (const acks of [1, -1]) {
      const answer = harness.send(produceApi, 9, { ...order(batchOf(['a']), { acks }), timeoutMs: 0 })
      harness.clock.advance(1)
      const { responses } = await harness.drive(answer)
      expect(responses[0]!.partitionResponses[0]!.errorCode).toBe(0)
    }
  })

  test('times out once the leader has written what the followers are to have', async () => {
    const request = { ...order(batchOf(['a']), { topic: 'replicated' }), timeoutMs: 0 }
    const answer = harness.send(produceApi, 9, request)
    harness.clock.advance(1)
    const { responses } = await harness.drive(answer)
    expect(responses[0]!.partitionResponses[0]!.errorCode).toBe(errorCodes.REQUEST_TIMED_OUT)
    expect(harness.partition('replicated').log!.logEndOffset).toBe(1)
  })

  test('times out for the partitions alone that are behind', async () => {
    const partitionData = [{ index: 0, records: batchOf(['a']) }]
    const topicData = ['orders', 'replicated'].map((name) => ({ name, partitionData }))
    const answer = harness.send(produceApi, 9, { acks: -1, timeoutMs: 1000, topicData })
    await harness.settle()
    await harness.clock.advanceAsync(1000)
    const { responses } = await harness.drive(answer)
    const codes = responses.map((topic) => topic.partitionResponses[0]!.errorCode)
    expect(codes).toEqual([0, errorCodes.REQUEST_TIMED_OUT])
  })

  test('ends when another broker becomes leader', async () => {
    const answer = harness.send(produceApi, 10, order(batchOf(['a']), { topic: 'replicated' }))
    await harness.settle()
    harness.changePartition(replicated, 0, { leader: 2 })
    const { responses, nodeEndpoints } = await harness.drive(answer)
    expect(responses[0]!.partitionResponses[0]).toMatchObject({
      errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER,
      baseOffset: -1,
      currentLeader: { leaderId: 2, leaderEpoch: 1 },
    })
    expect(nodeEndpoints.map((one) => one.nodeId)).toEqual([2])
  })

  test('ends when the topic is deleted', async () => {
    const answer = harness.send(produceApi, 9, order(batchOf(['a']), { topic: 'replicated' }))
    await harness.settle()
    await harness.deleteTopic(replicated)
    const { responses } = await harness.drive(answer)
    expect(responses[0]!.partitionResponses[0]!.errorCode).toBe(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
  })

  test('is refused at once below min.insync.replicas, and after the append when the ISR shrinks', async () => {
    const guarded = await harness.createTopic('guarded', {
      replicas: [1, 2],
      configs: { 'min.insync.replicas': '2' },
    })
    const answer = harness.send(produceApi, 9, order(batchOf(['a']), { topic: 'guarded' }))
    await harness.settle()
    harness.changePartition(guarded, 0, { isr: [1] })
    const refused = await produce(batchOf(['b']), { topic: 'guarded' })
    expect(refused).toMatchObject({ errorCode: errorCodes.NOT_ENOUGH_REPLICAS, baseOffset: -1 })
    expect((await produce(batchOf(['c']), { acks: 1, topic: 'guarded' })).errorCode).toBe(0)
    await harness.clock.advanceAsync(1000)
    const { responses } = await harness.drive(answer)
    expect(responses[0]!.partitionResponses[0]!.errorCode).toBe(errorCodes.REQUEST_TIMED_OUT)
  })
})

test('a disk that fails is told to those who wait and to those who come', async () => {
  harness.disk.addFault({ operation: 'write', path: 'orders-0', code: 'EIO' })
  const answer = await produce(batchOf(['a']))
  expect(answer.errorCode).toBe(errorCodes.KAFKA_STORAGE_ERROR)
  expect((await produce(batchOf(['b']))).errorCode).toBe(errorCodes.KAFKA_STORAGE_ERROR)
})

describe('settings of the topic', () => {
  test('validate.records=full opens every batch, also when the broker says so for all', async () => {
    /** Two records in the header, one in the body, a valid CRC. */
    const lying = (): Buffer => {
      const records = batchOf(['a'])
      records.writeInt32BE(1, 23)
      records.writeInt32BE(2, 57)
      records.writeInt32BE(crc32c(records.subarray(21)), 17)
      return records
    }
    expect((await produce(lying())).errorCode).toBe(0)
    await harness.createTopic('checked', { configs: { 'validate.records': 'full' } })
    expect((await produce(lying(), { topic: 'checked' })).errorCode).toBe(errorCodes.INVALID_RECORD)
    harness = await BrokerHarness.start({ config: { 'validate.records': 'full' } })
    await harness.createTopic('orders')
    expect((await produce(lying())).errorCode).toBe(errorCodes.INVALID_RECORD)
  })

  test('compression.type and its level decide how records are stored', async () => {
    harness = await BrokerHarness.start({ codecs: new NodeCodecs() })
    const sizes: number[] = []
    const random = new SeededRandom(7)
    // Words in no order: a better search finds more.
    const words = Array.from({ length: 4_000 }, () => `word${Math.floor(random.next() * 300)}`).join(' ')
    for (const level of ['1', '9']) {
      const topic = `level-${level}`
      await harness.createTopic(topic, { configs: { 'compression.type': 'gzip', 'compression.gzip.level': level } })
      expect((await produce(batchOf([words]), { topic })).errorCode).toBe(0)
      sizes.push((await harness.drive(harness.partition(topic).log!.readBatches(0, 1, 1_000_000))).length)
    }
    expect(sizes[1]).toBeLessThan(sizes[0]!)
    expect(sizes[0]).toBeLessThan(words.length / 2)
  })
})
