import { describe, expect, test } from 'vitest'
import { silentLogger } from '../../src/base/logger.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { VirtualClock } from '../../src/base/virtual-clock.ts'
import { BrokerConfig } from '../../src/config/broker-config.ts'
import { nodeHashing } from '../../src/io/node-hashing.ts'
import { type MetadataRecord, metadataRecord } from '../../src/metadata/metadata-record.ts'
import { decodeMetadataRecord } from '../../src/metadata/metadata-record-codec.ts'
import type { CreateTopicsRequestInput, CreateTopicsResponse } from '../../src/protocol/api/19-create-topics.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorCodes, KafkaError } from '../../src/protocol/errors.ts'
import { VoterSet } from '../../src/raft/voter-set.ts'
import { LocalControllerChannel } from '../../src/runtime/controller/controller-local-channel.ts'
import type { ControllerLog } from '../../src/runtime/controller/controller-log.ts'
import { ControllerRuntime } from '../../src/runtime/controller/controller-runtime.ts'
import { clusterId, directoryIdOf } from './raft-harness.ts'

/** A metadata log whose commits, failures and leadership the test decides. */
class ScriptedLog implements ControllerLog {
  readonly settings = { kraftVersion: 1, voters: new VoterSet([]) }
  readonly records: MetadataRecord[] = []
  refusal: Error | undefined
  resignedEpoch: number | undefined
  upgradedTo: number | undefined
  /** Within an append, when what is appended is in the log. */
  onAppended: () => void = () => {}

  get logEndOffset(): number {
    return this.records.length
  }

  append(records: readonly Buffer[]): number {
    if (this.refusal !== undefined) throw this.refusal
    this.records.push(...records.map((bytes) => decodeMetadataRecord(bytes)))
    const lastOffset = this.records.length - 1
    this.onAppended()
    return lastOffset
  }

  upgradeKraftVersion(kraftVersion: number): void {
    this.upgradedTo = kraftVersion
  }

  resign(epoch: number): void {
    this.resignedEpoch = epoch
  }
}

class Scene {
  readonly clock = new VirtualClock()
  readonly log = new ScriptedLog()
  readonly controller: ControllerRuntime
  readonly channel: LocalControllerChannel
  committedOffset = 0

  constructor(config: Readonly<Record<string, string>> = {}) {
    this.controller = new ControllerRuntime({
      config: BrokerConfig.from(new Map(Object.entries(config))),
      clusterId,
      clock: this.clock,
      random: new SeededRandom(1),
      hashing: nodeHashing,
      logger: silentLogger,
    })
    this.controller.attach(this.log)
    this.channel = new LocalControllerChannel({ controller: this.controller, clock: this.clock, timeoutMs: 1000 })
  }

  /** Leads, with its bootstrap committed. */
  static leading(config: Readonly<Record<string, string>> = {}): Scene {
    const scene = new Scene(config)
    scene.controller.onBecomeLeader({ epoch: 1 })
    scene.commit()
    return scene
  }

  /** Everything in the log is committed. */
  commit(): void {
    const records = this.log.records.slice(this.committedOffset)
    if (records.length === 0) return
    this.controller.onCommitted({
      baseOffset: this.committedOffset,
      lastOffset: this.log.records.length - 1,
      epoch: 1,
      appendTimestampMs: 0,
      sizeInBytes: 1,
      records: () => records,
    })
    this.committedOffset = this.log.records.length
  }

  /** Registers broker 1 and unfences it; everything is committed. */
  async startBroker(): Promise<number> {
    const registration = this.channel.send<{ brokerEpoch: number }>(apiKeys.BrokerRegistration, {
      brokerId: 1,
      clusterId,
      incarnationId: directoryIdOf(7),
      features: [
        ['metadata.version', 7, 30],
        ['kraft.version', 0, 1],
        ['group.version', 0, 1],
        ['transaction.version', 0, 2],
        ['share.version', 0, 1],
        ['streams.version', 0, 1],
        ['eligible.leader.replicas.version', 0, 1],
      ].map(([name, minSupportedVersion, maxSupportedVersion]) => ({ name, minSupportedVersion, maxSupportedVersion })),
      rack: null,
      logDirs: [directoryIdOf(8)],
    })
    await settle()
    this.commit()
    const { brokerEpoch } = await registration
    const heartbeat = this.heartbeat(brokerEpoch)
    await settle()
    this.commit()
    await heartbeat
    return brokerEpoch
  }

