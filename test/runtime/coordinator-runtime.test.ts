import { beforeEach, describe, expect, test } from 'vitest'
import { type Logger, silentLogger } from '../../src/base/logger.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { zeroUuid } from '../../src/base/uuid.ts'
import { VirtualClock } from '../../src/base/virtual-clock.ts'
import { GroupCoordinator } from '../../src/coordinator/group/group-coordinator.ts'
import { defaultGroupSettings } from '../../src/coordinator/group/group-settings.ts'
import type { JoinGroupRequest } from '../../src/protocol/api/11-join-group.ts'
import { errorName, KafkaError } from '../../src/protocol/errors.ts'
import * as batch from '../../src/protocol/record/batch-header.ts'
import { noCodecs } from '../../src/protocol/record/compression.ts'
import { buildTransactionMarker } from '../../src/protocol/record/control-record.ts'
import { CoordinatorRuntime } from '../../src/runtime/coordinator/coordinator-runtime.ts'
import type { CoordinatorEnvironment } from '../../src/runtime/coordinator/coordinator-shard.ts'
import { GroupCoordinatorService } from '../../src/runtime/coordinator/group-coordinator-service.ts'
import { MemoryCoordinatorLog } from './memory-coordinator-log.ts'

let clock: VirtualClock
let log: MemoryCoordinatorLog
let runtime: CoordinatorRuntime<GroupCoordinator>
let groups: GroupCoordinatorService
let warnings: string[]
let environment: CoordinatorEnvironment

function start(): void {
  const logger: Logger = {
    ...silentLogger,
    warn: (message) => warnings.push(message),
    error: (message) => warnings.push(message),
  }
  environment = {
    log,
    clock,
    logger,
    codecs: noCodecs,
    writeTimeoutMs: () => 5_000,
    loadBufferSize: () => 400,
    compressionType: () => 0 as const,
  }
  const settings = () => ({ ...defaultGroupSettings, initialRebalanceDelayMs: 0 })
  const random = new SeededRandom(1)
  runtime = new CoordinatorRuntime(environment, () => new GroupCoordinator({ settings, random, logger: silentLogger }))
  // One partition: all groups are in it.
  groups = new GroupCoordinatorService(runtime, () => 1)
}

beforeEach(() => {
  clock = new VirtualClock()
  log = new MemoryCoordinatorLog()
  warnings = []
  start()
})

function commit(offset: number, groupId = 'g', metadata = ''): Promise<string> {
  const request = { groupId, generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null, retentionTimeMs: -1 }
  const partition = { partitionIndex: 0, committedOffset: BigInt(offset), committedLeaderEpoch: -1 }
  const partitions = [{ ...partition, committedMetadata: metadata }]
  const topics = [{ name: 'orders', topicId: zeroUuid, partitions }]
  const answer = Promise.resolve(groups.commitOffsets({ ...request, topics }, 10))
  return answer.then((response) => errorName(response.topics[0]!.partitions[0]!.errorCode))
}

async function committed(groupId = 'g'): Promise<bigint | string> {
  const topics = [{ name: 'orders', topicId: zeroUuid, partitionIndexes: [0] }]
  const response = await groups.fetchOffsets({ groupId, topics }, false)
  return response.errorCode === 0 ? response.topics[0]!.partitions[0]!.committedOffset : errorName(response.errorCode)
}

function join(fields: Partial<JoinGroupRequest> = {}, apiVersion = 3) {
  const request: JoinGroupRequest = {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 60_000,
    memberId: '',
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
    reason: null,
    ...fields,
  }
  return groups.joinGroup(request, { apiVersion, clientId: 'c', clientHost: '/127.0.0.1' })
}

/** Settled or not, after everything that needs no time. */
async function stateOf(promise: Promise<unknown>): Promise<'waits' | 'answered'> {
  let state: 'waits' | 'answered' = 'waits'
  void promise.then(() => {
    state = 'answered'
  })
  await clock.advanceAsync(0)
  return state
}

async function settled<T>(promise: Promise<T>): Promise<T> {
  expect(await stateOf(promise)).toBe('answered')
  return promise
}

