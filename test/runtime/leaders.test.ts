// Leaders with their followers and clients in a cluster: several brokers with real fetchers and handlers in one process,
// and a controller that decides on in-sync replicas.
import { describe, expect, test } from 'vitest'
import { handlers } from '../../src/handlers/index.ts'
import type { MetadataImage } from '../../src/metadata/metadata-image.ts'
import { metadataRecord } from '../../src/metadata/metadata-record.ts'
import { produceRequest, produceResponse } from '../../src/protocol/api/00-produce.ts'
import { fetchRequest, fetchResponse } from '../../src/protocol/api/01-fetch.ts'
import { deleteRecordsRequest, deleteRecordsResponse } from '../../src/protocol/api/21-delete-records.ts'
import type { AlterPartitionRequest } from '../../src/protocol/api/56-alter-partition.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import {
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from '../../src/protocol/frames.ts'
import { buildBatch } from '../../src/protocol/record/batch-builder.ts'
import type { Infer, InferInput, Schema } from '../../src/protocol/schema.ts'
import type { ControllerChannel } from '../../src/runtime/controller/controller-channel.ts'
import type { FetchedRecords } from '../../src/runtime/fetch/fetched-records.ts'
import { TestConnection } from './broker-harness.ts'
import { ReplicaCluster, type ReplicaNode } from './replica-cluster.ts'

/** Takes every ISR that fits what is committed, and tells all brokers. */
class Controller implements ControllerChannel {
  cluster: ReplicaCluster | undefined
  /** Whom the proposals named. */
  readonly proposals: number[][] = []

  async send<Response>(_apiKey: number, asked: object): Promise<Response> {
    const request = asked as AlterPartitionRequest
    const topics = request.topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partitionIndex, newIsrWithEpochs, partitionEpoch }) => {
        const isr = newIsrWithEpochs.map(({ brokerId }) => brokerId)
        this.proposals.push(isr)
        const before = this.#image.topics.getPartition(topicId, partitionIndex)!
        if (before.partitionEpoch !== partitionEpoch) {
          return { partitionIndex, errorCode: errorCodes.INVALID_UPDATE_VERSION, isr: [] }
        }
        this.cluster!.changePartition(topicId, { isr }, undefined, partitionIndex)
        const { leader: leaderId, leaderEpoch } = before
        return { partitionIndex, errorCode: 0, leaderId, leaderEpoch, isr, partitionEpoch: partitionEpoch + 1 }
      }),
    }))
    return { throttleTimeMs: 0, errorCode: 0, topics } as Response
  }

  get #image(): MetadataImage {
    return this.cluster!.nodes.find(({ isUp }) => isUp)!.image
  }
}

const noWait = { sessionEpoch: -1, maxWaitMs: 0 }

async function start(settings: { config?: Record<string, string>; brokers?: number } = {}) {
  const controller = new Controller()
  const cluster = await ReplicaCluster.start({ brokers: 3, controller, ...settings })
  controller.cluster = cluster
  return { cluster, controller }
}

/** As a client on the network would ask; the answer may be waited for. */
async function ask<Request extends Schema, Response extends Schema>(
  node: ReplicaNode,
  [requestSchema, responseSchema]: readonly [Request, Response],
  version: number,
  request: InferInput<Request>,
): Promise<Infer<Response>> {
  const frame = bytesOf(encodeRequest(requestSchema, version, 1, 'client', request).chunks as Buffer[])
  const { apiKey, endOffset } = decodeRequestHeader(frame)
  const { message } = decodeRequest(apiKey, version, frame, endOffset)
  const context = {
    ...{ apiKey, apiVersion: version, correlationId: 1, clientId: 'client', sizeInBytes: frame.length },
    connection: new TestConnection(1, 'PLAINTEXT'),
    receivedAtMs: node.cluster.clock.monotonic(),
  }
  const answer = await handlers.get(apiKey)!.handle(node.broker, message, context)
  const { chunks } = encodeResponse(responseSchema, version, 1, answer as InferInput<Response>)
  const buffers = chunks.flatMap((chunk) => (Buffer.isBuffer(chunk) ? [chunk] : slicesOf(chunk as FetchedRecords)))
  return decodeResponse(responseSchema, version, bytesOf(buffers)).message
}

