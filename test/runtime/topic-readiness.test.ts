import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../../src/base/virtual-clock.ts'
import { metadataRecord } from '../../src/metadata/metadata-record.ts'
import { TopicReadiness } from '../../src/runtime/broker/topic-readiness.ts'
import type { DecodedBatch } from '../../src/runtime/raft/metadata-feed.ts'
import { MetadataPublisher } from '../../src/runtime/raft/metadata-publisher.ts'
import type { Partition } from '../../src/runtime/replica/partition.ts'
import type { LeadershipListener } from '../../src/runtime/replica/replica-manager.ts'

const topicId = 'dG9waWMtd2l0aC1hbi1pZA'

class Scene {
  readonly clock = new VirtualClock()
  readonly publisher = new MetadataPublisher()
  readonly listeners = new Set<LeadershipListener>()
  readonly served = new Set<number>()
  readonly readiness: TopicReadiness

  constructor() {
    this.publisher.publish()
    this.readiness = new TopicReadiness({
      brokerId: 1,
      publisher: this.publisher,
      partitions: {
        isServing: (_topicId, index) => this.served.has(index),
        addLeadershipListener: (listener) => this.listeners.add(listener),
        removeLeadershipListener: (listener) => this.listeners.delete(listener),
      },
      clock: this.clock,
    })
  }

  /** Commits a topic whose partitions have these leaders. */
  createTopic(leaders: readonly number[]): void {
    const records = [
      metadataRecord('TopicRecord', 0, { name: 'a', topicId }),
      ...leaders.map((leader, partitionId) =>
        metadataRecord('PartitionRecord', 2, { partitionId, topicId, replicas: [leader], isr: [leader], leader }),
      ),
    ]
    const batch: DecodedBatch = {
      baseOffset: 0,
      lastOffset: records.length - 1,
      epoch: 1,
      appendTimestampMs: 0,
      sizeInBytes: 1,
      records: () => records,
    }
    this.publisher.onCommitted(batch)
  }

  serve(index: number): void {
    this.served.add(index)
    for (const listener of this.listeners) listener.onElected?.({ topicId, index } as Partition)
  }
}

/** Undefined while the promise is pending. */
async function outcome(promise: Promise<boolean>): Promise<boolean | undefined> {
  let result: boolean | undefined
  void promise.then((value) => {
    result = value
  })
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  return result
}

describe('a topic is ready', () => {
  test('when the image has it and each partition that is led here is served', async () => {
    const scene = new Scene()
    const ready = scene.readiness.untilServed([{ name: 'a' }], 1000)
    expect(await outcome(ready)).toBeUndefined()
    scene.createTopic([1, 2, 1])
    expect(await outcome(ready)).toBeUndefined()
    scene.serve(0)
    expect(await outcome(ready)).toBeUndefined()
    scene.serve(2)
    expect(await outcome(ready)).toBe(true)
    expect(scene.listeners.size).toBe(0)
  })

  test('at once when it is already', async () => {
    const scene = new Scene()
    scene.served.add(0)
    scene.createTopic([1])
    expect(await outcome(scene.readiness.untilServed([{ name: 'a' }], 0))).toBe(true)
  })

  test('not before it has as many partitions as are awaited', async () => {
    const scene = new Scene()
    scene.served.add(0)
    scene.createTopic([1])
    const ready = scene.readiness.untilServed([{ name: 'a', partitionCount: 2 }], 1000)
    expect(await outcome(ready)).toBeUndefined()
  })

  test('or the time is over, and nobody listens any more', async () => {
    const scene = new Scene()
    const ready = scene.readiness.untilServed([{ name: 'a' }], 1000)
    scene.clock.advance(999)
    expect(await outcome(ready)).toBeUndefined()
    scene.clock.advance(1)
    expect(await outcome(ready)).toBe(false)
    expect(scene.listeners.size).toBe(0)
  })
})
