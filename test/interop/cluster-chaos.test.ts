/**
 * A cluster under load with acks=all: processes are killed, paused and cut off in random order; nothing that was
 * acknowledged may be lost, doubled or reordered. Prints the longest gap between acknowledgements for each fault.
 */
import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { chaosRun, type FaultKind, faultsOf, type Layout } from './cluster/chaos-run.ts'
import { SeededRandom } from './crash/seeded-random.ts'
import { NamespaceNetwork } from './support/cluster-network.ts'

const faultCount = Number(process.env.OTTLA_CHAOS_FAULTS ?? 5)
const seed = Number(process.env.OTTLA_CHAOS_SEED ?? Math.floor(Math.random() * 1_000_000))
const wantedKinds = process.env.OTTLA_CHAOS_KINDS?.split(',')
const layouts = (process.env.OTTLA_CHAOS_LAYOUTS ?? 'combined,separate').split(',') as Layout[]

/** Every kind about as often as the others, in random order. */
function drawFaults(layout: Layout): FaultKind[] {
  const random = new SeededRandom(seed)
  const possible = faultsOf(layout, NamespaceNetwork.isPermitted())
  const kinds = possible.filter((kind) => wantedKinds?.includes(kind) ?? true)
  const faults = Array.from({ length: faultCount }, (_, index) => kinds[index % kinds.length]!)
  return faults
    .map((fault) => ({ fault, order: random.below(1_000_000) }))
    .sort((a, b) => a.order - b.order)
    .map(({ fault }) => fault)
}

test.each(layouts)(
  `${faultCount} faults, %s nodes, seed ${seed}`,
  { timeout: 300_000 + 120_000 * faultCount },
  async (layout) => {
    const report = await chaosRun({ seed, layout, faults: drawFaults(layout), onFault: (text) => console.log(text) })
    if (process.env.OTTLA_CHAOS_REPORT !== undefined)
      writeFileSync(`${process.env.OTTLA_CHAOS_REPORT}.${layout}`, JSON.stringify(report))
    expect(report.failures).toEqual([])
    expect(report.faults.length).toBe(faultCount)
    expect(report.acknowledged).toBeGreaterThan(faultCount * 400)
    expect(report.read).toBeGreaterThanOrEqual(report.acknowledged)
  },
)
