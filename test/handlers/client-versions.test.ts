/**
 * The versions of each API that mainstream clients were seen to send to Apache Kafka 4.3.1. What is served at all is
 * served in every one of them: who negotiates badly, or not at all, still finds its version.
 */
import { expect, test } from 'vitest'
import { handlers } from '../../src/handlers/index.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'

/** API and versions, as `Fetch 16` or `Metadata 0/10/13`. */
const seen: Readonly<Record<string, string>> = {
  'franz-go kgo v1.22.2':
    'Produce 13, Fetch 18, ListOffsets 11, Metadata 13, OffsetCommit 10, OffsetFetch 10, FindCoordinator ' +
    '6, JoinGroup 9, Heartbeat 4, LeaveGroup 5, SyncGroup 5, SaslHandshake 1, ApiVersions 4, CreateTopics ' +
    '7, DeleteTopics 6, InitProducerId 5, OffsetForLeaderEpoch 4, EndTxn 5, TxnOffsetCommit 5, ' +
    'DescribeConfigs 4, SaslAuthenticate 2, DeleteGroups 2, IncrementalAlterConfigs 1, ' +
    'ConsumerGroupHeartbeat 1, ConsumerGroupDescribe 1, ShareGroupHeartbeat 1, ShareFetch 2, ' +
    'ShareAcknowledge 2, DescribeShareGroupOffsets 1, AlterShareGroupOffsets 0, DeleteShareGroupOffsets 0',
  'librdkafka 2.15.1':
    'Produce 10, Fetch 16, ListOffsets 7, Metadata 0/10/13, OffsetCommit 9, OffsetFetch 9, ' +
    'FindCoordinator 2, JoinGroup 5, Heartbeat 3, LeaveGroup 1, SyncGroup 3, DescribeGroups 5, ListGroups ' +
    '5, ApiVersions 3/4, CreateTopics 4/7, DeleteTopics 4, DeleteRecords 2, InitProducerId 4, ' +
    'AddPartitionsToTxn 0, EndTxn 1, DescribeAcls 2/3, CreateAcls 2/3, DeleteAcls 2, DescribeConfigs 1, ' +
    'AlterConfigs 2, CreatePartitions 2, DeleteGroups 2, IncrementalAlterConfigs 1, OffsetDelete 0, ' +
    'DescribeUserScramCredentials 0, AlterUserScramCredentials 0, ConsumerGroupDescribe 0, ' +
    'ShareGroupHeartbeat 1, ShareFetch 1, ShareAcknowledge 1',
  kafkajs:
    'Produce 7, Fetch 11, ListOffsets 3, Metadata 6, OffsetCommit 5, OffsetFetch 4, FindCoordinator 2, ' +
    'JoinGroup 5, Heartbeat 3, LeaveGroup 3, SyncGroup 3, DescribeGroups 2, ListGroups 2, ApiVersions ' +
    '1/2, CreateTopics 3, DeleteTopics 1, DeleteRecords 1, InitProducerId 1, AddPartitionsToTxn 1, ' +
    'AddOffsetsToTxn 1, EndTxn 1, TxnOffsetCommit 1, DescribeAcls 1, CreateAcls 1, DeleteAcls 1, ' +
    'DescribeConfigs 2, AlterConfigs 1, CreatePartitions 1, DeleteGroups 1, AlterPartitionReassignments ' +
    '0, ListPartitionReassignments 0',
  'sarama v1.61.1':
    'Produce 5/7/8/9/10, Fetch 7/10/11/12, ListOffsets 2/4/5/6, Metadata 5/7/8/9/11, OffsetCommit 7/8, ' +
    'OffsetFetch 5/7/8, FindCoordinator 1/2/3, JoinGroup 3/5/7/8, Heartbeat 2/3/4, LeaveGroup 2/3/4/5, ' +
    'SyncGroup 2/3/5, DescribeGroups 5, ListGroups 5, ApiVersions 3/4, CreateTopics 2/7, DeleteTopics ' +
    '1/6, DeleteRecords 2, InitProducerId 1/2/3/4, AddPartitionsToTxn 1/3, AddOffsetsToTxn 1/3, EndTxn ' +
    '1/3, TxnOffsetCommit 2/3, DescribeConfigs 4, AlterConfigs 2, DescribeLogDirs 4, CreatePartitions 3, ' +
    'DeleteGroups 0/2, ElectLeaders 1/2, IncrementalAlterConfigs 1, AlterPartitionReassignments 0, ' +
    'ListPartitionReassignments 0, OffsetDelete 0, DescribeClientQuotas 1, UpdateFeatures 0, ' +
    'DescribeProducers 0, DescribeTransactions 0, ListTransactions 1',
  'kafka-python 3.0.12':
    'Produce 9, Fetch 12, ListOffsets 11, Metadata 13, OffsetCommit 8, OffsetFetch 8, FindCoordinator 6, ' +
    'JoinGroup 7, Heartbeat 4, LeaveGroup 5, SyncGroup 5, DescribeGroups 6, ListGroups 5, ApiVersions 4, ' +
    'CreateTopics 7, DeleteTopics 6, DeleteRecords 2, InitProducerId 4, AddPartitionsToTxn 3, ' +
    'AddOffsetsToTxn 3, EndTxn 3, TxnOffsetCommit 3, DescribeAcls 3, CreateAcls 3, DeleteAcls 3, ' +
    'DescribeConfigs 4, AlterReplicaLogDirs 2, DescribeLogDirs 5, CreatePartitions 3, DeleteGroups 2, ' +
    'ElectLeaders 2, AlterPartitionReassignments 1, ListPartitionReassignments 0, DescribeQuorum 2, ' +
    'ListConfigResources 1, DescribeTopicPartitions 0',
  '@platformatic/kafka':
    'Produce 11, Fetch 17, ListOffsets 9, Metadata 12/13, OffsetCommit 9, OffsetFetch 9, FindCoordinator ' +
    '6, JoinGroup 9, Heartbeat 4, LeaveGroup 5, SyncGroup 5, DescribeGroups 5, ListGroups 5, ' +
    'SaslHandshake 1, ApiVersions 3/4, CreateTopics 7, DeleteTopics 6, DeleteRecords 2, InitProducerId 5, ' +
    'AddPartitionsToTxn 5, AddOffsetsToTxn 4, EndTxn 4, TxnOffsetCommit 4, DescribeAcls 3, CreateAcls 3, ' +
    'DeleteAcls 3, DescribeConfigs 4, AlterConfigs 2, DescribeLogDirs 4, SaslAuthenticate 2, ' +
    'CreatePartitions 3, DeleteGroups 2, IncrementalAlterConfigs 1, OffsetDelete 0, DescribeClientQuotas ' +
    '1, AlterClientQuotas 1, AlterUserScramCredentials 0, ConsumerGroupHeartbeat 1',
  'confluent-kafka-javascript':
    'Produce 10, Fetch 16, ListOffsets 7, Metadata 13, OffsetCommit 9, OffsetFetch 9, FindCoordinator 2, ' +
    'JoinGroup 5, Heartbeat 3, LeaveGroup 1, SyncGroup 3, DescribeGroups 5, ListGroups 5, ApiVersions 3, ' +
    'CreateTopics 4, DeleteTopics 4, DeleteRecords 2, InitProducerId 4, AddPartitionsToTxn 0, ' +
    'AddOffsetsToTxn 0, EndTxn 1, TxnOffsetCommit 3, DeleteGroups 2, ConsumerGroupDescribe 0',
  'segmentio kafka-go 0.4.51':
    'Produce 7/8, Fetch 10/11, ListOffsets 1, Metadata 1/6/8, OffsetCommit 2, OffsetFetch 1/5, ' +
    'FindCoordinator 0/2, JoinGroup 2, Heartbeat 0, LeaveGroup 0, SyncGroup 0, ListGroups 1, ' +
    'SaslHandshake 1, ApiVersions 0, CreateTopics 2/5, DeleteTopics 1/3, SaslAuthenticate 0',
  'aiokafka 0.14.0':
    'Produce 7, Fetch 11, ListOffsets 3, Metadata 5, OffsetCommit 3, OffsetFetch 3, FindCoordinator 1, ' +
    'JoinGroup 5, Heartbeat 1, LeaveGroup 1, SyncGroup 3, DescribeGroups 3, ListGroups 1, ApiVersions 0, ' +
    'CreateTopics 3, DeleteTopics 3, DeleteRecords 2, InitProducerId 0, AddPartitionsToTxn 0, ' +
    'AddOffsetsToTxn 0, EndTxn 0, TxnOffsetCommit 0, DescribeConfigs 2, AlterConfigs 1, CreatePartitions ' +
    '1',
  'watermill-kafka v3.0.6':
    'Produce 5, Fetch 6, ListOffsets 2, Metadata 5, OffsetCommit 3, OffsetFetch 3, FindCoordinator 1, ' +
    'JoinGroup 2, Heartbeat 1, LeaveGroup 1, SyncGroup 1, CreateTopics 2',
  'rust rdkafka 0.39.0':
    'Produce 10, Fetch 16, ListOffsets 7, Metadata 13, OffsetCommit 9, OffsetFetch 9, FindCoordinator 2, ' +
    'JoinGroup 5, Heartbeat 3, LeaveGroup 1, SyncGroup 3, DescribeGroups 0, ListGroups 0, ApiVersions 3, ' +
    'CreateTopics 4, DeleteRecords 2, InitProducerId 4, AddPartitionsToTxn 0, AddOffsetsToTxn 0, EndTxn ' +
    '1, TxnOffsetCommit 3, DeleteGroups 2',
}