function slicesOf(records: FetchedRecords): Buffer[] {
  const slices = records.slices.filter((slice): slice is Buffer => Buffer.isBuffer(slice))
  records.release()
  return slices
}

function bytesOf(chunks: readonly Buffer[]): Buffer {
  return Buffer.concat(chunks).subarray(4)
}

interface Produced {
  isAnswered: boolean
  readonly answer: Promise<Infer<typeof produceResponse>>
}

/** Two records; of an idempotent producer when there is a sequence. */
function produce(node: ReplicaNode, topicId: string, acks: number, baseSequence = -1, timeoutMs = 1_000): Produced {
  const producer = baseSequence < 0 ? {} : { producerId: 7n, producerEpoch: 0, baseSequence }
  const values = [{ value: Buffer.from('a') }, { value: Buffer.from('b') }]
  const records = buildBatch({ timestamp: node.cluster.clock.now(), ...producer, records: values })
  const topicData = [{ topicId, partitionData: [{ index: 0, records }] }]
  const answer = ask(node, [produceRequest, produceResponse], 13, { acks, timeoutMs, topicData })
  const produced = { isAnswered: false, answer }
  void answer.then(() => {
    produced.isAnswered = true
  })
  return produced
}

async function resultOf(cluster: ReplicaCluster, { answer }: Produced) {
  const { responses, nodeEndpoints } = await cluster.drive(answer)
  return { ...responses[0]!.partitionResponses[0]!, nodeEndpoints }
}

function highWatermarks(cluster: ReplicaCluster): number[] {
  return cluster.nodes.map((node) => node.partition('orders').highWatermark)
}

describe('acks=all', () => {
  test('is answered when all in-sync replicas have it; followers know the high watermark a moment later', async () => {
    const { cluster } = await start()
    const topicId = await cluster.createTopic('orders')
    await cluster.pass(700)
    const produced = produce(cluster.node(1), topicId, -1)
    await cluster.pass(20)
    expect(await resultOf(cluster, produced)).toMatchObject({ errorCode: 0, baseOffset: 0 })
    expect(highWatermarks(cluster)).toEqual([2, 2, 2])
  })

  test('waits for one that is gone until it is dropped, and goes on without it', async () => {
    const { cluster, controller } = await start({ config: { 'replica.lag.time.max.ms': '4000' } })
    const topicId = await cluster.createTopic('orders')
    cluster.node(3).crash()
    const produced = produce(cluster.node(1), topicId, -1, -1, 60_000)
    await cluster.pass(3_500)
    expect(produced.isAnswered).toBe(false)
    await cluster.pass(3_000)
    expect(controller.proposals).toEqual([[1, 2]])
    expect((await resultOf(cluster, produced)).errorCode).toBe(0)
  })

  test('is refused at once, or late, while the ISR is below the minimum, and goes on when it is not', async () => {
    const { cluster, controller } = await start({ config: { 'replica.lag.time.max.ms': '4000' } })
    const topicId = await cluster.createTopic('orders', { replicas: [1, 2], configs: { 'min.insync.replicas': '2' } })
    cluster.node(2).crash()
    const early = produce(cluster.node(1), topicId, -1, -1, 3_000)
    await cluster.pass(3_100)
    expect((await resultOf(cluster, early)).errorCode).toBe(errorCodes.REQUEST_TIMED_OUT)
    await cluster.pass(3_000)
    const refused = await resultOf(cluster, produce(cluster.node(1), topicId, -1))
    expect(refused.errorCode).toBe(errorCodes.NOT_ENOUGH_REPLICAS)
    expect((await resultOf(cluster, produce(cluster.node(1), topicId, 1))).errorCode).toBe(0)
    expect(cluster.node(1).partition('orders').highWatermark).toBe(0)
    await cluster.drive(cluster.node(2).start())
    await cluster.pass(1_500)
    expect(controller.proposals).toEqual([[1], [1, 2]])
    expect(cluster.node(1).partition('orders').highWatermark).toBe(4)
    expect((await resultOf(cluster, produce(cluster.node(1), topicId, -1))).errorCode).toBe(0)
  })

  test('that waits when leadership moves is told who leads, and where', async () => {
    const { cluster } = await start()
    const topicId = await cluster.createTopic('orders')
    cluster.network.takeDown(cluster.node(1).host)
    const produced = produce(cluster.node(1), topicId, -1)
    await cluster.pass(50)
    cluster.changePartition(topicId, { leader: 3, isr: [1, 3] })
    const result = await resultOf(cluster, produced)
    expect(result).toMatchObject({
      errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER,
      baseOffset: -1,
      currentLeader: { leaderId: 3, leaderEpoch: 1 },
      nodeEndpoints: [{ nodeId: 3, host: 'host-3', port: 9092 }],
    })
  })
})

