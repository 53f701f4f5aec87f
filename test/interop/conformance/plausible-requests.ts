/** What the sweep cannot guess from a field's name: plausible values by API, and what is left out. */

import { subscription } from './group-probes.ts'
import { oneRecord } from './produce-probes.ts'
import type { Plausible } from './sweep.ts'

const noTopicId = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Stands in a request for a name that no request had before. */
export const fresh = '~fresh~'

/** By Kafka's name of the API. */
export function plausibleValues(api: string): Plausible {
  switch (api) {
    case 'Produce':
      return { acks: -1, records: oneRecord(), transactionalId: null }
    case 'ListOffsets':
      return { replicaId: -1, timestamp: -1n }
    case 'Fetch':
      return { replicaId: -1, sessionEpoch: -1, minBytes: 0, maxWaitMs: 0, forgottenTopicsData: [] }
    case 'Metadata':
      return { topicId: noTopicId, allowAutoTopicCreation: false }
    case 'DeleteTopics':
      return { topicId: noTopicId, name: fresh, topicNames: [fresh] }
    case 'OffsetCommit':
      return { generationIdOrMemberEpoch: -1, committedOffset: 3n }
    case 'OffsetFetch':
      return { memberId: null }
    case 'JoinGroup':
      return { groupId: fresh, name: 'range', protocolType: 'consumer', metadata: subscription, groupInstanceId: null }
    case 'SyncGroup':
      return { protocolType: 'consumer', protocolName: 'range', groupInstanceId: null, memberId: 'member' }
    case 'Heartbeat':
    case 'LeaveGroup':
      return { memberId: 'member', groupInstanceId: null }
    case 'ListGroups':
      return { statesFilter: [], typesFilter: [] }
    case 'ApiVersions':
      return { clientSoftwareName: 'sweep', clientSoftwareVersion: '1' }
    case 'CreateTopics':
      return { name: fresh, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
    case 'CreatePartitions':
      return { count: 2, assignments: null, validateOnly: true }
    case 'InitProducerId':
      return { transactionalId: null, producerId: -1n, producerEpoch: -1 }
    case 'DescribeConfigs':
      return { configurationKeys: ['retention.ms'] }
    case 'AlterConfigs':
    case 'IncrementalAlterConfigs':
      return { configs: [{ name: 'retention.ms', configOperation: 0, value: '600000' }] }
    case 'DescribeTopicPartitions':
      return { cursor: null, responsePartitionLimit: 2000 }
    case 'UnregisterBroker':
      return { brokerId: 99 }
    case 'AlterPartitionReassignments':
      return { replicas: [1] }
    default:
      return {}
  }
}
