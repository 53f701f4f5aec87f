import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { placeReplicas, type UsableBroker } from '../../src/controller/replica-placement.ts'

const brokersArbitrary = fc
  .array(fc.record({ rack: fc.constantFrom(null, 'a', 'b', 'c'), isFenced: fc.boolean() }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((brokers): UsableBroker[] => brokers.map((broker, index) => ({ id: index + 1, ...broker })))

function liveBrokers(count: number, rackOf: (id: number) => string | null = () => null): UsableBroker[] {
  return Array.from({ length: count }, (_, index) => ({ id: index + 1, rack: rackOf(index + 1), isFenced: false }))
}

describe('placement', () => {
  test('puts no two replicas on one broker, a live one first, and live ones before fenced ones', () => {
    fc.assert(
      fc.property(brokersArbitrary, fc.integer({ min: 1, max: 12 }), fc.nat(), (brokers, replicaCount, seed) => {
        const live = new Set(brokers.filter((broker) => !broker.isFenced).map((broker) => broker.id))
        fc.pre(live.size > 0 && replicaCount <= brokers.length)
        for (const replicas of placeReplicas(brokers, 20, replicaCount, new SeededRandom(seed))) {
          expect(new Set(replicas).size).toBe(replicaCount)
          expect(live.has(replicas[0]!)).toBe(true)
        }
      }),
    )
  })

  test('gives every rack a replica when there are as many replicas as racks', () => {
    const brokers = liveBrokers(9, (id) => 'abc'[id % 3]!)
    const rackOf = new Map(brokers.map((broker) => [broker.id, broker.rack]))
    for (const replicas of placeReplicas(brokers, 50, 3, new SeededRandom(3))) {
      expect(new Set(replicas.map((id) => rackOf.get(id))).size).toBe(3)
    }
  })

  test('begins each partition with the next rack', () => {
    const brokers = liveBrokers(9, (id) => 'abc'[id % 3]!)
    const rackOf = new Map(brokers.map((broker) => [broker.id, broker.rack]))
    const racks = placeReplicas(brokers, 9, 1, new SeededRandom(3)).map(([first]) => rackOf.get(first!))
    for (const start of [0, 3, 6]) expect(new Set(racks.slice(start, start + 3)).size).toBe(3)
  })

  test('spreads leaders evenly', () => {
    const leaders = placeReplicas(liveBrokers(5), 500, 3, new SeededRandom(5)).map((replicas) => replicas[0]!)
    for (let id = 1; id <= 5; id++) expect(leaders.filter((leader) => leader === id)).toHaveLength(100)
  })

  test('does not put the same brokers together every time', () => {
    const placements = placeReplicas(liveBrokers(6), 60, 3, new SeededRandom(7))
    expect(new Set(placements.map((replicas) => replicas.join())).size).toBeGreaterThan(12)
  })

  test('says what is missing', () => {
    const random = new SeededRandom(1)
    expect(() => placeReplicas(liveBrokers(1), 1, 2, random)).toThrow(
      'The target replication factor of 2 cannot be reached because only 1 broker(s) are registered or some brokers have ' +
        'all their log directories cordoned.',
    )
    expect(() => placeReplicas([{ id: 1, rack: null, isFenced: true }], 1, 1, random)).toThrow(
      'All brokers are currently fenced, or have all their log directories cordoned.',
    )
  })
})