test('an idempotent producer goes on with the next leader where it was, with what it does not know the fate of', async () => {
  const { cluster } = await start()
  const topicId = await cluster.createTopic('orders')
  expect((await resultOf(cluster, produce(cluster.node(1), topicId, -1, 0))).errorCode).toBe(0)
  // What the leader alone has is lost with it: the replicas are all out of its reach.
  cluster.network.takeDown(cluster.node(1).host)
  const lost = produce(cluster.node(1), topicId, -1, 2)
  cluster.changePartition(topicId, { leader: 2, isr: [2, 3] })
  expect((await resultOf(cluster, lost)).errorCode).toBe(errorCodes.NOT_LEADER_OR_FOLLOWER)
  const repeated = await resultOf(cluster, produce(cluster.node(2), topicId, -1, 0))
  expect([repeated.errorCode, repeated.baseOffset]).toEqual([0, 0])
  const early = await resultOf(cluster, produce(cluster.node(2), topicId, -1, 4))
  expect(early.errorCode).toBe(errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER)
  const again = await resultOf(cluster, produce(cluster.node(2), topicId, -1, 2))
  expect([again.errorCode, again.baseOffset]).toEqual([0, 2])
  const next = await resultOf(cluster, produce(cluster.node(2), topicId, -1, 4))
  expect([next.errorCode, next.baseOffset]).toEqual([0, 4])
})

test('one whose batches the next leader has, though nobody told it so, gets the answer of then', async () => {
  const { cluster } = await start()
  const topicId = await cluster.createTopic('orders')
  const sent = [0, 2, 4].map((sequence) => produce(cluster.node(1), topicId, -1, sequence, 60_000))
  await cluster.until(() => cluster.node(2).partition('orders').log!.logEndOffset === 6)
  cluster.changePartition(topicId, { leader: 2 })
  for (const one of sent) await resultOf(cluster, one)
  for (const sequence of [0, 2, 4, 6]) {
    const again = await resultOf(cluster, produce(cluster.node(2), topicId, -1, sequence))
    expect([again.errorCode, again.baseOffset]).toEqual([0, sequence])
  }
})

describe('DeleteRecords', () => {
  function deleteRecords(node: ReplicaNode, timeoutMs: number) {
    const topics = [{ name: 'orders', partitions: [{ partitionIndex: 0, offset: 2 }] }]
    return ask(node, [deleteRecordsRequest, deleteRecordsResponse], 2, { timeoutMs, topics })
  }

  test('is answered when the followers have moved too, which takes no longer than a round trip', async () => {
    const { cluster } = await start()
    const topicId = await cluster.createTopic('orders')
    await resultOf(cluster, produce(cluster.node(1), topicId, -1))
    await resultOf(cluster, produce(cluster.node(1), topicId, -1))
    await cluster.pass(100)
    let isAnswered = false
    const deleted = deleteRecords(cluster.node(1), 1_000)
    void deleted.then(() => {
      isAnswered = true
    })
    expect(isAnswered).toBe(false)
    await cluster.pass(30)
    expect(isAnswered).toBe(true)
    expect((await deleted).topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, lowWatermark: 2 })
    expect(cluster.nodes.map((node) => node.partition('orders').log!.logStartOffset)).toEqual([2, 2, 2])
  })

  test('waits for one that is gone until its time is up, or until the metadata has fenced it', async () => {
    const { cluster } = await start()
    const topicId = await cluster.createTopic('orders')
    await resultOf(cluster, produce(cluster.node(1), topicId, -1))
    cluster.node(3).crash()
    const late = deleteRecords(cluster.node(1), 1_000)
    await cluster.pass(1_100)
    expect((await late).topics[0]!.partitions[0]!.errorCode).toBe(errorCodes.REQUEST_TIMED_OUT)
    const fenced = deleteRecords(cluster.node(1), 60_000)
    await cluster.pass(100)
    cluster.commit([
      metadataRecord('BrokerRegistrationChangeRecord', 0, { brokerId: 3, brokerEpoch: 300, fenced: 1 }),
      metadataRecord('PartitionChangeRecord', 2, { partitionId: 0, topicId, isr: [1, 2] }),
    ])
    await cluster.pass(100)
    expect((await fenced).topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, lowWatermark: 2 })
  })
})

