/** Good sequences as clients of every age speak them: a group's whole life, and batches of every codec there and back. */
import { NodeCodecs } from '../../../src/io/codecs/node-codecs.ts'
import { buildBatch } from '../../../src/protocol/record/batch-builder.ts'
import type { CompressionType } from '../../../src/protocol/record/compression.ts'
import { joinRequest, untilCoordinator } from './group-probes.ts'
import type { Answer, Probe, Prober } from './prober.ts'
import { createTopic, produceRequest, topicIdOf } from './produce-probes.ts'

/** The versions of the other APIs that came with each version of JoinGroup, more or less. */
async function groupLife(prober: Prober, version: number, topic: string, topicId: string): Promise<void> {
  const groupId = `${prober.prefix}g${version}`
  const asked = await prober.probe('asked', 'JoinGroup', version, joinRequest(groupId))
  const joined =
    asked!.errorCode === 0
      ? asked!
      : (await prober.probe('joined', 'JoinGroup', version, joinRequest(groupId, { memberId: asked!.memberId })))!
  const { memberId, generationId } = joined as unknown as { memberId: string; generationId: number }
  const said = { groupId, memberId, generationId }
  await prober.probe('synced', 'SyncGroup', Math.min(version, 5), {
    ...said,
    protocolType: 'consumer',
    protocolName: 'range',
    assignments: [{ memberId, assignment: Buffer.from('all of it') }],
  })
  await prober.probe('beats', 'Heartbeat', Math.min(version, 4), said)
  const partitions = [{ partitionIndex: 0, committedOffset: 11n, committedLeaderEpoch: 0, committedMetadata: 'm' }]
  const commitVersion = version + 1 < 10 ? Math.max(2, version) : 10
  const topics = [commitVersion < 10 ? { name: topic, partitions } : { topicId, partitions }]
  await prober.probe('commits', 'OffsetCommit', commitVersion, {
    groupId,
    memberId,
    generationIdOrMemberEpoch: generationId,
    retentionTimeMs: -1,
    topics,
  })
  const wanted = [{ name: topic, partitionIndexes: [0] }]
  const fetchVersion = Math.max(1, version)
  const fetch = fetchVersion < 8 ? { groupId, topics: wanted } : { groups: [{ groupId, topics: wanted }] }
  await prober.probe('fetches', 'OffsetFetch', fetchVersion, fetch)
  await prober.probe('described', 'DescribeGroups', Math.min(version, 6), { groups: [groupId] })
  const leaveVersion = Math.min(version, 5)
  const leave = leaveVersion < 3 ? { groupId, memberId } : { groupId, members: [{ memberId, reason: 'enough' }] }
  await prober.probe('leaves', 'LeaveGroup', leaveVersion, leave)
  await prober.probe('beats no more', 'Heartbeat', Math.min(version, 4), said)
  await prober.probe('deleted', 'DeleteGroups', Math.min(version, 2), { groupsNames: [groupId] })
}

const groups: Probe = {
  name: 'group-lives',
  async run(prober) {
    await untilCoordinator(prober)
    const topic = `${prober.prefix}topic`
    await createTopic(prober, topic)
    const topicId = await topicIdOf(prober, topic)
    for (let version = 0; version <= 9; version++) await groupLife(prober, version, topic, topicId)
  },
}

const codecs: Probe = {
  name: 'codecs',
  async run(prober) {
    for (const compression of ['producer', 'zstd', 'uncompressed', 'lz4']) {
      const topic = `${prober.prefix}${compression}`
      await createTopic(prober, topic, { 'compression.type': compression })
      const topicId = await topicIdOf(prober, topic)
      for (const compressionType of [0, 1, 2, 3, 4] as readonly CompressionType[]) {
        const records = Array.from({ length: 3 }, (_, index) => ({ value: Buffer.from(`${index}`.repeat(100)) }))
        const batch = buildBatch({ timestamp: Date.now(), records, compressionType, codecs: new NodeCodecs() })
        for (const version of [3, 6, 7, 9]) {
          await prober.probe(`codec ${compressionType}`, 'Produce', version, produceRequest(topic, batch))
        }
      }
      const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000, currentLeaderEpoch: -1 }]
      await prober.probeVersions(compression, 'Fetch', (version) => ({
        replicaId: -1,
        maxBytes: 1_000_000,
        sessionEpoch: -1,
        topics: [version < 13 ? { topic, partitions } : { topicId, partitions }],
      }))
    }
  },
}

const topics: Probe = {
  name: 'topic-lives',
  async run(prober) {
    for (let version = 2; version <= 7; version++) {
      const name = `${prober.prefix}t${version}`
      await createTopic(prober, name)
      await prober.probe('grown', 'CreatePartitions', Math.min(version - 2, 3), {
        topics: [{ name, count: 3, assignments: null }],
        timeoutMs: 30_000,
      })
      await prober.settled(async () => {
        const answer = await prober.ask('Metadata', 9, { topics: [{ name }] })
        return (((answer!.topics as readonly Answer[])[0]!.partitions ?? []) as readonly Answer[]).length === 3
      })
      await prober.probe('described', 'Metadata', version, { topics: [{ name }] })
      const resources = [
        { resourceType: 2, resourceName: name, configs: [{ name: 'segment.bytes', value: '2000000' }] },
      ]
      await prober.probe('changed', 'AlterConfigs', version % 3, { resources, validateOnly: false })
      const topics = version < 7 ? { topicNames: [name] } : { topics: [{ name }] }
      await prober.probe('deleted', 'DeleteTopics', version - 1, { ...topics, timeoutMs: 30_000 })
      await prober.settled(async () => {
        const answer = await prober.ask('Metadata', 9, { topics: [{ name }], allowAutoTopicCreation: false })
        return (answer!.topics as readonly Answer[])[0]!.errorCode === 3
      })
      await prober.probe('gone', 'Metadata', Math.max(version, 4), {
        topics: [{ name }],
        allowAutoTopicCreation: false,
      })
    }
  },
}

export const versionProbes: readonly Probe[] = [groups, codecs, topics]
