/**
 * GetTelemetrySubscriptions (71). Which metrics the broker would like of a client (KIP-714).
 */
import {
  arrayOf,
  bool,
  type Infer,
  type InferInput,
  int8,
  int16,
  int32,
  request,
  response,
  string,
  uuid,
} from '../schema.ts'

export const getTelemetrySubscriptionsRequest = request(
  { name: 'GetTelemetrySubscriptionsRequest', apiKey: 71, versions: [0, 0], flexibleSince: 0, listeners: ['broker'] },
  {
    clientInstanceId: uuid(),
  },
)
export type GetTelemetrySubscriptionsRequest = Infer<typeof getTelemetrySubscriptionsRequest>
export type GetTelemetrySubscriptionsRequestInput = InferInput<typeof getTelemetrySubscriptionsRequest>

export const getTelemetrySubscriptionsResponse = response(
  { name: 'GetTelemetrySubscriptionsResponse', apiKey: 71, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    acceptedCompressionTypes: arrayOf(int8()),
    pushIntervalMs: int32(),
    telemetryMaxBytes: int32(),
    deltaTemporality: bool(),
    requestedMetrics: arrayOf(string()),
  },
)
export type GetTelemetrySubscriptionsResponse = Infer<typeof getTelemetrySubscriptionsResponse>
export type GetTelemetrySubscriptionsResponseInput = InferInput<typeof getTelemetrySubscriptionsResponse>
