/**
 * AlterPartition (56). A partition's leader tells the controller of a changed in-sync set.
 *
 * Version 3: request gains newIsrWithEpochs and loses newIsr; each in-sync replica comes with its broker epoch
 * (KIP-903).
 */
import {
  arrayOf,
  type Infer,
  type InferInput,
  int8,
  int16,
  int32,
  int64Number,
  request,
  response,
  struct,
  uuid,
} from '../schema.ts'

export const brokerState = struct('BrokerState', {
  brokerId: int32({ since: 3 }),
  brokerEpoch: int64Number({ since: 3, default: -1 }),
})
export type BrokerState = Infer<typeof brokerState>

export const alterPartitionRequestPartitionData = struct('PartitionData', {
  partitionIndex: int32(),
  leaderEpoch: int32(),
  newIsr: arrayOf(int32(), { until: 2 }),
  newIsrWithEpochs: arrayOf(brokerState, { since: 3 }),
  leaderRecoveryState: int8(),
  partitionEpoch: int32(),
})
export type AlterPartitionRequestPartitionData = Infer<typeof alterPartitionRequestPartitionData>

export const alterPartitionRequestTopicData = struct('TopicData', {
  topicId: uuid({ ignorable: true }),
  partitions: arrayOf(alterPartitionRequestPartitionData),
})
export type AlterPartitionRequestTopicData = Infer<typeof alterPartitionRequestTopicData>

export const alterPartitionRequest = request(
  { name: 'AlterPartitionRequest', apiKey: 56, versions: [2, 3], flexibleSince: 0, listeners: ['controller'] },
  {
    brokerId: int32(),
    brokerEpoch: int64Number({ default: -1 }),
    topics: arrayOf(alterPartitionRequestTopicData),
  },
)
export type AlterPartitionRequest = Infer<typeof alterPartitionRequest>
export type AlterPartitionRequestInput = InferInput<typeof alterPartitionRequest>

export const alterPartitionResponsePartitionData = struct('PartitionData', {
  partitionIndex: int32(),
  errorCode: int16(),
  leaderId: int32(),
  leaderEpoch: int32(),
  isr: arrayOf(int32()),
  leaderRecoveryState: int8({ ignorable: true }),
  partitionEpoch: int32(),
})
export type AlterPartitionResponsePartitionData = Infer<typeof alterPartitionResponsePartitionData>

export const alterPartitionResponseTopicData = struct('TopicData', {
  topicId: uuid({ ignorable: true }),
  partitions: arrayOf(alterPartitionResponsePartitionData),
})
export type AlterPartitionResponseTopicData = Infer<typeof alterPartitionResponseTopicData>

export const alterPartitionResponse = response(
  { name: 'AlterPartitionResponse', apiKey: 56, versions: [2, 3], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    topics: arrayOf(alterPartitionResponseTopicData),
  },
)
export type AlterPartitionResponse = Infer<typeof alterPartitionResponse>
export type AlterPartitionResponseInput = InferInput<typeof alterPartitionResponse>
