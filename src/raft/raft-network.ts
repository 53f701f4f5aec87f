/**
 * How a replica of the metadata log reaches the others. The real one (runtime/raft-peers.ts, a connection per replica)
 * and the simulated one implement it; the raft driver calls it.
 */
import type { RaftRequest, RaftResponse } from './messages.ts'
import type { Destination } from './raft-io.ts'
import type { Endpoint } from './voter-set.ts'

export interface RaftNetwork {
  /**
   * Sends `request`; calls `onAnswer` once, never within this call, with the answer, or with undefined when there will be
   * none. There is no need to give up after a time: the core does that by itself.
   */
  send(to: Destination, request: RaftRequest, onAnswer: (response: RaftResponse | undefined) => void): void

  /**
   * Asks who listens at `endpoint` which versions of kraft.version it takes part in; calls `onAnswer` once, never within
   * this call, with undefined when nobody answers.
   */
  probe?(endpoint: Endpoint, onAnswer: (supported: KraftVersions | undefined) => void): void
}

export interface KraftVersions {
  readonly kraftVersionMin: number
  readonly kraftVersionMax: number
}
