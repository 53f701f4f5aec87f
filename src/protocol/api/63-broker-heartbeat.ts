/**
 * BrokerHeartbeat (63). A broker tells the controller that it lives, how far it has read the metadata log, and
 * whether it wants to be fenced or shut down.
 *
 * Version 1: request gains offlineLogDirs.
 * Version 2: request gains cordonedLogDirs.
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
  uuid,
} from '../schema.ts'

export const brokerHeartbeatRequest = request(
  { name: 'BrokerHeartbeatRequest', apiKey: 63, versions: [0, 2], flexibleSince: 0, listeners: ['controller'] },
  {
    brokerId: int32(),
    brokerEpoch: int64Number({ default: -1 }),
    currentMetadataOffset: int64Number(),
    wantFence: bool(),
    wantShutDown: bool(),
    offlineLogDirs: arrayOf(uuid(), { since: 1, tag: 0 }),
    cordonedLogDirs: arrayOf(uuid(), { since: 2, nullableSince: 2, tag: 1, default: null }),
  },
)
export type BrokerHeartbeatRequest = Infer<typeof brokerHeartbeatRequest>
export type BrokerHeartbeatRequestInput = InferInput<typeof brokerHeartbeatRequest>

export const brokerHeartbeatResponse = response(
  { name: 'BrokerHeartbeatResponse', apiKey: 63, versions: [0, 2], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    isCaughtUp: bool(),
    isFenced: bool({ default: true }),
    shouldShutDown: bool(),
  },
)
export type BrokerHeartbeatResponse = Infer<typeof brokerHeartbeatResponse>
export type BrokerHeartbeatResponseInput = InferInput<typeof brokerHeartbeatResponse>
