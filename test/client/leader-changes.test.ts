/** Producers and fetchers while leaders move, connections break and brokers go, against brokers that a script plays. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Fetcher } from '../../src/client/fetcher.ts'
import type { KafkaClient } from '../../src/client/kafka-client.ts'
import { Producer, type ProducerOptions } from '../../src/client/producer.ts'
import { BatchBuilder } from '../../src/protocol/record/batch-builder.ts'
import { baseSequence, producerId } from '../../src/protocol/record/batch-header.ts'
import { noCodecs } from '../../src/protocol/record/compression.ts'
import { type Asked, type Message, ScriptedBrokers, topicId } from './scripted-brokers.ts'

const [notLeader, outOfOrder] = [6, 45]
let brokers: ScriptedBrokers

beforeEach(async () => {
  brokers = await ScriptedBrokers.start(2)
})
afterEach(() => brokers.dispose())

/** An answer to Produce for partition 0 of `t`. */
function produced(result: Message, nodeEndpoints: Message[] = []): Message {
  return {
    responses: [{ name: 't', topicId, partitionResponses: [{ index: 0, baseOffset: 7, ...result }] }],
    nodeEndpoints,
  }
}

/** The producer's id and sequence number of each batch that a broker was sent. */
function sent(broker?: number): [id: bigint, sequence: number][] {
  return brokers.asked
    .filter((each) => each.api === 'Produce' && (broker === undefined || each.broker === broker))
    .map(({ message }) => message.topicData[0]!.partitionData[0]!.records)
    .map((records) => [producerId(records, 0), baseSequence(records, 0)])
}

/** Resolves with the offset, or rejects. */
function send(producer: Producer, value = 'v'): Promise<number> {
  return new Promise((resolve, reject) => {
    producer.append('t', { value: Buffer.from(value) }, (error, _, offset) =>
      error === undefined ? resolve(offset) : reject(error),
    )
  })
}

async function open(client: KafkaClient, options: ProducerOptions = {}): Promise<Producer> {
  const producer = await Producer.open(client, { lingerMs: 0, ...options })
  await producer.prepare('t')
  return producer
}

describe('a producer', () => {
  test('goes where the answer says that the leader is, without asking for it', async () => {
    const hint = { errorCode: notLeader, baseOffset: -1, currentLeader: { leaderId: 2, leaderEpoch: 2 } }
    brokers.scripts.set('Produce', ({ broker }) =>
      broker === 1 ? produced(hint, [brokers.node(2)]) : produced({ errorCode: 0 }),
    )
    const producer = await open(brokers.client())
    const before = brokers.count('Metadata')
    expect(await send(producer)).toBe(7)
    expect([sent(1), sent(2)]).toEqual([[[1n, 0]], [[1n, 0]]])
    expect(brokers.count('Metadata')).toBe(before)
  })

  test('asks who leads when the answer does not say, and is not misled by a broker that is behind', async () => {
    brokers.scripts.set('Produce', ({ broker }) =>
      produced(broker === 1 ? { errorCode: notLeader, baseOffset: -1 } : { errorCode: 0 }),
    )
    const producer = await open(brokers.client())
    let count = 0
    brokers.scripts.set('Metadata', () => {
      brokers.leaders[0] = ++count < 2 ? { leaderId: 1, leaderEpoch: 0 } : { leaderId: 2, leaderEpoch: 2 }
      return brokers.metadata()
    })
    expect(await send(producer)).toBe(7)
    expect(brokers.count('Produce', 1)).toBe(2)
  })

  test('sends the same batch to the next leader when the connection breaks, and the process is gone', async () => {
    brokers.scripts.set('Produce', ({ broker }) => {
      if (broker === 2) return produced({ errorCode: 0 })
      brokers.leaders[0] = { leaderId: 2, leaderEpoch: 2 }
      void brokers.kill(1)
      return undefined
    })
    const producer = await open(brokers.client([1, 2]))
    const all = Promise.all([send(producer, 'a'), send(producer, 'b')])
    expect(await all).toHaveLength(2)
    expect(sent(2)[0]).toEqual(sent(1)[0])
  })

  test('gives up after the delivery timeout, also when nobody answers', async () => {
    const producer = await open(brokers.client([1, 2]), { deliveryTimeoutMs: 250 })
    await brokers.kill(1)
    await brokers.kill(2)
    await expect(send(producer)).rejects.toThrow(/cannot reach|closed/)
    await producer.flush()
  })

  test('gives up what has no leader, all of it at once', async () => {
    const producer = await open(brokers.client(), { deliveryTimeoutMs: 250, batchSize: 1 })
    brokers.leaders[0] = { leaderId: -1, leaderEpoch: 2 }
    brokers.scripts.set('Produce', () => produced({ errorCode: notLeader, baseOffset: -1 }))
    const results = await Promise.allSettled(Array.from({ length: 50 }, (_, index) => send(producer, `${index}`)))
    expect(results.every(({ status }) => status === 'rejected')).toBe(true)
  })

  test('does not use the sequence numbers again of what may be written', async () => {
    const producer = await open(brokers.client(), { deliveryTimeoutMs: 1 })
    brokers.scripts.set('Produce', () => {
      const endMs = Date.now() + 3
      while (Date.now() < endMs);
      return undefined
    })
    await expect(send(producer)).rejects.toThrow('closed the connection')
    brokers.scripts.set('Produce', () => produced({ errorCode: 0 }))
    expect(await send(producer)).toBe(7)
    expect(sent()).toEqual([
      [1n, 0],
      [2n, 0],
    ])
  })

  test('begins anew where the broker has lost its sequence numbers, once', async () => {
    brokers.scripts.set('Produce', ({ message }: Asked) => {
      const records = message.topicData[0]!.partitionData[0]!.records
      const isOld = producerId(records, 0) === 1n && baseSequence(records, 0) > 0
      return produced(isOld ? { errorCode: outOfOrder, baseOffset: -1 } : { errorCode: 0 })
    })
    const producer = await open(brokers.client())
    await send(producer)
    expect(await send(producer)).toBe(7)
    expect(sent()).toEqual([
      [1n, 0],
      [1n, 1],
      [2n, 0],
    ])
    brokers.scripts.set('Produce', () => produced({ errorCode: outOfOrder, baseOffset: -1 }))
    await expect(send(producer)).rejects.toThrow('OUT_OF_ORDER_SEQUENCE_NUMBER')
  })
})

