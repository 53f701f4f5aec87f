/**
 * What the active controller knows of the processes behind brokers' registrations: who may take over an id, whose
 * connections are open, and who was turned away, told in one line. Built by the controller's shell, which asks before it
 * decides on a registration and tells what was answered.
 */
import type { Logger } from '../../base/logger.ts'
import type {
  BrokerRegistrationRequest,
  BrokerRegistrationResponse,
} from '../../protocol/api/62-broker-registration.ts'
import type { BrokerHeartbeatRequest } from '../../protocol/api/63-broker-heartbeat.ts'
import { apiKeys } from '../../protocol/api/index.ts'
import type { KafkaError } from '../../protocol/errors.ts'
import { BrokerConnections, type BrokerConnectionsOptions } from './broker-connections.ts'
import type { RequesterConnection } from './controller-channel.ts'

export interface BrokerProcessesOptions extends BrokerConnectionsOptions {
  readonly logger: Logger
}

/** Who tries again and again is told of once. */
const refusedMax = 1_000

export class BrokerProcesses {
  readonly #options: BrokerProcessesOptions
  readonly #connections: BrokerConnections
  readonly #refused = new Set<string>()

  constructor(options: BrokerProcessesOptions) {
    this.#options = options
    this.#connections = new BrokerConnections(options)
  }

  activate(...unfenced: Parameters<BrokerConnections['activate']>): void {
    this.#connections.activate(...unfenced)
  }

  onPeerGone(nodeId: number): void {
    this.#connections.onControllerRefused(nodeId)
  }

  deactivate(): void {
    this.#connections.deactivate()
    this.#refused.clear()
  }

  /** Whether the process that registered the id before is known to be gone; false where there is none. */
  async isPredecessorGone({ brokerId, incarnationId }: BrokerRegistrationRequest): Promise<boolean> {
    const broker = this.#options.registration(brokerId)
    if (broker === undefined || broker.incarnationId === incarnationId) return false
    return this.#connections.isGone(broker)
  }

  onAnswered(apiKey: number, request: object, response: object, connection: RequesterConnection | undefined): void {
    if (connection === undefined) return
    if (apiKey === apiKeys.BrokerHeartbeat) {
      const { brokerId, brokerEpoch } = request as BrokerHeartbeatRequest
      this.#connections.onContact(brokerId, brokerEpoch, connection)
    } else if (apiKey === apiKeys.BrokerRegistration) {
      const { brokerId } = request as BrokerRegistrationRequest
      this.#connections.onContact(brokerId, (response as BrokerRegistrationResponse).brokerEpoch, connection)
    }
  }

  onRefused({ brokerId, incarnationId }: BrokerRegistrationRequest, { error, message }: KafkaError): void {
    const key = `${incarnationId} ${error}`
    if (error === 'NOT_CONTROLLER' || this.#refused.has(key)) return
    if (this.#refused.size >= refusedMax) this.#refused.clear()
    this.#refused.add(key)
    this.#options.logger.warn(`broker ${brokerId} is not registered: ${message}`, { brokerId, incarnationId, error })
  }
}
