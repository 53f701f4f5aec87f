/**
 * Produce (0). Appends record batches to partitions, and answers when as many replicas have them as `acks` asks;
 * with acks=0 there is no answer at all. Advertised from version 0 because librdkafka gates compression on it
 * (KAFKA-18659), though 0 to 2 are refused.
 *
 * Version 4: KAFKA_STORAGE_ERROR may be answered.
 * Version 5: response gains logStartOffset.
 * Version 7: batches may be compressed with zstd (KIP-110).
 * Version 8: response gains recordErrors, errorMessage.
 * Version 9: flexible.
 * Version 10: response gains currentLeader, nodeEndpoints; not-leader answers name the leader (KIP-951).
 * Version 11: TRANSACTION_ABORTABLE may be answered (KIP-890).
 * Version 12: within a transaction the partition is added on the way (transaction version 2).
 * Version 13: request gains topicId and loses name; response gains topicId and loses name; topics by id (KIP-516).
 */
import {
  arrayOf,
  type Infer,
  type InferInput,
  int16,
  int32,
  int64Number,
  records,
  request,
  response,
  string,
  struct,
  structField,
  uuid,
} from '../schema.ts'

export const partitionProduceData = struct('PartitionProduceData', {
  index: int32(),
  records: records({ nullableSince: 0 }),
})
export type PartitionProduceData = Infer<typeof partitionProduceData>

export const topicProduceData = struct('TopicProduceData', {
  name: string({ until: 12, ignorable: true, mapKey: true }),
  topicId: uuid({ since: 13, ignorable: true, mapKey: true }),
  partitionData: arrayOf(partitionProduceData),
})
export type TopicProduceData = Infer<typeof topicProduceData>

export const produceRequest = request(
  { name: 'ProduceRequest', apiKey: 0, versions: [3, 13], flexibleSince: 9, listeners: ['broker'] },
  {
    transactionalId: string({ nullableSince: 0, default: null }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: arrayOf(topicProduceData),
  },
)
export type ProduceRequest = Infer<typeof produceRequest>
export type ProduceRequestInput = InferInput<typeof produceRequest>

export const batchIndexAndErrorMessage = struct('BatchIndexAndErrorMessage', {
  batchIndex: int32({ since: 8 }),
  batchIndexErrorMessage: string({ since: 8, nullableSince: 8, default: null }),
})
export type BatchIndexAndErrorMessage = Infer<typeof batchIndexAndErrorMessage>

export const leaderIdAndEpoch = struct('LeaderIdAndEpoch', {
  leaderId: int32({ since: 10, default: -1 }),
  leaderEpoch: int32({ since: 10, default: -1 }),
})
export type LeaderIdAndEpoch = Infer<typeof leaderIdAndEpoch>

export const partitionProduceResponse = struct('PartitionProduceResponse', {
  index: int32(),
  errorCode: int16(),
  baseOffset: int64Number(),
  logAppendTimeMs: int64Number({ default: -1, ignorable: true }),
  logStartOffset: int64Number({ since: 5, default: -1, ignorable: true }),
  recordErrors: arrayOf(batchIndexAndErrorMessage, { since: 8, ignorable: true }),
  errorMessage: string({ since: 8, nullableSince: 8, default: null, ignorable: true }),
  currentLeader: structField(leaderIdAndEpoch, { since: 10, tag: 0 }),
})
export type PartitionProduceResponse = Infer<typeof partitionProduceResponse>

export const topicProduceResponse = struct('TopicProduceResponse', {
  name: string({ until: 12, ignorable: true, mapKey: true }),
  topicId: uuid({ since: 13, ignorable: true, mapKey: true }),
  partitionResponses: arrayOf(partitionProduceResponse),
})
export type TopicProduceResponse = Infer<typeof topicProduceResponse>

export const nodeEndpoint = struct('NodeEndpoint', {
  nodeId: int32({ since: 10, mapKey: true }),
  host: string({ since: 10 }),
  port: int32({ since: 10 }),
  rack: string({ since: 10, nullableSince: 10, default: null }),
})
export type NodeEndpoint = Infer<typeof nodeEndpoint>

export const produceResponse = response(
  { name: 'ProduceResponse', apiKey: 0, versions: [3, 13], flexibleSince: 9 },
  {
    responses: arrayOf(topicProduceResponse),
    throttleTimeMs: int32({ ignorable: true }),
    nodeEndpoints: arrayOf(nodeEndpoint, { since: 10, tag: 0 }),
  },
)
export type ProduceResponse = Infer<typeof produceResponse>
export type ProduceResponseInput = InferInput<typeof produceResponse>