describe('a fetcher', () => {
  function batchAt(offset: number): Buffer {
    const builder = new BatchBuilder({ compressionType: 0, codecs: noCodecs }, 100)
    builder.append({ value: Buffer.from(`v${offset}`) }, 1)
    const bytes = builder.build()
    bytes.writeBigInt64BE(BigInt(offset), 0)
    return bytes
  }

  /** What each partition that was asked for is answered. */
  function fetched({ message }: Asked, answer: (partition: number, offset: number) => Message): Message {
    const partitions = message.topics[0]!.partitions.map((each) => ({
      partitionIndex: each.partition,
      highWatermark: 100,
      lastStableOffset: 100,
      logStartOffset: 0,
      records: null,
      ...answer(each.partition, each.fetchOffset),
    }))
    return { responses: [{ topicId, topic: 't', partitions }], nodeEndpoints: [1, 2].map((id) => brokers.node(id)) }
  }

  async function read(fetcher: Fetcher, count: number): Promise<string[]> {
    const read: string[] = []
    while (read.length < count)
      await fetcher.poll(({ partition, records }) => {
        for (const { offset, value } of records) read.push(`${partition}/${offset}=${value}`)
        return true
      }, 100)
    return read
  }

  test('hands out what came of one partition while another has moved, and goes where the answer says', async () => {
    brokers.leaders.push({ leaderId: 1, leaderEpoch: 1 })
    const hint = { errorCode: notLeader, currentLeader: { leaderId: 2, leaderEpoch: 2 } }
    brokers.scripts.set('Fetch', (asked) =>
      fetched(asked, (partition, offset) => {
        if (partition === 1 && asked.broker === 1) return hint
        return offset < 2 ? { records: batchAt(offset) } : {}
      }),
    )
    const client = brokers.client()
    await client.topic('t')
    const before = brokers.count('Metadata')
    const fetcher = new Fetcher(client, { maxWaitMs: 1 })
    fetcher.assign('t', 0, 0)
    fetcher.assign('t', 1, 0)
    expect((await read(fetcher, 4)).sort()).toEqual(['0/0=v0', '0/1=v1', '1/0=v0', '1/1=v1'])
    expect(brokers.count('Metadata')).toBe(before)
  })

  test('finds the leader again when the connection breaks', async () => {
    brokers.scripts.set('Fetch', (asked) => {
      if (asked.broker === 2) return fetched(asked, (_, offset) => (offset < 2 ? { records: batchAt(offset) } : {}))
      brokers.leaders[0] = { leaderId: 2, leaderEpoch: 2 }
      return undefined
    })
    const client = brokers.client()
    await client.topic('t')
    const fetcher = new Fetcher(client, { maxWaitMs: 1 })
    fetcher.assign('t', 0, 0)
    expect(await read(fetcher, 2)).toEqual(['0/0=v0', '0/1=v1'])
  })
})