describe('a shard writes', () => {
  beforeEach(() => groups.onElected(0, 0))

  test('what comes in one turn as one batch, with base sequence 0 as Apache Kafka', async () => {
    const answers = [commit(1, 'a'), commit(2, 'b'), commit(3, 'c')]
    expect(log.partition(0).batches).toHaveLength(0)
    expect(await settled(Promise.all(answers))).toEqual(['NONE', 'NONE', 'NONE'])
    const [bytes] = log.partition(0).batches
    expect(log.partition(0).batches).toHaveLength(1)
    expect([batch.recordsCount(bytes!, 0), batch.baseSequence(bytes!, 0), batch.producerId(bytes!, 0)]).toEqual([
      3,
      0,
      -1n,
    ])
    expect(batch.maxTimestamp(bytes!, 0)).toBe(clock.now())
  })

  test('as many batches as their size asks', async () => {
    log.sizeMax = 400
    const answers = Array.from({ length: 10 }, (_, index) => commit(index, `group-${index}`, 'x'.repeat(100)))
    expect(new Set(await settled(Promise.all(answers)))).toEqual(new Set(['NONE']))
    expect(log.partition(0).batches.length).toBeGreaterThan(3)
    for (const bytes of log.partition(0).batches) expect(bytes.length).toBeLessThanOrEqual(400)
    expect(await committed('group-9')).toBe(9n)
  })

  test('and refuses only what is too large for any batch', async () => {
    log.sizeMax = 400
    const answers = [commit(1, 'a'), commit(2, 'b', 'x'.repeat(500)), commit(3, 'c')]
    expect(await settled(Promise.all(answers))).toEqual(['NONE', 'UNKNOWN_SERVER_ERROR', 'NONE'])
    expect(await committed('a')).toBe(1n)
    expect(await committed('b')).toBe(-1n)
    expect(await committed('c')).toBe(3n)
  })

  test('and answers at the high watermark', async () => {
    log.holdsHighWatermark = true
    const first = commit(1)
    expect(await stateOf(first)).toBe('waits')
    const second = commit(2)
    const read = committed()
    expect(await stateOf(second)).toBe('waits')
    log.moveHighWatermark(0, 1)
    expect(await settled(first)).toBe('NONE')
    expect(await stateOf(Promise.race([second, read]))).toBe('waits')
    log.moveHighWatermark(0, 2)
    expect(await settled(second)).toBe('NONE')
    expect(await settled(read)).toBe(2n)
  })

  test('and answers at once when there is nothing to wait for', async () => {
    await settled(commit(1))
    const request = { groupId: 'g', memberId: 'x', generationId: 1, groupInstanceId: null }
    expect(groups.heartbeat(request)).toEqual({ throttleTimeMs: 0, errorCode: 25 })
  })

  test('and tells who waited too long, without forgetting what is in the log', async () => {
    log.holdsHighWatermark = true
    const first = commit(1)
    await clock.advanceAsync(3_000)
    const second = commit(2)
    await clock.advanceAsync(2_000)
    expect(await settled(first)).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(await stateOf(second)).toBe('waits')
    log.moveHighWatermark(0)
    expect(await settled(second)).toBe('NONE')
    expect(await committed()).toBe(2n)
  })
})

