/**
 * The same requests, mostly wrong ones, to ottla and to Apache Kafka: what they answer must be the same, but for what
 * accepted-differences.ts lists. CONFORMANCE_OTTLA and CONFORMANCE_KAFKA may name ports of brokers that run already.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acceptedDifferences, acceptedPairs } from './conformance/accepted-differences.ts'
import { adminProbes, brokerProbes } from './conformance/admin-probes.ts'
import { compare } from './conformance/compare.ts'
import { fetchProbes } from './conformance/fetch-probes.ts'
import { frameProbes } from './conformance/frame-probes.ts'
import { groupProbes } from './conformance/group-probes.ts'
import { operationProbes } from './conformance/operation-probes.ts'
import { type Observation, type Probe, Prober } from './conformance/prober.ts'
import { produceProbes } from './conformance/produce-probes.ts'
import { ReferenceBroker } from './conformance/reference-broker.ts'
import { sweepProbes } from './conformance/sweep-probes.ts'
import { versionProbes } from './conformance/version-probes.ts'
import { BrokerProcess, patientRegistration } from './support/broker-process.ts'

const probes = [
  ...produceProbes,
  ...fetchProbes,
  ...adminProbes,
  ...operationProbes,
  ...versionProbes,
  ...frameProbes,
  ...groupProbes,
  ...sweepProbes,
]
const runId = `c${Date.now() % 1_000_000}`
let ottla: { readonly port: number; dispose(): Promise<void> }
let kafka: { readonly port: number; dispose(): Promise<void> }

function running(port: string | undefined): typeof ottla | undefined {
  return port === undefined ? undefined : { port: Number(port), dispose: () => Promise.resolve() }
}

beforeAll(async () => {
  ottla =
    running(process.env.CONFORMANCE_OTTLA) ?? (await BrokerProcess.start(['num.partitions=4', patientRegistration]))
  kafka = running(process.env.CONFORMANCE_KAFKA) ?? (await ReferenceBroker.start(['num.partitions=4']))
})

afterAll(async () => {
  await ottla?.dispose()
  await kafka?.dispose()
})

async function account(port: number, probe: Probe): Promise<Observation[]> {
  const prober = new Prober(port, `${runId}-${probe.name.replaceAll(' ', '-')}-`)
  await probe.run(prober)
  prober.close()
  return prober.observations
}

function named(list: readonly Probe[]): (readonly [string, Probe])[] {
  return list.map((probe) => [probe.name, probe])
}

async function expectAlike(name: string, probe: Probe): Promise<void> {
  const [ours, theirs] = await Promise.all([account(ottla.port, probe), account(kafka.port, probe)])
  expect(ours.map(({ step }) => step)).toEqual(theirs.map(({ step }) => step))
  const differences = compare(ours, theirs)
  const accepted = acceptedDifferences.get(name) ?? []
  const patterns = [...accepted, acceptedPairs.get(name) ?? []].flat()
  const unexpected = differences.filter(({ step }) => !patterns.some((pattern) => pattern.test(step)))
  expect(unexpected.map(({ step, details }) => `${step} ${details.join('; ')}`)).toEqual([])
  // A difference that is gone leaves the table.
  const gone = accepted.filter((pattern) => !differences.some(({ step }) => pattern.test(step)))
  expect(gone).toEqual([])
}

describe('ottla answers what Apache Kafka answers', () => {
  // Side by side, for much of the time is spent waiting.
  test.concurrent.each(named(probes))('%s', expectAlike)

  test.each(named(brokerProbes))('%s', expectAlike)
})
