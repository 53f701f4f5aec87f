/**
 * Vote (52-vote), BeginQuorumEpoch (53-begin-quorum-epoch), EndQuorumEpoch (54-end-quorum-epoch), FetchSnapshot
 * (59-fetch-snapshot), AddRaftVoter (80-add-raft-voter), RemoveRaftVoter (81-remove-raft-voter), UpdateRaftVoter
 * (82-update-raft-voter) and the Fetch of controller listeners: in every version the quorum hears what was asked and the
 * asker what it answered.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import { apis } from '../../src/protocol/api/index.ts'
import { KafkaError } from '../../src/protocol/errors.ts'
import type { RaftRequest, RaftResponse, ResponseHead } from '../../src/raft/messages.ts'
import { encodeRaftRequest, raftApis } from '../../src/raft/raft-rpc-requests.ts'
import { decodeRaftResponse } from '../../src/raft/raft-rpc-responses.ts'
import { BrokerHarness } from '../runtime/broker-harness.ts'

const config = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
  'controller.listener.names': 'CONTROLLER',
  'controller.quorum.bootstrap.servers': 'localhost:9093',
}
const clusterId = 'vPeOCWypqUOSepEvx0cbog'
const nowhere = 'AAAAAAAAAAAAAAAAAAAAAA'
const one = { id: 1, directoryId: 'q0wOs-mtSrSM1hiojdmvMg' }
const two = { id: 2, directoryId: 'aaaaaaaaQAeAAAAAAAAAAA' }
const endpoints = [{ name: 'CONTROLLER', host: 'host-2', port: 9093 }]
const voter = { ...two, endpoints, kraftVersionMin: 0, kraftVersionMax: 1 }
const snapshotId = { endOffset: 100, epoch: 3 }

const requests: readonly RaftRequest[] = [
  {
    kind: 'fetch',
    clusterId,
    replica: two,
    epoch: 4,
    fetchOffset: 10,
    lastFetchedEpoch: 3,
    highWatermark: 9,
    maxWaitMs: 500,
    maxBytes: 1000,
  },
  {
    kind: 'vote',
    clusterId,
    voter: one,
    epoch: 5,
    candidate: two,
    lastEpoch: 4,
    lastOffset: 20,
    isPreVote: true,
  },
  {
    kind: 'vote',
    clusterId,
    voter: one,
    epoch: 5,
    candidate: two,
    lastEpoch: 4,
    lastOffset: 20,
    isPreVote: false,
  },
  { kind: 'beginQuorumEpoch', clusterId, voter: one, leaderId: 2, epoch: 5, endpoints },
  { kind: 'endQuorumEpoch', clusterId, leaderId: 2, epoch: 5, preferredCandidates: [one], endpoints },
  { kind: 'fetchSnapshot', clusterId, replica: two, epoch: 5, snapshotId, position: 7, maxBytes: 100 },
  { kind: 'addVoter', clusterId, voter, timeoutMs: 1000, ackWhenCommitted: false },
  { kind: 'removeVoter', clusterId, voter: two },
  { kind: 'updateVoter', clusterId, epoch: 5, voter },
]

function answerTo(request: RaftRequest, head: ResponseHead): RaftResponse {
  switch (request.kind) {
    case 'fetch': {
      const nothing = { divergingEpoch: undefined, snapshotId: undefined }
      return {
        ...head,
        kind: 'fetch',
        highWatermark: 9,
        logStartOffset: 1,
        ...nothing,
        records: Buffer.from('records'),
      }
    }
    case 'fetchSnapshot':
      return { ...head, kind: 'fetchSnapshot', snapshotId, size: 50, position: 7, bytes: Buffer.from('piece') }
    case 'vote':
      return { ...head, kind: 'vote', isGranted: head.error === 'NONE' }
    case 'beginQuorumEpoch':
    case 'endQuorumEpoch':
      return { ...head, kind: request.kind }
    default:
      return { ...head, kind: request.kind, message: request.kind === 'updateVoter' ? null : 'said' }
  }
}

const first: Partial<Record<RaftRequest['kind'], number>> = { fetch: 13 }

const cases = requests.flatMap((request) => {
  const { apiKey, version } = raftApis[request.kind]
  const isPreVote = request.kind === 'vote' && request.isPreVote
  const from = isPreVote ? 2 : (first[request.kind] ?? apis.get(apiKey)!.request.minVersion)
  const versions = Array.from({ length: version - from + 1 }, (_, index) => from + index)
  return versions.map((each) => [isPreVote ? 'pre-vote' : request.kind, each, request] as const)
})

let harness: BrokerHarness
let heard: RaftRequest[]

beforeEach(async () => {
  harness = await BrokerHarness.start({ config })
  heard = []
})

function answerWith(makeAnswer: (request: RaftRequest) => RaftResponse): void {
  harness.onRaftRequest = (request, onReply) => {
    heard.push(request)
    onReply(makeAnswer(request))
  }
}

function ask(request: RaftRequest, version: number, listenerName = 'CONTROLLER'): Promise<object> {
  const api = apis.get(raftApis[request.kind].apiKey)!
  const message = encodeRaftRequest(request, version)
  return harness.call([api.request, api.response], version, message as never, harness.connect(listenerName))
}

/** What a version keeps of an endpoint, an id of a directory, a mark. */
function asHeard(request: RaftRequest, version: number): object {
  switch (request.kind) {
    case 'fetch':
      return {
        ...request,
        replica: version < 17 ? { ...two, directoryId: nowhere } : two,
        highWatermark: version < 18 ? expect.any(Number) : request.highWatermark,
      }
    case 'vote': {
      if (version > 0) return request
      return { ...request, voter: { id: -1, directoryId: nowhere }, candidate: { ...two, directoryId: nowhere } }
    }
    case 'beginQuorumEpoch':
      return version > 0 ? request : { ...request, voter: { id: -1, directoryId: nowhere }, endpoints: [] }
    case 'endQuorumEpoch': {
      if (version > 0) return request
      return { ...request, preferredCandidates: [{ id: 1, directoryId: nowhere }], endpoints: [] }
    }
    case 'fetchSnapshot':
      return version > 0 ? request : { ...request, replica: { ...two, directoryId: nowhere } }
    case 'addVoter':
      return version > 0 ? request : { ...request, ackWhenCommitted: true }
    default:
      return request
  }
}