describe('a failed append', () => {
  beforeEach(() => groups.onElected(0, 0))

  test('fails the requests that it carried, and leaves what was written', async () => {
    await settled(commit(1))
    log.appendError = new KafkaError('NOT_ENOUGH_REPLICAS')
    const answers = [commit(2), commit(3, 'new')]
    expect(await settled(Promise.all(answers))).toEqual(['COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_NOT_AVAILABLE'])
    expect(await committed()).toBe(1n)
    expect((await groups.listGroups({ states: [], types: [] })).groups.map(({ groupId }) => groupId)).toEqual(['g'])
    expect(await settled(commit(4))).toBe('NONE')
    expect(await committed()).toBe(4n)
    expect(warnings).toEqual(['records of a coordinator could not be written'])
  })

  test('does not fail who only reads, and who then sees what is left', async () => {
    await settled(commit(1))
    log.appendError = new KafkaError('NOT_LEADER_OR_FOLLOWER')
    const write = commit(2)
    const read = committed()
    expect(await settled(write)).toBe('NOT_COORDINATOR')
    expect(await settled(read)).toBe(1n)
  })

  test('in the middle of a turn fails the request that was on its way too', async () => {
    await settled(commit(1))
    log.sizeMax = 400
    log.appendError = new KafkaError('NOT_ENOUGH_REPLICAS')
    // The second does not fit behind the first, and the third finds the log well again.
    const answers = [commit(2, 'a', 'x'.repeat(200)), commit(3, 'b', 'x'.repeat(200)), commit(4, 'c')]
    expect(await settled(Promise.all(answers))).toEqual([
      'COORDINATOR_NOT_AVAILABLE',
      'COORDINATOR_NOT_AVAILABLE',
      'NONE',
    ])
    expect([await committed('a'), await committed('b'), await committed('c')]).toEqual([-1n, -1n, 4n])
    log.appendError = new KafkaError('NOT_ENOUGH_REPLICAS')
    const write = commit(5, 'd', 'x'.repeat(200))
    const response = await settled(join({ groupId: 'y'.repeat(300) }, 9))
    expect(errorName(response.errorCode)).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(await settled(write)).toBe('COORDINATOR_NOT_AVAILABLE')
  })

  test('of records that wait for the high watermark touches only those behind them', async () => {
    log.holdsHighWatermark = true
    const first = commit(1)
    await clock.advanceAsync(0)
    log.appendError = new KafkaError('KAFKA_STORAGE_ERROR')
    const second = commit(2)
    expect(await settled(second)).toBe('NOT_COORDINATOR')
    expect(await stateOf(first)).toBe('waits')
    log.moveHighWatermark(0)
    expect(await settled(first)).toBe('NONE')
    expect(await committed()).toBe(1n)
  })

  test('takes a new group back, and answers who wanted to join it', async () => {
    log.appendError = new KafkaError('NOT_ENOUGH_REPLICAS')
    expect(errorName((await settled(join({}, 9))).errorCode)).toBe('COORDINATOR_NOT_AVAILABLE')
    expect((await groups.listGroups({ states: [], types: [] })).groups).toEqual([])
    expect(errorName((await settled(join({}, 9))).errorCode)).toBe('MEMBER_ID_REQUIRED')
  })

  test('of an assignment makes the members join again', async () => {
    const joining = join()
    await clock.advanceAsync(1)
    const { memberId, generationId } = await settled(joining)
    log.appendError = new KafkaError('NOT_ENOUGH_REPLICAS')
    const sync = { groupId: 'g', memberId, generationId, groupInstanceId: null, protocolType: null, protocolName: null }
    const response = await settled(
      groups.syncGroup({ ...sync, assignments: [{ memberId, assignment: Buffer.from('x') }] }),
    )
    expect(errorName(response.errorCode)).toBe('COORDINATOR_NOT_AVAILABLE')
    const heartbeat = await groups.heartbeat({ groupId: 'g', memberId, generationId, groupInstanceId: null })
    expect(errorName(heartbeat.errorCode)).toBe('REBALANCE_IN_PROGRESS')
  })
})