describe('a follower that fetches', () => {
  function follow(node: ReplicaNode, topicId: string, fields: object, version = 18) {
    const asked = { partition: 0, fetchOffset: 0, lastFetchedEpoch: -1, logStartOffset: 0, partitionMaxBytes: 1000 }
    const partitions = [{ ...asked, currentLeaderEpoch: 0, ...fields }]
    const replicaState = { replicaId: 2, replicaEpoch: 200, ...fields }
    const request = { ...noWait, replicaState, topics: [{ topicId, partitions }] }
    const answer = ask(node, [fetchRequest, fetchResponse], version, request)
    return node.cluster.drive(answer).then(({ responses }) => responses[0]!.partitions[0]!)
  }

  test('is refused when it is no replica, an earlier process of its broker, or mistaken about the epoch', async () => {
    const { cluster } = await start()
    const topicId = await cluster.createTopic('orders', { replicas: [1, 2] })
    const node = cluster.node(1)
    expect((await follow(node, topicId, { replicaId: 3, replicaEpoch: 300 })).errorCode).toBe(
      errorCodes.UNKNOWN_LEADER_EPOCH,
    )
    expect((await follow(node, topicId, { replicaEpoch: 199 })).errorCode).toBe(errorCodes.NOT_LEADER_OR_FOLLOWER)
    expect((await follow(node, topicId, { replicaEpoch: 201 })).errorCode).toBe(0)
    expect((await follow(node, topicId, { currentLeaderEpoch: 1 })).errorCode).toBe(errorCodes.UNKNOWN_LEADER_EPOCH)
    cluster.changePartition(topicId, { leader: 1 })
    const fenced = await follow(node, topicId, {})
    expect(fenced.errorCode).toBe(errorCodes.FENCED_LEADER_EPOCH)
    expect(fenced.currentLeader).toEqual({ leaderId: 1, leaderEpoch: 1 })
    expect((await follow(node, 'vPeOCWypqUOSepEvx0cbog', {})).errorCode).toBe(errorCodes.UNKNOWN_TOPIC_ID)
  })

  test('and whose log diverges does not count as having what it says', async () => {
    const { cluster } = await start({ brokers: 2 })
    const topicId = await cluster.createTopic('orders')
    const node = cluster.node(1)
    cluster.network.takeDown(node.host)
    cluster.changePartition(topicId, { leader: 1 })
    cluster.append(node, 'orders', ['a', 'b'])
    cluster.changePartition(topicId, { leader: 1 })
    cluster.append(node, 'orders', ['c', 'd'])
    await cluster.pass(10)
    const diverging = await follow(node, topicId, { currentLeaderEpoch: 2, fetchOffset: 4, lastFetchedEpoch: 1 })
    expect(diverging.divergingEpoch).toMatchObject({ epoch: 1, endOffset: 2 })
    expect(node.partition('orders').highWatermark).toBe(0)
    await follow(node, topicId, { currentLeaderEpoch: 2, fetchOffset: 2, lastFetchedEpoch: 1 })
    expect(node.partition('orders').highWatermark).toBe(2)
  })
})