const leader: ResponseHead = {
  error: 'NONE',
  isTopLevel: false,
  leaderId: 1,
  epoch: 5,
  leaderEndpoint: { name: '', host: 'host-1', port: 9093 },
}

describe.each(cases)('%s, version %i', (_, version, request) => {
  const isTopLevelOnly = request.kind === 'addVoter' || request.kind === 'removeVoter'

  test('is heard and answered', async () => {
    answerWith((asked) => answerTo(asked, leader))
    const answer = await ask(request, version)
    expect(heard).toEqual([asHeard(request, version)])
    const decoded = decodeRaftResponse(request.kind, answer)!
    expect(decoded.error).toBe('NONE')
    if (!isTopLevelOnly) expect(decoded).toMatchObject({ leaderId: 1, epoch: 5 })
    if (request.kind === 'fetch') expect(decoded).toMatchObject({ highWatermark: 9, records: Buffer.from('records') })
    if (request.kind === 'fetchSnapshot') expect(decoded).toMatchObject({ size: 50, bytes: Buffer.from('piece') })
    if (request.kind === 'vote') expect(decoded).toMatchObject({ isGranted: true })
  })

  test('is refused, as a whole or for its partition', async () => {
    answerWith((asked) => answerTo(asked, { ...leader, error: 'INCONSISTENT_CLUSTER_ID', isTopLevel: true }))
    const whole = await ask(request, version)
    expect(whole).toMatchObject({ errorCode: 104 })
    answerWith((asked) => answerTo(asked, { ...leader, error: 'FENCED_LEADER_EPOCH' }))
    const part = await ask(request, version)
    expect(part).toMatchObject({ errorCode: isTopLevelOnly || request.kind === 'updateVoter' ? 74 : 0 })
    expect(decodeRaftResponse(request.kind, part)!.error).toBe('FENCED_LEADER_EPOCH')
  })
})

test('what is not about the metadata log is INVALID_REQUEST, and nobody is asked', async () => {
  answerWith((asked) => answerTo(asked, leader))
  for (const { request, response } of [apis.get(1)!, apis.get(52)!, apis.get(53)!, apis.get(54)!, apis.get(59)!]) {
    const asked = harness.call(
      [request, response],
      request.maxVersion,
      { topics: [] } as never,
      harness.connect('CONTROLLER'),
    )
    await expect(asked).rejects.toThrow(expect.objectContaining({ error: 'INVALID_REQUEST' }))
  }
  const { request, response } = apis.get(1)!
  const byName = { topics: [{ topic: '__cluster_metadata', partitions: [{ fetchOffset: 0 }] }] }
  const asked = harness.call([request, response], 12, byName as never, harness.connect('CONTROLLER'))
  await expect(asked).rejects.toThrow(KafkaError)
  expect(heard).toEqual([])
})

test('a fetch on a listener of brokers is no business of the quorum', async () => {
  await expect(ask(requests[0]!, 18, 'PLAINTEXT')).resolves.toMatchObject({ responses: [{ partitions: [{}] }] })
  expect(heard).toEqual([])
})

test('a node that stops says so', async () => {
  await expect(ask(requests[1]!, 2)).rejects.toThrow(expect.objectContaining({ error: 'BROKER_NOT_AVAILABLE' }))
})

test('who has no right to act for the cluster, or to alter it, is refused', async () => {
  const asked: string[] = []
  harness = await BrokerHarness.start({
    config,
    authorize: (_context, operation, resourceType) => {
      asked.push(`${operation} ${resourceType}`)
      return false
    },
  })
  for (const request of requests) {
    const refused = ask(request, raftApis[request.kind].version)
    await expect(refused).rejects.toThrow(expect.objectContaining({ error: 'CLUSTER_AUTHORIZATION_FAILED' }))
  }
  const act = 'ClusterAction Cluster'
  expect(asked).toEqual([act, act, act, act, act, act, 'Alter Cluster', 'Alter Cluster', act])
})

test.each([6, 7])('a change of voters that comes to a broker goes to the leader', async (index) => {
  const request = requests[index]!
  harness.quorum = { ...harness.quorum, isLeader: false, leaderId: 3 }
  harness.onControllerRequest = async () => ({ errorCode: 0, errorMessage: 'done elsewhere' })
  const { apiKey, version } = raftApis[request.kind]
  await expect(ask(request, version, 'PLAINTEXT')).resolves.toMatchObject({ errorMessage: 'done elsewhere' })
  expect(harness.controllerRequests.map((sent) => sent.apiKey)).toEqual([apiKey])
  answerWith((asked) => answerTo(asked, { ...leader, error: 'NOT_LEADER_OR_FOLLOWER' }))
  await expect(ask(request, version)).resolves.toMatchObject({ errorCode: 6 })
})