describe('loading', () => {
  test('fifty empty partitions takes no turn', () => {
    for (let partition = 0; partition < 50; partition++) groups.onElected(partition, 0)
    expect([...runtime.shards()].map(({ state }) => state)).toEqual(new Array(50).fill('active'))
    expect(log.readsCount).toBe(0)
  })

  test('reads the log piece by piece, and asks clients to come back meanwhile', async () => {
    groups.onElected(0, 0)
    for (let offset = 0; offset < 20; offset++) await settled(commit(offset, `g${offset}`))
    start()
    groups.onElected(0, 1)
    expect(await commit(5)).toBe('COORDINATOR_LOAD_IN_PROGRESS')
    expect(await committed()).toBe('COORDINATOR_LOAD_IN_PROGRESS')
    expect((await groups.listGroups({ states: [], types: [] })).errorCode).toBe(14)
    const heartbeat = { groupId: 'g', memberId: 'm', generationId: 1, groupInstanceId: null }
    expect(await groups.heartbeat(heartbeat)).toEqual({ throttleTimeMs: 0, errorCode: 0 })
    await clock.advanceAsync(0)
    expect(log.readsCount).toBeGreaterThan(3)
    expect(await committed('g19')).toBe(19n)
    expect(await settled(commit(5))).toBe('NONE')
  })

  test('wakes who waits for it, at the latest when their time is over', async () => {
    groups.onElected(0, 0)
    await settled(commit(1))
    await settled(groups.untilLoaded('g', 2_000))
    start()
    const early = groups.untilLoaded('g', 2_000)
    expect(await stateOf(early)).toBe('waits')
    groups.onElected(0, 1)
    await settled(early)
    expect(await committed()).toBe(1n)
    start()
    const late = groups.untilLoaded('g', 2_000)
    await clock.advanceAsync(1_999)
    expect(await stateOf(late)).toBe('waits')
    await clock.advanceAsync(1)
    await settled(late)
    const stopped = groups.untilLoaded('g', 2_000)
    groups.close()
    await settled(stopped)
  })

  test('is tried again when the log cannot be read', async () => {
    groups.onElected(0, 0)
    await settled(commit(1))
    start()
    log.readError = new KafkaError('KAFKA_STORAGE_ERROR')
    groups.onElected(0, 1)
    await clock.advanceAsync(0)
    expect(await committed()).toBe('COORDINATOR_LOAD_IN_PROGRESS')
    expect(warnings).toEqual(['coordinator cannot be loaded, it is tried again'])
    await clock.advanceAsync(1_000)
    expect(await committed()).toBe(1n)
  })

  test('takes records that are not committed yet, and shows them when they are', async () => {
    groups.onElected(0, 0)
    await settled(commit(1))
    log.holdsHighWatermark = true
    void commit(2)
    await clock.advanceAsync(0)
    start()
    groups.onElected(0, 1)
    await clock.advanceAsync(0)
    const read = committed()
    expect(await stateOf(read)).toBe('waits')
    log.moveHighWatermark(0)
    expect(await settled(read)).toBe(2n)
  })

  test('ends transactions where their markers say so', async () => {
    groups.onElected(0, 0)
    await settled(commit(9))
    await settled(commit(1))
    const transactional = Buffer.from(log.partition(0).batches[0]!)
    transactional.writeBigInt64BE(7n, batch.producerIdPosition)
    transactional[batch.attributesPosition + 1]! |= batch.transactionalFlag
    batch.setCrc(transactional, 0)
    const marker = { producerId: 7n, producerEpoch: 0, coordinatorEpoch: 0, timestamp: 1 }
    log.append(0, transactional)
    log.append(0, buildTransactionMarker({ ...marker, isCommit: false }))
    start()
    groups.onElected(0, 1)
    await clock.advanceAsync(0)
    expect(await committed()).toBe(1n)
    log.append(0, transactional)
    log.append(0, buildTransactionMarker({ ...marker, isCommit: true }))
    log.append(0, transactional)
    start()
    groups.onElected(0, 1)
    await clock.advanceAsync(0)
    const topics = [{ name: 'orders', topicId: zeroUuid, partitionIndexes: [0] }]
    const stable = await groups.fetchOffsets({ groupId: 'g', topics }, true)
    expect(errorName(stable.topics[0]!.partitions[0]!.errorCode)).toBe('UNSTABLE_OFFSET_COMMIT')
    expect(await committed()).toBe(9n)
  })

  test('starts at the log start offset, also inside of a batch', async () => {
    groups.onElected(0, 0)
    await settled(Promise.all([commit(1, 'a'), commit(2, 'b')]))
    log.partition(0).startOffset = 1
    start()
    groups.onElected(0, 1)
    await clock.advanceAsync(0)
    expect([await committed('a'), await committed('b')]).toEqual([-1n, 2n])
  })

  test('starts behind what compaction and retention took', async () => {
    groups.onElected(0, 0)
    for (const groupId of ['a', 'b', 'c']) await settled(commit(1, groupId))
    const partition = log.partition(0)
    partition.batches.splice(1, 1)
    partition.startOffset = 1
    start()
    groups.onElected(0, 1)
    await clock.advanceAsync(0)
    expect(await committed('a')).toBe(-1n)
    expect(await committed('c')).toBe(1n)
    expect(await settled(commit(2, 'd'))).toBe('NONE')
  })
})

