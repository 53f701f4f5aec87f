import { beforeEach, describe, expect, test } from 'vitest'
import { silentLogger } from '../../src/base/logger.ts'
import { VirtualClock } from '../../src/base/virtual-clock.ts'
import type { AssignReplicasToDirsRequestInput } from '../../src/protocol/api/73-assign-replicas-to-dirs.ts'
import { KafkaError } from '../../src/protocol/errors.ts'
import { DirectoryAssignments } from '../../src/runtime/broker/directory-assignments.ts'

let clock: VirtualClock
let requests: AssignReplicasToDirsRequestInput[]
let answer: () => Promise<{ readonly errorCode: number }>
let assignments: DirectoryAssignments

beforeEach(() => {
  clock = new VirtualClock()
  requests = []
  answer = async () => ({ errorCode: 0 })
  let epoch = 6
  assignments = new DirectoryAssignments({
    brokerId: 1,
    brokerEpoch: () => epoch++,
    controller: {
      send: (_apiKey, request) => {
        requests.push(request as AssignReplicasToDirsRequestInput)
        return answer() as Promise<never>
      },
    },
    clock,
    logger: silentLogger,
  })
})

/** Enough turns for everything that needs no time. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

describe('replicas and their directories', () => {
  test('opened together are told together', async () => {
    assignments.assign('a', 0, 'x')
    assignments.assign('a', 1, 'x')
    assignments.assign('b', 0, 'y')
    assignments.assign('b', 3, 'x')
    await assignments.whenRecorded()
    const partitions = (...indexes: number[]) => indexes.map((partitionIndex) => ({ partitionIndex }))
    expect(requests).toEqual([
      {
        brokerId: 1,
        brokerEpoch: 6,
        directories: [
          {
            id: 'x',
            topics: [
              { topicId: 'a', partitions: partitions(0, 1) },
              { topicId: 'b', partitions: partitions(3) },
            ],
          },
          { id: 'y', topics: [{ topicId: 'b', partitions: partitions(0) }] },
        ],
      },
    ])
  })

  test('are told again after a refusal and after silence, with the epoch of then', async () => {
    const answers = [async () => ({ errorCode: 77 }), async () => Promise.reject(new KafkaError('NOT_CONTROLLER'))]
    answer = () => (answers.shift() ?? (async () => ({ errorCode: 0 })))()
    assignments.assign('a', 0, 'x')
    const recorded = assignments.whenRecorded()
    for (let tries = 1; tries <= 2; tries++) {
      await settle()
      expect(requests).toHaveLength(tries)
      clock.advance(1000)
    }
    await recorded
    expect(requests.map(({ brokerEpoch }) => brokerEpoch)).toEqual([6, 7, 8])
  })

  test('that move while the answer is under way are told once more', async () => {
    assignments.assign('a', 0, 'x')
    answer = async () => {
      if (requests.length === 1) assignments.assign('a', 0, 'y')
      return { errorCode: 0 }
    }
    await assignments.whenRecorded()
    expect(requests.map(({ directories }) => directories![0]!.id)).toEqual(['x', 'y'])
  })

  test('more than one request holds go in several', async () => {
    for (let index = 0; index < 2251; index++) assignments.assign('a', index, 'x')
    await assignments.whenRecorded()
    expect(requests.map(({ directories }) => directories![0]!.topics![0]!.partitions!.length)).toEqual([2250, 1])
  })

  test('nobody waits for them after the stop', async () => {
    answer = () => Promise.reject(new KafkaError('NOT_CONTROLLER'))
    assignments.assign('a', 0, 'x')
    const recorded = assignments.whenRecorded()
    await settle()
    assignments.stop()
    await recorded
    assignments.assign('a', 0, 'x')
    await settle()
    expect(requests).toHaveLength(1)
  })
})
