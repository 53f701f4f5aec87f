/**
 * BrokerRegistration (62). A broker joins the cluster: incarnation, listeners, features and log directories.
 *
 * Version 1: request gains isMigratingZkBroker.
 * Version 2: request gains logDirs.
 * Version 3: request gains previousBrokerEpoch; the deprecated migration flag.
 * Version 4: a feature may start at version 0.
 */
import {
  arrayOf,
  bool,
  type Infer,
  type InferInput,
  int16,
  int32,
  int64Number,
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

export const brokerRegistrationRequest = request(
  { name: 'BrokerRegistrationRequest', apiKey: 62, versions: [0, 4], flexibleSince: 0, listeners: ['controller'] },
  {
    brokerId: int32(),
    clusterId: string(),
    incarnationId: uuid(),
    listeners: arrayOf(listener),
    features: arrayOf(feature),
    rack: string({ nullableSince: 0 }),
    isMigratingZkBroker: bool({ since: 1 }),
    logDirs: arrayOf(uuid(), { since: 2, ignorable: true }),
    previousBrokerEpoch: int64Number({ since: 3, default: -1, ignorable: true }),
  },
)
export type BrokerRegistrationRequest = Infer<typeof brokerRegistrationRequest>
export type BrokerRegistrationRequestInput = InferInput<typeof brokerRegistrationRequest>

export const brokerRegistrationResponse = response(
  { name: 'BrokerRegistrationResponse', apiKey: 62, versions: [0, 4], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    brokerEpoch: int64Number({ default: -1 }),
  },
)
export type BrokerRegistrationResponse = Infer<typeof brokerRegistrationResponse>
export type BrokerRegistrationResponseInput = InferInput<typeof brokerRegistrationResponse>