describe('resigning', () => {
  test('tells everybody who waits', async () => {
    groups.onElected(0, 3)
    const first = join()
    await clock.advanceAsync(1)
    const { memberId } = await settled(first)
    const waiting = join()
    log.holdsHighWatermark = true
    const write = commit(1, 'other')
    await clock.advanceAsync(0)
    const gathered = commit(2, 'other')
    groups.onResigned(0, 3)
    expect(errorName((await settled(waiting)).errorCode)).toBe('NOT_COORDINATOR')
    expect(await settled(write)).toBe('NOT_COORDINATOR')
    expect(await settled(gathered)).toBe('NOT_COORDINATOR')
    expect(await committed()).toBe('NOT_COORDINATOR')
    expect((await groups.listGroups({ states: [], types: [] })).groups).toEqual([])
    expect((await groups.describeGroup('g', 6)).errorCode).toBe(16)
    expect(memberId).toMatch(/^c-/)
    expect(clock.nextTimerMs()).toBeUndefined()
  })

  test('to lead on in a later epoch keeps everything, and everybody waiting', async () => {
    groups.onElected(0, 3)
    const first = join()
    await clock.advanceAsync(1)
    const { memberId } = await settled(first)
    const waiting = join()
    groups.onResigned(0, 3)
    groups.onElected(0, 4)
    groups.onResigned(0, 3)
    expect(await stateOf(waiting)).toBe('waits')
    const again = await settled(join({ memberId }))
    expect(again).toMatchObject({ errorCode: 0, generationId: 2 })
    expect((await settled(waiting)).errorCode).toBe(0)
  })

  test('because the topic is gone leaves nothing to the next topic of that name', async () => {
    groups.onElected(0, 0)
    await settled(commit(1))
    groups.onResigned(0, 0)
    log = new MemoryCoordinatorLog()
    Object.assign(environment, { log })
    groups.onElected(0, 0)
    await clock.advanceAsync(0)
    expect(await committed()).toBe(-1n)
    expect(await settled(commit(2))).toBe('NONE')
  })

  test('of an earlier epoch does nothing', async () => {
    groups.onElected(0, 3)
    groups.onResigned(0, 2)
    expect(await settled(commit(1))).toBe('NONE')
    groups.onElected(0, 4)
    await clock.advanceAsync(0)
    groups.onResigned(0, 3)
    expect(await committed()).toBe(1n)
  })

  test('while it loads', async () => {
    groups.onElected(0, 0)
    await settled(commit(1))
    start()
    groups.onElected(0, 1)
    groups.onResigned(0, 1)
    await clock.advanceAsync(0)
    expect(await committed()).toBe('NOT_COORDINATOR')
  })
})

test('sessions end by the clock', async () => {
  groups.onElected(0, 0)
  const joining = join()
  await clock.advanceAsync(1)
  const { memberId, generationId } = await settled(joining)
  const sync = { groupId: 'g', memberId, generationId, groupInstanceId: null, protocolType: null, protocolName: null }
  await settled(groups.syncGroup({ ...sync, assignments: [] }))
  const state = async () => (await groups.describeGroup('g', 6)).groupState
  for (let beats = 0; beats < 3; beats++) {
    await clock.advanceAsync(9_000)
    await groups.heartbeat({ groupId: 'g', memberId, generationId, groupInstanceId: null })
  }
  expect(await state()).toBe('Stable')
  await clock.advanceAsync(10_000)
  expect(await state()).toBe('Empty')
})
