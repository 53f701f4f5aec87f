/**
 * Tells once when replicas of another cluster's metadata log and this one's meet: a node with the wrong directory, or one
 * whose configuration names the wrong controllers. The raft driver shows it every request and every answer; each side of
 * the meeting says in one line what it saw, however often the other tries.
 */
import type { Logger } from '../../base/logger.ts'
import type { RaftRequest, RaftResponse } from '../../raft/messages.ts'
import type { Destination } from '../../raft/raft-io.ts'

/** Of those that were told; a stranger can say any id. */
const toldMax = 100

export class ForeignClusters {
  readonly #clusterId: string
  readonly #logger: Logger
  readonly #told = new Set<string>()

  constructor(clusterId: string, logger: Logger) {
    this.#clusterId = clusterId
    this.#logger = logger
  }

  onRequest(request: RaftRequest): void {
    const { clusterId } = request
    if (clusterId === null || clusterId === this.#clusterId) return
    const nodeId = senderOf(request)
    if (nodeId === undefined || !this.#isNew(clusterId)) return
    this.#logger.warn(
      `node ${nodeId} of another cluster is refused: its cluster.id is ${clusterId}, here it is ${this.#clusterId}`,
    )
  }

  onAnswer({ endpoint: { host, port } }: Destination, answer: RaftResponse | undefined): void {
    if (answer?.error !== 'INCONSISTENT_CLUSTER_ID' || !this.#isNew('')) return
    this.#logger.error(
      `the controller at ${host}:${port} belongs to another cluster than this node, whose cluster.id is ${this.#clusterId}`,
    )
  }

  #isNew(key: string): boolean {
    if (this.#told.has(key) || this.#told.size >= toldMax) return false
    this.#told.add(key)
    return true
  }
}

/** Undefined for what an administrator's tool sends. */
function senderOf(request: RaftRequest): number | undefined {
  switch (request.kind) {
    case 'vote':
      return request.candidate.id
    case 'beginQuorumEpoch':
    case 'endQuorumEpoch':
      return request.leaderId
    case 'fetch':
    case 'fetchSnapshot':
      return request.replica.id
    case 'updateVoter':
      return request.voter.id
    default:
      return undefined
  }
}
