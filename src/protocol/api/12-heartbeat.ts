/**
 * Heartbeat (12). Keeps a member of a classic group alive and tells it of a rebalance.
 *
 * Version 1: response gains throttleTimeMs.
 * Version 2: the answer leaves before the throttling starts.
 * Version 3: request gains groupInstanceId; static members (KIP-345).
 * Version 4: flexible.
 */
import { type Infer, type InferInput, int16, int32, request, response, string } from '../schema.ts'

export const heartbeatRequest = request(
  { name: 'HeartbeatRequest', apiKey: 12, versions: [0, 4], flexibleSince: 4, listeners: ['broker'] },
  {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ since: 3, nullableSince: 3, default: null }),
  },
)
export type HeartbeatRequest = Infer<typeof heartbeatRequest>
export type HeartbeatRequestInput = InferInput<typeof heartbeatRequest>

export const heartbeatResponse = response(
  { name: 'HeartbeatResponse', apiKey: 12, versions: [0, 4], flexibleSince: 4 },
  {
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    errorCode: int16(),
  },
)
export type HeartbeatResponse = Infer<typeof heartbeatResponse>
export type HeartbeatResponseInput = InferInput<typeof heartbeatResponse>
