// Changes of the in-sync replicas between partitions and controller: src/runtime/replica/isr-changes.ts.
import { describe, expect, test } from 'vitest'
import { metadataRecord } from '../../src/metadata/metadata-record.ts'
import type { AlterPartitionRequest } from '../../src/protocol/api/56-alter-partition.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { BrokerHarness, batchOf, fetchApi } from './broker-harness.ts'

const lagTimeMaxMs = 30_000
const brokers = [1, 2, 3].map((id) => [id, null] as const)

interface Answer {
  readonly errorCode?: number
  readonly isr?: readonly number[]
  readonly partitionEpoch?: number
  readonly topError?: number
}

interface Asked {
  readonly request: AlterPartitionRequest
  /** What each partition proposes. */
  readonly proposals: readonly { readonly index: number; readonly isr: readonly (readonly [number, number])[] }[]
  answer(answer?: Answer): Promise<void>
  fail(): Promise<void>
}

/** A leader (1) of `orders` with followers 2 and 3, and a controller that answers when it is told to. */
async function start(options: { isr?: number[]; partitions?: number; minInSyncReplicas?: number } = {}) {
  const harness = await BrokerHarness.start({ brokers })
  const { isr = [1], partitions = 1, minInSyncReplicas = 1 } = options
  const asked: Asked[] = []
  harness.onControllerRequest = (_apiKey, request) =>
    new Promise((resolve, reject) => {
      asked.push(askedOf(harness, request as AlterPartitionRequest, resolve, reject))
    })
  const configs = { 'min.insync.replicas': String(minInSyncReplicas) }
  const topicId = await harness.createTopic('orders', { replicas: [1, 2, 3], isr, partitions, configs })
  harness.isrChanges.start(harness.replicaManager)
  return { harness, asked, topicId }
}

function askedOf(
  harness: BrokerHarness,
  request: AlterPartitionRequest,
  resolve: (response: object) => void,
  reject: (error: Error) => void,
): Asked {
  const proposals = request.topics.flatMap((topic) =>
    topic.partitions.map(({ partitionIndex, newIsrWithEpochs }) => ({
      index: partitionIndex,
      isr: newIsrWithEpochs.map(({ brokerId, brokerEpoch }) => [brokerId, brokerEpoch] as const),
    })),
  )
  const answer = ({ errorCode = 0, topError = 0, isr, partitionEpoch }: Answer = {}) => {
    const topics = request.topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map((partition) => ({
        partitionIndex: partition.partitionIndex,
        errorCode,
        leaderId: 1,
        leaderEpoch: partition.leaderEpoch,
        isr: isr ?? partition.newIsrWithEpochs.map(({ brokerId }) => brokerId),
        leaderRecoveryState: 0,
        partitionEpoch: partitionEpoch ?? partition.partitionEpoch + 1,
      })),
    }))
    resolve({ throttleTimeMs: 0, errorCode: topError, topics })
    return harness.settle()
  }
  const fail = () => {
    reject(new Error('nobody there'))
    return harness.settle()
  }
  return { request, proposals, answer, fail }
}

/** A follower's fetch that does not wait. */
function follow(harness: BrokerHarness, topicId: string, brokerId: number, fetchOffset: number, index = 0) {
  return harness.call(fetchApi, 17, {
    replicaState: { replicaId: brokerId, replicaEpoch: brokerId * 100 },
    maxWaitMs: 0,
    minBytes: 1,
    sessionEpoch: -1,
    topics: [
      {
        topicId,
        partitions: [
          {
            partition: index,
            currentLeaderEpoch: 0,
            fetchOffset,
            lastFetchedEpoch: -1,
            logStartOffset: 0,
            partitionMaxBytes: 1_000_000,
          },
        ],
      },
    ],
  })
}

function append(harness: BrokerHarness, value = 'a', index = 0): Promise<void> {
  harness.partition('orders', index).append(batchOf([value]), { requiredAcks: 1, origin: 'client' })
  return harness.settle()
}

function inSync(harness: BrokerHarness, index = 0): readonly number[] {
  return harness.partition('orders', index).replicas!.assignment.inSyncReplicas
}

