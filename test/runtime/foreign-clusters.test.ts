/** Each side of a meeting of two clusters says it once. */
import { expect, test } from 'vitest'
import { zeroUuid } from '../../src/base/uuid.ts'
import type { RaftRequest, RaftResponse } from '../../src/raft/messages.ts'
import { ForeignClusters } from '../../src/runtime/controller/foreign-clusters.ts'
import { RecordingLogger } from '../server/server-harness.ts'

const own = 'aaaaaaaaQAeAAAAAAAAAAA'
const foreign = 'bbbbbbbbQAeAAAAAAAAAAA'
const endpoint = { name: 'CONTROLLER', host: 'one.example', port: 9093 }

function fetchOf(clusterId: string | null): RaftRequest {
  const replica = { id: 4, directoryId: zeroUuid }
  const numbers = { epoch: 0, fetchOffset: 0, lastFetchedEpoch: 0, highWatermark: -1, maxWaitMs: 0, maxBytes: 1 }
  return { kind: 'fetch', clusterId, replica, ...numbers }
}

function answer(error: RaftResponse['error']): RaftResponse {
  const head = { error, isTopLevel: true, leaderId: -1, epoch: 0, leaderEndpoint: undefined }
  return { kind: 'beginQuorumEpoch', ...head }
}

test('a request of another cluster is told once, one of this cluster or of none is not', () => {
  const logger = new RecordingLogger()
  const clusters = new ForeignClusters(own, logger)
  for (const id of [own, null, foreign, foreign]) clusters.onRequest(fetchOf(id))
  clusters.onRequest({ kind: 'removeVoter', clusterId: foreign, voter: { id: 9, directoryId: zeroUuid } })
  expect(logger.lines).toEqual([
    `warn node 4 of another cluster is refused: its cluster.id is ${foreign}, here it is ${own}`,
  ])
})

test('whoever is refused says by whom, once', () => {
  const logger = new RecordingLogger()
  const clusters = new ForeignClusters(own, logger)
  for (const error of ['NONE', 'FENCED_LEADER_EPOCH', 'INCONSISTENT_CLUSTER_ID', 'INCONSISTENT_CLUSTER_ID'] as const)
    clusters.onAnswer({ id: -2, endpoint }, answer(error))
  clusters.onAnswer({ id: -2, endpoint }, undefined)
  expect(logger.lines).toEqual([
    `error the controller at one.example:9093 belongs to another cluster than this node, whose cluster.id is ${own}`,
  ])
})
