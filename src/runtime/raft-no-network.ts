/**
 * The network of a node that is the only voter: there is nobody to send to, and whatever is sent is not answered. Used
 * until a cluster is configured, and by tests of a single node.
 */
import type { Clock } from '../base/clock.ts'
import type { RaftNetwork } from '../raft/raft-network.ts'

export function noRaftNetwork(clock: Clock): RaftNetwork {
  return {
    send(_to, _request, onAnswer) {
      clock.schedule(0, () => onAnswer(undefined))
    },
  }
}