describe('a follower that is level', () => {
  test('is taken in with its broker epoch, and with the one of the leader', async () => {
    const { harness, asked, topicId } = await start()
    await append(harness)
    await follow(harness, topicId, 2, 0)
    await harness.settle()
    expect(asked).toEqual([])
    await follow(harness, topicId, 2, 1)
    await harness.settle()
    expect(asked[0]!.proposals).toEqual([
      {
        index: 0,
        isr: [
          [1, 100],
          [2, 200],
        ],
      },
    ])
    expect(asked[0]!.request).toMatchObject({
      brokerId: 1,
      brokerEpoch: 100,
      topics: [{ topicId, partitions: [{ leaderEpoch: 0, partitionEpoch: 0, leaderRecoveryState: 0 }] }],
    })
    expect(inSync(harness)).toEqual([1])
    await asked[0]!.answer()
    expect(inSync(harness)).toEqual([1, 2])
    expect(harness.isrChanges.counts).toEqual({ expanded: 1, shrunk: 0, failed: 0 })
  })

  test('counts for the high watermark from the moment that it is proposed', async () => {
    const { harness, topicId } = await start()
    await follow(harness, topicId, 2, 0)
    harness.clock.advance(lagTimeMaxMs * 2)
    await append(harness)
    expect(harness.partition('orders').highWatermark).toBe(0)
    await follow(harness, topicId, 2, 1)
    expect(harness.partition('orders').highWatermark).toBe(1)
  })

  test('is not taken in while another change is not answered; then both that wait are', async () => {
    const { harness, asked, topicId } = await start({ partitions: 3 })
    for (const index of [0, 1, 2]) {
      await follow(harness, topicId, 2, 0, index)
      await harness.settle()
    }
    await follow(harness, topicId, 3, 0, 0)
    await harness.settle()
    expect(asked.map(({ proposals }) => proposals.map(({ index }) => index))).toEqual([[0]])
    await asked[0]!.answer()
    expect(asked[1]!.proposals.map(({ index }) => index)).toEqual([1, 2])
    await follow(harness, topicId, 3, 0, 0)
    await asked[1]!.answer()
    expect(asked[2]!.proposals[0]!.isr.map(([id]) => id)).toEqual([1, 2, 3])
  })
})

describe('a follower that lags', () => {
  test('is dropped, and only when the controller says so records count without it', async () => {
    const { harness, asked, topicId } = await start({ isr: [1, 2, 3] })
    await append(harness)
    await follow(harness, topicId, 3, 1)
    harness.clock.advance(lagTimeMaxMs - 1)
    await follow(harness, topicId, 3, 1)
    await harness.settle()
    expect(asked).toEqual([])
    harness.clock.advance(lagTimeMaxMs / 2 + 1)
    await harness.settle()
    expect(asked[0]!.proposals[0]!.isr.map(([id]) => id)).toEqual([1, 3])
    expect(harness.partition('orders').highWatermark).toBe(0)
    await asked[0]!.answer()
    expect(harness.partition('orders').highWatermark).toBe(1)
    expect(harness.isrChanges.counts.shrunk).toBe(1)
  })

  test('is asked for again with every look', async () => {
    const { harness, asked } = await start({ isr: [1, 2, 3] })
    await append(harness)
    harness.clock.advance(lagTimeMaxMs * 1.5)
    await harness.settle()
    await asked[0]!.answer({ errorCode: errorCodes.INELIGIBLE_REPLICA })
    expect(inSync(harness)).toEqual([1, 2, 3])
    harness.clock.advance(lagTimeMaxMs / 2)
    await harness.settle()
    expect(asked).toHaveLength(2)
  })
})