  heartbeat(brokerEpoch: number): Promise<object> {
    const request = { brokerId: 1, brokerEpoch, currentMetadataOffset: this.log.records.length }
    return this.channel.send(apiKeys.BrokerHeartbeat, request)
  }

  createTopic(name: string): Promise<CreateTopicsResponse> {
    const request: CreateTopicsRequestInput = { topics: [{ name, numPartitions: 1, replicationFactor: 1 }] }
    return this.channel.send(apiKeys.CreateTopics, request)
  }

  typesFrom(offset: number): string[] {
    return this.log.records.slice(offset).map((record) => record.type)
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

/** What has become of a promise by now. */
async function stateOf(promise: Promise<unknown>): Promise<string> {
  let state = 'pending'
  promise.then(
    () => {
      state = 'resolved'
    },
    (error: unknown) => {
      state = error instanceof KafkaError ? error.error : String(error)
    },
  )
  await settle()
  return state
}

describe('an answer', () => {
  test('kraft.version is raised in the log before what the request writes', async () => {
    const scene = Scene.leading()
    const features = [{ feature: 'kraft.version', maxVersionLevel: 1 }]
    const answer = scene.channel.send(apiKeys.UpdateFeatures, { featureUpdates: features })
    await settle()
    expect(scene.log.upgradedTo).toBe(1)
    scene.commit()
    expect(await answer).toMatchObject({ errorCode: 0 })
  })

  test('leaves when what was written is committed', async () => {
    const scene = Scene.leading()
    await scene.startBroker()
    const answer = scene.createTopic('a')
    expect(await stateOf(answer)).toBe('pending')
    scene.commit()
    expect((await answer).topics[0]).toMatchObject({ name: 'a', errorCode: 0 })
  })

  test('that rests on what is not committed yet waits for it, though it wrote nothing', async () => {
    const scene = Scene.leading()
    await scene.startBroker()
    const first = scene.createTopic('a')
    const second = scene.createTopic('a')
    expect(await stateOf(second)).toBe('pending')
    scene.commit()
    expect((await first).topics[0]!.errorCode).toBe(0)
    expect((await second).topics[0]!.errorMessage).toBe("Topic 'a' already exists.")
  })

  test('of a request that is refused as a whole carries the error', async () => {
    const scene = Scene.leading()
    const answer = await scene.channel.send(apiKeys.BrokerHeartbeat, { brokerId: 5, brokerEpoch: 1 })
    expect(answer).toMatchObject({ errorCode: 77, isFenced: true })
  })
})

describe('an append that fails', () => {
  test('leaves nothing behind, and the next request succeeds', async () => {
    const scene = Scene.leading()
    await scene.startBroker()
    scene.log.refusal = new KafkaError('REQUEST_TIMED_OUT', 'the disk is slow')
    await expect(scene.createTopic('a')).rejects.toThrow('the disk is slow')
    scene.log.refusal = undefined
    const answer = scene.createTopic('a')
    await settle()
    scene.commit()
    expect((await answer).topics[0]).toMatchObject({ errorCode: 0 })
  })

  test('at the bootstrap gives up the leadership', () => {
    const scene = new Scene()
    scene.log.refusal = new KafkaError('REQUEST_TIMED_OUT')
    scene.controller.onBecomeLeader({ epoch: 4 })
    expect(scene.log.resignedEpoch).toBe(4)
  })
})

describe('leadership that ends as the log is appended to', () => {
  // Simulation, seed 9: the controller went on fencing, passed over what its successor committed, and led again with an
  // image of its own.
  test('leaves the image with what is committed', async () => {
    const scene = Scene.leading({ 'metadata.max.idle.interval.ms': '0' })
    await scene.startBroker()
    scene.log.onAppended = () => {
      scene.controller.onResign()
      scene.log.refusal = new KafkaError('NOT_CONTROLLER')
    }
    scene.clock.advance(20_000)
    scene.log.refusal = undefined
    scene.log.onAppended = () => {}
    expect(scene.controller.isActive).toBe(false)
    scene.log.records.length = scene.committedOffset
    scene.log.records.push(metadataRecord('TopicRecord', 0, { name: 'a', topicId: directoryIdOf(9) }))
    scene.commit()
    scene.controller.onBecomeLeader({ epoch: 3 })
    const answer = scene.createTopic('a')
    await settle()
    scene.commit()
    expect((await answer).topics[0]).toMatchObject({ errorCode: errorCodes.TOPIC_ALREADY_EXISTS })
  })

  test('answers no request with success', async () => {
    const scene = Scene.leading()
    const brokerEpoch = await scene.startBroker()
    scene.log.onAppended = () => scene.controller.onResign()
    const request = { brokerId: 1, brokerEpoch, nextProducerId: 0 }
    const answer = scene.controller.handle(apiKeys.AllocateProducerIds, request)
    await expect(answer).rejects.toMatchObject({ code: errorCodes.NOT_CONTROLLER })
  })
})

describe('leadership', () => {
  test('requests wait until there is an active controller', async () => {
    const scene = new Scene()
    const answer = scene.createTopic('a')
    expect(await stateOf(answer)).toBe('pending')
    scene.controller.onBecomeLeader({ epoch: 1 })
    await settle()
    scene.commit()
    expect((await answer).topics[0]!.errorMessage).toContain(
      'All brokers are currently fenced, or have all their log directories cordoned.',
    )
  })

  test('and give up when none comes in time', async () => {
    const scene = new Scene()
    const answer = scene.createTopic('a')
    const state = stateOf(answer)
    await scene.clock.advanceAsync(1000)
    await state
    await expect(answer).rejects.toThrow('This server is not the active controller.')
  })

  test('that is lost undoes what was not committed and refuses who waited', async () => {
    const scene = Scene.leading()
    await scene.startBroker()
    const answer = scene.controller.handle(apiKeys.CreateTopics, {
      topics: [{ name: 'a', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: 1000,
      validateOnly: false,
    })
    await settle()
    scene.controller.onResign()
    await expect(answer).rejects.toThrow('not the active controller')
    // Another leader's log goes on where the committed one ended.
    scene.log.records.length = scene.committedOffset
    scene.controller.onBecomeLeader({ epoch: 3 })
    const again = scene.createTopic('a')
    await settle()
    scene.commit()
    expect((await again).topics[0]).toMatchObject({ errorCode: 0 })
  })

  test('a standby follows what others commit and takes over without writing a bootstrap', () => {
    const leader = Scene.leading()
    const standby = new Scene()
    standby.log.records.push(...leader.log.records)
    standby.commit()
    standby.controller.onBecomeLeader({ epoch: 2 })
    expect(standby.log.records).toHaveLength(leader.log.records.length)
  })
})

describe('while nothing happens', () => {
  test('a record is written every 500 ms, and none after a leadership is lost', async () => {
    const scene = Scene.leading()
    const before = scene.log.records.length
    await scene.clock.advanceAsync(1600)
    expect(scene.typesFrom(before)).toEqual(['NoOpRecord', 'NoOpRecord', 'NoOpRecord'])
    scene.controller.onResign()
    await scene.clock.advanceAsync(5000)
    expect(scene.log.records).toHaveLength(before + 3)
  })

  test('none is written when metadata.max.idle.interval.ms is 0', async () => {
    const scene = Scene.leading({ 'metadata.max.idle.interval.ms': '0' })
    const before = scene.log.records.length
    await scene.clock.advanceAsync(5000)
    expect(scene.log.records).toHaveLength(before)
  })

  test('a broker that is not heard of is fenced when its session runs out, and not before', async () => {
    const scene = Scene.leading({ 'metadata.max.idle.interval.ms': '0' })
    const epoch = await scene.startBroker()
    await scene.clock.advanceAsync(8000)
    await scene.heartbeat(epoch)
    await scene.clock.advanceAsync(8999)
    const before = scene.log.records.length
    expect(scene.typesFrom(before)).toEqual([])
    await scene.clock.advanceAsync(2)
    expect(scene.log.records.at(-1)).toMatchObject({ type: 'BrokerRegistrationChangeRecord', data: { fenced: 1 } })
  })
})
