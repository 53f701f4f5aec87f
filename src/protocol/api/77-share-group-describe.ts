/**
 * ShareGroupDescribe (77). State and members of share groups (KIP-932). Version 0 was an early access of Kafka
 * 4.0.
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
  structField,
  uuid,
} from '../schema.ts'

export const shareGroupDescribeRequest = request(
  { name: 'ShareGroupDescribeRequest', apiKey: 77, versions: [1, 1], flexibleSince: 0, listeners: ['broker'] },
  {
    groupIds: arrayOf(string()),
    includeAuthorizedOperations: bool(),
  },
)
export type ShareGroupDescribeRequest = Infer<typeof shareGroupDescribeRequest>
export type ShareGroupDescribeRequestInput = InferInput<typeof shareGroupDescribeRequest>

export const topicPartitions = struct('TopicPartitions', {
  topicId: uuid(),
  topicName: string(),
  partitions: arrayOf(int32()),
})
export type TopicPartitions = Infer<typeof topicPartitions>

export const assignment = struct('Assignment', {
  topicPartitions: arrayOf(topicPartitions),
})
export type Assignment = Infer<typeof assignment>

export const member = struct('Member', {
  memberId: string(),
  rackId: string({ nullableSince: 0, default: null }),
  memberEpoch: int32(),
  clientId: string(),
  clientHost: string(),
  subscribedTopicNames: arrayOf(string()),
  assignment: structField(assignment),
})
export type Member = Infer<typeof member>

export const describedGroup = struct('DescribedGroup', {
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0, default: null }),
  groupId: string(),
  groupState: string(),
  groupEpoch: int32(),
  assignmentEpoch: int32(),
  assignorName: string(),
  members: arrayOf(member),
  authorizedOperations: int32({ default: -(2 ** 31) }),
})
export type DescribedGroup = Infer<typeof describedGroup>

export const shareGroupDescribeResponse = response(
  { name: 'ShareGroupDescribeResponse', apiKey: 77, versions: [1, 1], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    groups: arrayOf(describedGroup),
  },
)
export type ShareGroupDescribeResponse = Infer<typeof shareGroupDescribeResponse>
export type ShareGroupDescribeResponseInput = InferInput<typeof shareGroupDescribeResponse>
