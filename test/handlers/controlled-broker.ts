/**
 * A broker without sockets beside a controller that decides at once: what it writes is committed before it answers.
 */
import { Controller } from '../../src/controller/controller.ts'
import { nodeHashing } from '../../src/io/node-hashing.ts'
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/api/19-create-topics.ts'
import { apis } from '../../src/protocol/api/index.ts'
import { decode, encode } from '../../src/protocol/compile.ts'
import { BrokerHarness, type HarnessOptions } from '../runtime/broker-harness.ts'

/** Brokers 1 (this one) and 2 are up. */
export async function startControlledBroker(options: HarnessOptions = {}): Promise<BrokerHarness> {
  const harness = await BrokerHarness.start(options)
  const controller = new Controller({
    image: harness.image,
    config: harness.config,
    clusterId: harness.broker.clusterId,
    random: harness.random,
    hashing: nodeHashing,
    kraftVersion: () => 1,
  })
  harness.commit(controller.activate(harness.clock.monotonic()))
  harness.onControllerRequest = async (apiKey, request) => {
    const api = apis.get(apiKey)!
    const version = api.request.maxVersion
    const decoded = decode(api.request, version, encode(api.request, version, request))
    const circumstances = { nowMs: harness.clock.monotonic(), isPredecessorGone: false }
    const { records, response } = controller.handle(apiKey, decoded, circumstances)
    harness.commit(records)
    return response
  }
  return harness
}

export const createTopicsApi = [createTopicsRequest, createTopicsResponse] as const

/** Topics of one replica on this broker. */
export async function createTopics(harness: BrokerHarness, topics: Readonly<Record<string, number>>): Promise<void> {
  const response = await harness.call(createTopicsApi, 7, {
    topics: Object.entries(topics).map(([name, count]) => ({
      name,
      numPartitions: -1,
      replicationFactor: -1,
      assignments: Array.from({ length: count }, (_, partitionIndex) => ({ partitionIndex, brokerIds: [1] })),
    })),
    timeoutMs: 1000,
  })
  const refused = response.topics.filter((topic) => topic.errorCode !== 0)
  if (refused.length > 0) throw new Error(`${refused[0]!.name}: ${refused[0]!.errorMessage}`)
}
