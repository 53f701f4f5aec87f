/**
 * ConsumerGroupDescribe (69). State and members of KIP-848 consumer groups.
 *
 * Version 1: response gains memberType; members that still speak the classic protocol are told apart.
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
  struct,
  structField,
  uuid,
} from '../schema.ts'

export const consumerGroupDescribeRequest = request(
  { name: 'ConsumerGroupDescribeRequest', apiKey: 69, versions: [0, 1], flexibleSince: 0, listeners: ['broker'] },
  {
    groupIds: arrayOf(string()),
    includeAuthorizedOperations: bool(),
  },
)
export type ConsumerGroupDescribeRequest = Infer<typeof consumerGroupDescribeRequest>
export type ConsumerGroupDescribeRequestInput = InferInput<typeof consumerGroupDescribeRequest>

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
  instanceId: string({ nullableSince: 0, default: null }),
  rackId: string({ nullableSince: 0, default: null }),
  memberEpoch: int32(),
  clientId: string(),
  clientHost: string(),
  subscribedTopicNames: arrayOf(string()),
  subscribedTopicRegex: string({ nullableSince: 0, default: null }),
  assignment: structField(assignment),
  targetAssignment: structField(assignment),
  memberType: int8({ since: 1, default: -1, ignorable: true }),
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

export const consumerGroupDescribeResponse = response(
  { name: 'ConsumerGroupDescribeResponse', apiKey: 69, versions: [0, 1], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    groups: arrayOf(describedGroup),
  },
)
export type ConsumerGroupDescribeResponse = Infer<typeof consumerGroupDescribeResponse>
export type ConsumerGroupDescribeResponseInput = InferInput<typeof consumerGroupDescribeResponse>
