/**
 * The same requests, mostly wrong ones, to ottla and to Apache Kafka: what they answer must be the same, but for what
 * accepted-differences.ts lists. CONFORMANCE_OTTLA and CONFORMANCE_KAFKA may name ports of brokers that run already.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acceptedDifferences } from './conformance/accepted-differences.ts'
import { adminProbes } from './conformance/admin-probes.ts'
import { fetchProbes } from './conformance/fetch-probes.ts'
import { groupProbes } from './conformance/group-probes.ts'
import { type Observation, type Probe, Prober } from './conformance/prober.ts'
import { produceProbes } from './conformance/produce-probes.ts'
import { ReferenceBroker } from './conformance/reference-broker.ts'
import { BrokerProcess } from './support/broker-process.ts'

const probes = [...produceProbes, ...fetchProbes, ...adminProbes, ...groupProbes]
const runId = `c${Date.now() % 1_000_000}`
let ottla: { readonly port: number; dispose(): Promise<void> }
let kafka: { readonly port: number; dispose(): Promise<void> }

function running(port: string | undefined): typeof ottla | undefined {
  return port === undefined ? undefined : { port: Number(port), dispose: () => Promise.resolve() }
}

beforeAll(async () => {
  ottla = running(process.env.CONFORMANCE_OTTLA) ?? (await BrokerProcess.start(['num.partitions=4']))
  kafka = running(process.env.CONFORMANCE_KAFKA) ?? (await ReferenceBroker.start(['num.partitions=4']))
})

afterAll(async () => {
  await ottla?.dispose()
  await kafka?.dispose()
})

async function account(port: number, probe: Probe): Promise<Observation[]> {
  const prober = new Prober(port, `${runId}-${probe.name}-`)
  await probe.run(prober)
  prober.close()
  return prober.observations
}

describe('ottla answers what Apache Kafka answers', () => {
  test.each(probes.map((probe) => [probe.name, probe] as const))('%s', async (name, probe) => {
    const [ours, theirs] = await Promise.all([account(ottla.port, probe), account(kafka.port, probe)])
    const accepted = acceptedDifferences.get(name) ?? []
    const differing = ours.filter(({ answer }, index) => answer !== theirs[index]?.answer).map(({ step }) => step)
    const unexpected = (observations: readonly Observation[]): string[] =>
      observations.filter(({ step }) => !accepted.includes(step)).map(({ step, answer }) => `${step}: ${answer}`)
    expect(unexpected(ours)).toEqual(unexpected(theirs))
    // A difference that is gone leaves the table.
    expect(differing.filter((step) => accepted.includes(step))).toEqual(accepted)
  })
})
