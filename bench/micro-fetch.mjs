/** Rounds of a fetch session with many partitions of which one is written to, for the micro benchmarks: what each round costs the broker. */

import { defaultLogConfig } from '../dist/config/log-config.js'
import { handleFetch } from '../dist/handlers/01-fetch.js'
import { MemoryFileSystem } from '../dist/io/memory-file-system.js'
import { NodeClock } from '../dist/io/node-clock.js'
import { NodeRandom } from '../dist/io/node-random.js'
import { createLogEnvironment } from '../dist/log/log-environment.js'
import { PartitionLog } from '../dist/log/partition-log.js'
import { FetchSessionCache } from '../dist/runtime/fetch/fetch-session-cache.js'
import { FetchBudget } from '../dist/runtime/fetch/fetched-records.js'
import { Partition } from '../dist/runtime/replica/partition.js'
import { codecs, createBatch } from './encode.mjs'

const topicId = 'vPeOCWypqUOSepEvx0cbog'
const followerId = 2
const apiVersion = 17
const counts = [10, 10_000]
const clock = new NodeClock()
const random = new NodeRandom()

async function openPartitions(count, inSyncReplicas) {
  const fileSystem = new MemoryFileSystem({ bytesMax: 2 ** 31, now: () => clock.now() })
  const environment = createLogEnvironment({ fileSystem, clock, random })
  const eligibility = { isEligible: () => true, isSuperseded: () => false }
  const partitions = []
  for (let index = 0; index < count; index++) {
    const log = await PartitionLog.open({
      directory: `/orders-${index}`,
      topic: 'orders',
      partition: index,
      topicId,
      config: defaultLogConfig,
      environment,
      logStartOffset: 0,
      recoveryPoint: 0,
      highWatermark: 0,
      hadCleanShutdown: true,
    })
    const settings = { brokerId: 1, clock, codecs, eligibility, lagTimeMaxMs: 30_000 }
    partitions.push(new Partition(settings, 'orders', topicId, index))
    partitions[index].becomeLeader(log, {
      replicas: [1, followerId],
      inSyncReplicas,
      leaderEpoch: 0,
      partitionEpoch: 0,
    })
  }
  return partitions
}

function createBroker(partitions) {
  const manager = { partitionById: (_topicId, index) => partitions[index] }
  return {
    fetchSessions: new FetchSessionCache({ sessionsMax: 10, clock, random }),
    fetches: { manager, clock, budget: new FetchBudget(2 ** 26) },
    image: { topicName: () => 'orders' },
    config: { number: () => 2 ** 26 },
    authorize: () => true,
  }
}

/** A reader that goes on from round to round, and is always there before the record. */
class Reader {
  #broker
  #connection = { listenerName: 'PLAINTEXT', onClose: () => {} }
  #replicaId
  #session = { sessionId: 0, sessionEpoch: 0 }

  constructor(broker, replicaId) {
    this.#broker = broker
    this.#replicaId = replicaId
  }

  /** Asks for `partitions` as [index, offset]. */
  async fetch(partitions, maxWaitMs) {
    const { sessionEpoch } = this.#session
    const request = {
      replicaState: { replicaId: this.#replicaId, replicaEpoch: -1 },
      maxWaitMs,
      minBytes: 1,
      maxBytes: 2 ** 26,
      isolationLevel: 0,
      ...this.#session,
      topics: partitions.length === 0 ? [] : [{ topic: '', topicId, partitions: partitions.map(askedOf) }],
      forgottenTopicsData: [],
      rackId: '',
    }
    const context = { apiVersion, connection: this.#connection }
    const answer = await handleFetch(this.#broker, request, context)
    if (answer.errorCode !== 0) throw new Error(`the fetch is answered with ${answer.errorCode}`)
    this.#session = { sessionId: answer.sessionId, sessionEpoch: sessionEpoch + 1 }
    return answer.responses.flatMap((topic) => topic.partitions)
  }
}

function askedOf([partition, fetchOffset]) {
  return {
    partition,
    currentLeaderEpoch: -1,
    fetchOffset,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    highWatermark: Number.POSITIVE_INFINITY,
    partitionMaxBytes: 2 ** 20,
  }
}

export async function* fetchCases() {
  for (const count of counts) {
    yield* roundsOf('consumer', -1, await openPartitions(count, [1]))
    yield* roundsOf('follower', followerId, await openPartitions(count, [1, followerId]))
  }
}

async function* roundsOf(title, replicaId, partitions) {
  const reader = new Reader(createBroker(partitions), replicaId)
  const all = partitions.map((_partition, index) => [index, 0])
  await reader.fetch(all, 0)
  const written = partitions[partitions.length >> 1]
  const batch = createBatch(1, 100)
  let changed = []
  yield {
    name: `a round of a ${title} of ${partitions.length} partitions, one has a record`,
    run: async () => {
      const fetched = reader.fetch(changed, 1000)
      written.append(Buffer.from(batch), { requiredAcks: 1, origin: 'client' })
      const answers = await fetched
      if (!answers.some((one) => one.partitionIndex === written.index)) throw new Error('the record is not answered')
      changed = [[written.index, written.log.logEndOffset]]
    },
  }
  for (const { log } of partitions) await log.close()
}
