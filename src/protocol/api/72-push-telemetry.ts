/**
 * PushTelemetry (72). A client's metrics in OTLP, or its goodbye (KIP-714).
 */
import { bool, bytes, type Infer, type InferInput, int8, int16, int32, request, response, uuid } from '../schema.ts'

export const pushTelemetryRequest = request(
  { name: 'PushTelemetryRequest', apiKey: 72, versions: [0, 0], flexibleSince: 0, listeners: ['broker'] },
  {
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    terminating: bool(),
    compressionType: int8(),
    metrics: bytes(),
  },
)
export type PushTelemetryRequest = Infer<typeof pushTelemetryRequest>
export type PushTelemetryRequestInput = InferInput<typeof pushTelemetryRequest>

export const pushTelemetryResponse = response(
  { name: 'PushTelemetryResponse', apiKey: 72, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
  },
)
export type PushTelemetryResponse = Infer<typeof pushTelemetryResponse>
export type PushTelemetryResponseInput = InferInput<typeof pushTelemetryResponse>