describe('an answer', () => {
  test('that is older than the metadata counts no more', async () => {
    const { harness, asked, topicId } = await start()
    await follow(harness, topicId, 2, 0)
    await harness.settle()
    harness.changePartition(topicId, 0, { isr: [1, 2] })
    harness.changePartition(topicId, 0, { isr: [1] })
    await asked[0]!.answer()
    expect(inSync(harness)).toEqual([1])
    expect(harness.partition('orders').replicas!.maximalInSyncReplicas).toEqual([1])
  })

  test('that is newer than the metadata counts, and older metadata then changes nothing', async () => {
    const { harness, asked, topicId } = await start()
    await follow(harness, topicId, 2, 0)
    await harness.settle()
    await asked[0]!.answer({ isr: [1, 2], partitionEpoch: 2 })
    harness.changePartition(topicId, 0, { isr: [1] })
    expect(inSync(harness)).toEqual([1, 2])
    harness.changePartition(topicId, 0, { isr: [1, 2] })
    expect(inSync(harness)).toEqual([1, 2])
    harness.changePartition(topicId, 0, { isr: [1] })
    expect(inSync(harness)).toEqual([1])
  })

  test.each([
    'INVALID_UPDATE_VERSION',
    'FENCED_LEADER_EPOCH',
    'UNKNOWN_TOPIC_ID',
    'NEW_LEADER_ELECTED',
    'INVALID_REQUEST',
  ] as const)('%s leaves the larger set in force until the metadata says what became of it', async (error) => {
    const { harness, asked, topicId } = await start()
    await follow(harness, topicId, 2, 0)
    await harness.settle()
    await asked[0]!.answer({ errorCode: errorCodes[error] })
    harness.clock.advance(1_000)
    await follow(harness, topicId, 2, 0)
    await harness.settle()
    expect(asked).toHaveLength(1)
    expect(harness.partition('orders').replicas!.maximalInSyncReplicas).toEqual([1, 2])
    harness.changePartition(topicId, 0, { isr: [1] })
    expect(harness.partition('orders').replicas!.maximalInSyncReplicas).toEqual([1])
    await follow(harness, topicId, 2, 0)
    await harness.settle()
    expect(asked).toHaveLength(2)
  })

  test('INELIGIBLE_REPLICA takes the proposal back; the next fetch makes it anew', async () => {
    const { harness, asked, topicId } = await start()
    await follow(harness, topicId, 2, 0)
    await harness.settle()
    await asked[0]!.answer({ errorCode: errorCodes.INELIGIBLE_REPLICA })
    expect(harness.partition('orders').replicas!.maximalInSyncReplicas).toEqual([1])
    await harness.settle()
    expect(asked).toHaveLength(1)
    await follow(harness, topicId, 2, 0)
    await harness.settle()
    expect(asked).toHaveLength(2)
  })

  test.each([
    ['NOT_CONTROLLER of a partition', { errorCode: errorCodes.NOT_CONTROLLER }],
    ['an unknown error of a partition', { errorCode: errorCodes.UNKNOWN_SERVER_ERROR }],
    ['STALE_BROKER_EPOCH of all', { topError: errorCodes.STALE_BROKER_EPOCH }],
  ])('%s is asked again after a while', async (_name, answer) => {
    const { harness, asked, topicId } = await start()
    await follow(harness, topicId, 2, 0)
    await harness.settle()
    await asked[0]!.answer(answer)
    expect(asked).toHaveLength(1)
    harness.clock.advance(50)
    await harness.settle()
    expect(asked[1]!.proposals).toEqual(asked[0]!.proposals)
    await asked[1]!.answer()
    expect(inSync(harness)).toEqual([1, 2])
  })
})

test('nobody who answers: it is asked again, but not when it is outdated by then', async () => {
  const { harness, asked, topicId } = await start({ partitions: 2 })
  await follow(harness, topicId, 2, 0, 0)
  await follow(harness, topicId, 2, 0, 1)
  await harness.settle()
  await asked[0]!.fail()
  harness.changePartition(topicId, 0, { leader: 2 })
  harness.clock.advance(50)
  await harness.settle()
  expect(asked[1]!.proposals.map(({ index }) => index)).toEqual([1])
})

test('after a stop nothing is asked and no answer counts', async () => {
  const { harness, asked, topicId } = await start()
  await follow(harness, topicId, 2, 0)
  await harness.settle()
  harness.isrChanges.stop()
  await asked[0]!.answer()
  expect(inSync(harness)).toEqual([1])
  harness.clock.advance(lagTimeMaxMs * 3)
  await follow(harness, topicId, 3, 0)
  await harness.settle()
  expect(asked).toHaveLength(1)
})

test('a replica that was fenced is taken in the moment that it is not, without another fetch', async () => {
  const { harness, asked, topicId } = await start()
  const change = (fenced: number) => {
    harness.commit([metadataRecord('BrokerRegistrationChangeRecord', 0, { brokerId: 2, brokerEpoch: 200, fenced })])
    return harness.settle()
  }
  await change(1)
  await follow(harness, topicId, 2, 0)
  await harness.settle()
  expect(asked).toEqual([])
  await change(-1)
  expect(asked.map(({ proposals }) => proposals[0]!.isr.map(([id]) => id))).toEqual([[1, 2]])
})

test('one that was about to join holds the high watermark back no longer than it is alive', async () => {
  const { harness, topicId } = await start({ isr: [1, 2] })
  await follow(harness, topicId, 3, 0)
  await append(harness)
  await follow(harness, topicId, 2, 1)
  expect(harness.partition('orders').highWatermark).toBe(0)
  harness.changePartition(topicId, 0, { isr: [1, 2] })
  harness.commit([metadataRecord('BrokerRegistrationChangeRecord', 0, { brokerId: 3, brokerEpoch: 300, fenced: 1 })])
  expect(harness.partition('orders').highWatermark).toBe(1)
})

test('a replica that the metadata has fenced, or whose epoch is another, is not taken in', async () => {
  const { harness, asked, topicId } = await start()
  const change = { brokerId: 2, brokerEpoch: 200, fenced: 1 }
  harness.commit([metadataRecord('BrokerRegistrationChangeRecord', 0, change)])
  await follow(harness, topicId, 2, 0)
  harness.commit([
    metadataRecord('BrokerRegistrationChangeRecord', 0, { brokerId: 3, brokerEpoch: 300, inControlledShutdown: 1 }),
  ])
  await follow(harness, topicId, 3, 0)
  await harness.settle()
  expect(asked).toEqual([])
})