test.each(Object.entries(seen))('%s finds its versions', (_client, sent) => {
  const missing = sent.split(', ').filter((each) => {
    const [name, versions] = each.split(' ')
    const served = handlers.get(apiKeys[name as keyof typeof apiKeys])
    if (served === undefined) return false
    return versions!.split('/').some((text) => Number(text) < served.minVersion || Number(text) > served.maxVersion)
  })
  expect(missing).toEqual([])
})

test('librdkafka finds all that it needs to compress, and to join groups', () => {
  const range = (apiKey: number) => {
    const { minVersion, maxVersion } = handlers.get(apiKey)!
    return [minVersion, maxVersion] as const
  }
  // Batches of version 2 need Produce 3 and Fetch 4; zstd needs Produce 7 and Fetch 10.
  expect(range(apiKeys.Produce)[1]).toBeGreaterThanOrEqual(7)
  expect(range(apiKeys.Fetch)).toEqual([4, expect.toSatisfy((version: number) => version >= 10)])
  const group = [
    'FindCoordinator',
    'OffsetCommit',
    'OffsetFetch',
    'JoinGroup',
    'SyncGroup',
    'Heartbeat',
    'LeaveGroup',
  ] as const
  for (const name of group) expect(handlers.has(apiKeys[name])).toBe(true)
})
