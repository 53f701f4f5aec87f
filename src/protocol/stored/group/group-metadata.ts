/**
 * A classic group: generation, protocol, leader and members with their subscriptions and assignments, in
 * `__consumer_offsets`.
 */
import {
  arrayOf,
  bytes,
  coordinatorKey,
  coordinatorValue,
  type Infer,
  type InferInput,
  int32,
  int64Number,
  string,
  struct,
} from '../../schema.ts'

export const groupMetadataKey = coordinatorKey(
  { name: 'GroupMetadataKey', apiKey: 2, versions: [0, 0] },
  {
    group: string(),
  },
)
export type GroupMetadataKey = Infer<typeof groupMetadataKey>
export type GroupMetadataKeyInput = InferInput<typeof groupMetadataKey>

export const memberMetadata = struct('MemberMetadata', {
  memberId: string(),
  groupInstanceId: string({ since: 3, nullableSince: 3, default: null, ignorable: true }),
  clientId: string(),
  clientHost: string(),
  rebalanceTimeout: int32({ since: 1, default: -1, ignorable: true }),
  sessionTimeout: int32(),
  subscription: bytes(),
  assignment: bytes(),
})
export type MemberMetadata = Infer<typeof memberMetadata>

export const groupMetadataValue = coordinatorValue(
  { name: 'GroupMetadataValue', apiKey: 2, versions: [0, 4], flexibleSince: 4 },
  {
    protocolType: string(),
    generation: int32(),
    protocol: string({ nullableSince: 0 }),
    leader: string({ nullableSince: 0 }),
    currentStateTimestamp: int64Number({ since: 2, default: -1, ignorable: true }),
    members: arrayOf(memberMetadata),
  },
)
export type GroupMetadataValue = Infer<typeof groupMetadataValue>
export type GroupMetadataValueInput = InferInput<typeof groupMetadataValue>
