/**
 * ControllerRegistration (70)
 *
 * *Behavior.* A controller tells the active one its listeners and what it supports (KIP-919).
 *
 * *Version notes.* 0 alone.
 */
import type {
  ControllerRegistrationRequest,
  ControllerRegistrationResponse,
} from '../protocol/api/70-controller-registration.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { checkClusterAction } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

export function handleControllerRegistration(
  services: NodeServices,
  request: ControllerRegistrationRequest,
  context: RequestContext,
): Promise<ControllerRegistrationResponse> {
  checkClusterAction(services, context)
  return services.controller.send<ControllerRegistrationResponse>(apiKeys.ControllerRegistration, request, context)
}
