/**
 * A controller tells the active one, be it itself, that it is there and what it supports (KIP-919): once per process, and
 * again when the answer was lost. UpdateFeatures looks at these registrations.
 */
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Endpoint } from '../../metadata/broker-registration.ts'
import { supportedFeatures } from '../../metadata/metadata-version.ts'
import type {
  ControllerRegistrationRequestInput,
  ControllerRegistrationResponse,
} from '../../protocol/api/70-controller-registration.ts'
import { apiKeys } from '../../protocol/api/index.ts'
import { errorName, KafkaError } from '../../protocol/errors.ts'
import type { ControllerChannel } from './controller-channel.ts'

const retryMs = 100

export interface ControllerRegistrationOptions {
  readonly controllerId: number
  /** Of this process; anew at each start. */
  readonly incarnationId: Uuid
  /** The controller listeners. */
  readonly endpoints: readonly Endpoint[]
  readonly controller: ControllerChannel
  readonly clock: Clock
  readonly logger: Logger
  /** Stops trying once it says so. */
  readonly isStopped?: () => boolean
}

/** Resolves when the registration is committed. Never rejects: without it the cluster works all the same. */
export async function registerController(options: ControllerRegistrationOptions): Promise<void> {
  const { controllerId, incarnationId, endpoints, controller, clock, logger } = options
  const request: ControllerRegistrationRequestInput = {
    controllerId,
    incarnationId,
    listeners: endpoints,
    features: [...supportedFeatures].map(([name, { min, max }]) => ({
      name,
      minSupportedVersion: min,
      maxSupportedVersion: max,
    })),
  }
  while (options.isStopped?.() !== true) {
    try {
      const response = await controller.send<ControllerRegistrationResponse>(apiKeys.ControllerRegistration, request)
      if (response.errorCode === 0) return
      logger.warn('the registration of this controller is refused', { error: errorName(response.errorCode) })
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
    }
    await new Promise<void>((resolve) => clock.schedule(retryMs, resolve))
  }
}
