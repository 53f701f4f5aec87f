/**
 * How a replica of the metadata log reaches the others. The real one (a connection per replica, raft-rpc.ts around it)
 * and the simulated one implement it; the raft driver calls it.
 */
import type { RaftRequest, RaftResponse } from './messages.ts'
import type { Destination } from './raft-io.ts'

export interface RaftNetwork {
  /**
   * Sends `request`; calls `onAnswer` once, never within this call, with the answer, or with undefined when there will be
   * none. There is no need to give up after a time: the core does that by itself.
   */
  send(to: Destination, request: RaftRequest, onAnswer: (response: RaftResponse | undefined) => void): void
}
