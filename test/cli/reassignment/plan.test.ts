import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Replicas } from '../../../src/cli/reassignment/current-assignment.ts'
import { type PlanBroker, planReplicas } from '../../../src/cli/reassignment/plan.ts'

const brokers = (...racks: (string | null)[]): PlanBroker[] => racks.map((rack, index) => ({ id: index + 1, rack }))
const topic = (...replicas: number[][]): Replicas[] =>
  replicas.map((each, partition) => ({ topic: 't', partition, replicas: each }))
const replicasOf = (plan: readonly Replicas[]) => plan.map(({ replicas }) => replicas)

test('what lies well stays where it is', () => {
  const current = topic([1, 2], [2, 3], [3, 1])
  expect(planReplicas(current, brokers(null, null, null))).toEqual(current)
})

test('what a broker must give up goes where least is, and the rest stays', () => {
  const plan = planReplicas(topic([1, 2], [2, 3], [3, 1]), brokers(null, null, null, null).slice(1))
  expect(replicasOf(plan)).toEqual([
    [2, 4],
    [3, 2],
    [4, 3],
  ])
})

test('each partition goes over as many racks as it can', () => {
  const plan = planReplicas(topic([1, 2], [1, 2], [3, 4]), brokers('a', 'a', 'b', 'b'))
  for (const [first, second] of replicasOf(plan)) expect(first! <= 2).not.toBe(second! <= 2)
})

test('more replicas, and fewer', () => {
  expect(replicasOf(planReplicas(topic([1]), brokers('a', 'b', 'c'), 3))).toEqual([[1, 2, 3]])
  expect(replicasOf(planReplicas(topic([3, 2, 1]), brokers('a', 'b', 'c'), 1))).toEqual([[3]])
  expect(() => planReplicas(topic([1]), brokers(null), 2)).toThrow('2 replicas need as many brokers: there are 1')
})

test('any plan: distinct brokers that may hold it, as many as before, over racks and shared out', () => {
  const cluster = fc.record({
    brokerCount: fc.integer({ min: 3, max: 7 }),
    rackCount: fc.integer({ min: 1, max: 3 }),
    partitions: fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }), {
      minLength: 1,
      maxLength: 12,
    }),
  })
  fc.assert(
    fc.property(cluster, ({ brokerCount, rackCount, partitions }) => {
      const allowed = Array.from({ length: brokerCount }, (_, index) => ({
        id: index + 1,
        rack: `${index % rackCount}`,
      }))
      const plan = planReplicas(topic(...partitions), allowed)
      for (const [index, { replicas }] of plan.entries()) {
        expect(new Set(replicas).size).toBe(partitions[index]!.length)
        expect(replicas.every((id) => id >= 1 && id <= brokerCount)).toBe(true)
        const racks = new Set(replicas.map((id) => (id - 1) % rackCount))
        expect(racks.size).toBe(Math.min(rackCount, replicas.length))
      }
      if (rackCount > 1) return
      const all = plan.flatMap(({ replicas }) => replicas)
      const share = Math.ceil(all.length / brokerCount)
      for (const { id } of allowed) expect(all.filter((each) => each === id).length).toBeLessThanOrEqual(share + 1)
    }),
    { numRuns: 200, seed: 7 },
  )
})
