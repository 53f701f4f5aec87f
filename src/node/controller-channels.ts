/** The ways from this node to the active controller, be it itself. */
import { KafkaError } from '../protocol/errors.ts'
import type { ControllerChannel } from '../runtime/controller-channel.ts'
import { LocalControllerChannel } from '../runtime/controller-local-channel.ts'
import type { NodeEnvironment } from './node-environment.ts'
import type { QuorumMember } from './quorum-member.ts'

export class ControllerChannels {
  /** This node's own controller, if it is the active one. */
  readonly local: ControllerChannel
  readonly #environment: NodeEnvironment
  readonly #quorum: QuorumMember

  constructor(environment: NodeEnvironment, quorum: QuorumMember) {
    this.#environment = environment
    this.#quorum = quorum
    this.local = this.#channel(0)
  }

  channelFor(_purpose: string): ControllerChannel {
    return this.#channel(this.#environment.config.requestTimeoutMs)
  }

  close(): void {}

  #channel(timeoutMs: number): ControllerChannel {
    const { controller } = this.#quorum
    const { clock } = this.#environment.machine
    if (controller !== undefined) return new LocalControllerChannel({ controller, clock, timeoutMs })
    return {
      send: () => Promise.reject(new KafkaError('NOT_CONTROLLER', 'This node is no controller.')),
    }
  }
}
