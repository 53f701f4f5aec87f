/**
 * ControllerRegistration (70). A controller tells the active controller its endpoints and features.
 */
import {
  arrayOf,
  bool,
  type Infer,
  type InferInput,
  int16,
  int32,
  request,
  response,
  string,
  struct,
  uint16,
  uuid,
} from '../schema.ts'

export const listener = struct('Listener', {
  name: string({ mapKey: true }),
  host: string(),
  port: uint16(),
  securityProtocol: int16(),
})
export type Listener = Infer<typeof listener>

export const feature = struct('Feature', {
  name: string({ mapKey: true }),
  minSupportedVersion: int16(),
  maxSupportedVersion: int16(),
})
export type Feature = Infer<typeof feature>

export const controllerRegistrationRequest = request(
  { name: 'ControllerRegistrationRequest', apiKey: 70, versions: [0, 0], flexibleSince: 0, listeners: ['controller'] },
  {
    controllerId: int32(),
    incarnationId: uuid(),
    zkMigrationReady: bool(),
    listeners: arrayOf(listener),
    features: arrayOf(feature),
  },
)
export type ControllerRegistrationRequest = Infer<typeof controllerRegistrationRequest>
export type ControllerRegistrationRequestInput = InferInput<typeof controllerRegistrationRequest>

export const controllerRegistrationResponse = response(
  { name: 'ControllerRegistrationResponse', apiKey: 70, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0 }),
  },
)
export type ControllerRegistrationResponse = Infer<typeof controllerRegistrationResponse>
export type ControllerRegistrationResponseInput = InferInput<typeof controllerRegistrationResponse>
