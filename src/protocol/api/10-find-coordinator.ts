/**
 * FindCoordinator (10). Finds the broker that coordinates a group (0), a transactional id (1) or a share partition
 * (2).
 *
 * Version 1: request gains keyType; response gains throttleTimeMs, errorMessage.
 * Version 2: the answer leaves before the throttling starts.
 * Version 3: flexible.
 * Version 4: request gains coordinatorKeys and loses key; response gains coordinators and loses errorCode,
 * errorMessage, nodeId, host, port; many keys at once (KIP-699).
 * Version 5: TRANSACTION_ABORTABLE may be answered.
 * Version 6: key type 2, whose key is groupId:topicId:partition (KIP-932).
 */
import {
  arrayOf,
  type Infer,
  type InferInput,
  int8,
  int16,
  int32,
  request,
  response,
  string,
  struct,
} from '../schema.ts'

export const findCoordinatorRequest = request(
  { name: 'FindCoordinatorRequest', apiKey: 10, versions: [0, 6], flexibleSince: 3, listeners: ['broker'] },
  {
    key: string({ until: 3 }),
    keyType: int8({ since: 1 }),
    coordinatorKeys: arrayOf(string(), { since: 4 }),
  },
)
export type FindCoordinatorRequest = Infer<typeof findCoordinatorRequest>
export type FindCoordinatorRequestInput = InferInput<typeof findCoordinatorRequest>

export const coordinator = struct('Coordinator', {
  key: string({ since: 4 }),
  nodeId: int32({ since: 4 }),
  host: string({ since: 4 }),
  port: int32({ since: 4 }),
  errorCode: int16({ since: 4 }),
  errorMessage: string({ since: 4, nullableSince: 4, ignorable: true }),
})
export type Coordinator = Infer<typeof coordinator>

export const findCoordinatorResponse = response(
  { name: 'FindCoordinatorResponse', apiKey: 10, versions: [0, 6], flexibleSince: 3 },
  {
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    errorCode: int16({ until: 3 }),
    errorMessage: string({ since: 1, until: 3, nullableSince: 1, ignorable: true }),
    nodeId: int32({ until: 3 }),
    host: string({ until: 3 }),
    port: int32({ until: 3 }),
    coordinators: arrayOf(coordinator, { since: 4 }),
  },
)
export type FindCoordinatorResponse = Infer<typeof findCoordinatorResponse>
export type FindCoordinatorResponseInput = InferInput<typeof findCoordinatorResponse>
