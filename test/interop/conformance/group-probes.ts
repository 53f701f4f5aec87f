/** The classic group protocol: who may join, sync, commit and leave when, and what is told of groups. */

import type { Answer, Probe, Prober } from './prober.ts'
import { createTopic, topicIdOf, unknownTopicId } from './produce-probes.ts'

// Version 0, one topic, no user data. Apache Kafka does not answer who sends what it cannot parse.
export const subscription = Buffer.from('000000000001000174ffffffff', 'hex')
const protocols = [{ name: 'range', metadata: subscription }]

export function joinRequest(groupId: string, fields: object = {}): object {
  return {
    groupId,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    memberId: '',
    protocolType: 'consumer',
    protocols,
    ...fields,
  }
}

function commitRequest(groupId: string, topic: string, fields: object = {}, partition: object = {}): object {
  const partitions = [
    { partitionIndex: 0, committedOffset: 5n, committedLeaderEpoch: -1, committedMetadata: 'm', ...partition },
  ]
  return { groupId, generationIdOrMemberEpoch: -1, memberId: '', topics: [{ name: topic, partitions }], ...fields }
}

function field<T>(answer: Answer | undefined, name: string): T {
  return answer![name] as T
}

/** A group of one that is stable, with what its member needs to say. */
async function stableGroup(
  prober: Prober,
  groupId: string,
  fields: object = {},
): Promise<{ memberId: string; generationId: number }> {
  const asked = await prober.ask('JoinGroup', 5, joinRequest(groupId, fields))
  const first = field<string>(asked, 'memberId')
  const joined =
    asked!.errorCode === 0
      ? asked
      : await prober.ask('JoinGroup', 5, joinRequest(groupId, { memberId: first, ...fields }))
  const [memberId, generationId] = [field<string>(joined, 'memberId'), field<number>(joined, 'generationId')]
  const assignments = [{ memberId, assignment: Buffer.from('assignment') }]
  await prober.ask('SyncGroup', 3, { groupId, generationId, memberId, assignments, ...fields })
  return { memberId, generationId }
}

export async function untilCoordinator(prober: Prober): Promise<void> {
  const groupId = `${prober.prefix}any`
  await prober.settled(async () => {
    const answer = await prober.ask('FindCoordinator', 2, { key: 'any', keyType: 0 })
    if (answer?.errorCode !== 0) return false
    const fetched = await prober.ask('OffsetFetch', 5, { groupId, topics: null })
    const heartbeat = await prober.ask('Heartbeat', 0, { groupId, generationId: 0, memberId: 'x' })
    return fetched?.errorCode === 0 && heartbeat?.errorCode === 25
  })
}

const coordinators: Probe = {
  name: 'find-coordinator',
  async run(prober) {
    await untilCoordinator(prober)
    await prober.probeVersions('of a group', 'FindCoordinator', (version) =>
      version >= 4 ? { keyType: 0, coordinatorKeys: ['g'] } : { key: 'g', keyType: 0 },
    )
    await prober.probe('many', 'FindCoordinator', 6, { keyType: 0, coordinatorKeys: ['a', 'b', 'a', ''] })
    await prober.probe('none', 'FindCoordinator', 6, { keyType: 0, coordinatorKeys: [] })
    await prober.probe('empty', 'FindCoordinator', 3, { keyType: 0, key: '' })
    for (const keyType of [2, 7, -1]) {
      await prober.probe(`type ${keyType}`, 'FindCoordinator', 6, { keyType, coordinatorKeys: ['a'] })
      await prober.probe(`type ${keyType}`, 'FindCoordinator', 3, { keyType, key: 'a' })
    }
  },
}

const joining: Probe = {
  name: 'join-group',
  async run(prober) {
    await untilCoordinator(prober)
    const { prefix } = prober
    await prober.probeVersions('new', 'JoinGroup', (version) => joinRequest(`${prefix}v${version}`))
    const join = (step: string, fields: object, group = 'g', version = 5) =>
      prober.probe(step, 'JoinGroup', version, joinRequest(group === '' ? '' : `${prefix}${group}`, fields))
    await join('no group', {}, '')
    for (const sessionTimeoutMs of [0, 5999, 1_800_001])
      await join(`session timeout ${sessionTimeoutMs}`, { sessionTimeoutMs })
    await join('stranger', { memberId: 'stranger' })
    await join('stranger in a group that is none', { memberId: 'stranger' }, 'none')
    await join('no protocols', { protocols: [] })
    await join('no protocol type', { protocolType: '' })
    await join('no protocols at all', { protocols: [], protocolType: '' }, 'other', 3)
    const first = await join('member', {}, 'g', 3)
    const memberId = field<string>(first, 'memberId')
    const generationId = field<number>(first, 'generationId')
    const sync = (step: string, fields: object = {}, version = 3) =>
      prober.probe(step, 'SyncGroup', version, {
        groupId: `${prefix}g`,
        generationId,
        memberId,
        assignments: [],
        ...fields,
      })
    await join('other type', { protocolType: 'connect' })
    await join('other protocols', { protocols: [{ name: 'sticky', metadata: subscription }] })
    await join('same again before sync', { memberId })
    await sync('of a stranger', { memberId: 'stranger' })
    await sync('of generation 7', { generationId: 7 })
    await sync('of no group', { groupId: '' })
    await sync('of an unknown group', { groupId: `${prefix}unknown` })
    await sync('other type', { protocolType: 'connect', protocolName: 'range' }, 5)
    await sync('other name', { protocolType: 'consumer', protocolName: 'sticky' }, 5)
    const heartbeat = (step: string, fields: object = {}, version = 3) =>
      prober.probe(step, 'Heartbeat', version, { groupId: `${prefix}g`, generationId, memberId, ...fields })
    await heartbeat('before sync')
    await prober.probe(
      'commit before sync',
      'OffsetCommit',
      7,
      commitRequest(`${prefix}g`, 'none', { memberId, generationIdOrMemberEpoch: generationId }),
    )
    await sync('without itself', { assignments: [{ memberId: 'x', assignment: Buffer.from('y') }] })
    await sync('again')
    await prober.probeVersions('stable', 'SyncGroup', () => ({
      groupId: `${prefix}g`,
      generationId,
      memberId,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [],
    }))
    await prober.probeVersions('stable', 'Heartbeat', () => ({ groupId: `${prefix}g`, generationId, memberId }))
    await heartbeat('of a stranger', { memberId: 'stranger' })
    await heartbeat('of generation 9', { generationId: 9 })
    await heartbeat('of generation -1', { generationId: -1 })
    await heartbeat('of an unknown group', { groupId: `${prefix}unknown` })
    await heartbeat('of no group', { groupId: '' })
    await heartbeat('of an instance', { groupInstanceId: 'instance' })
    await prober.probeVersions('described', 'DescribeGroups', () => ({
      groups: [`${prefix}g`, `${prefix}unknown`],
      includeAuthorizedOperations: true,
    }))
    await prober.probe('leader again', 'JoinGroup', 9, joinRequest(`${prefix}g`, { memberId, reason: 'because' }))
    await prober.probe('described while it rebalances', 'DescribeGroups', 5, { groups: [`${prefix}g`] })
    await heartbeat('of the old generation')
  },
}

const leaving: Probe = {
  name: 'leave-group',
  async run(prober) {
    await untilCoordinator(prober)
    const groupId = `${prober.prefix}g`
    for (const version of [0, 1, 2]) {
      await prober.probe('unknown group', 'LeaveGroup', version, { groupId, memberId: 'stranger' })
      const { memberId } = await stableGroup(prober, groupId)
      await prober.probe('stranger', 'LeaveGroup', version, { groupId, memberId: 'stranger' })
      await prober.probe('member', 'LeaveGroup', version, { groupId, memberId })
      await prober.probe('again', 'LeaveGroup', version, { groupId, memberId })
    }
    for (const version of [3, 4, 5]) {
      const leave = (step: string, ...members: object[]) =>
        prober.probe(step, 'LeaveGroup', version, { groupId, members })
      await leave('unknown', { memberId: 'stranger' })
      await leave('nobody')
      const { memberId } = await stableGroup(prober, groupId, { groupInstanceId: 'instance' })
      await leave('wrong instance', { memberId, groupInstanceId: 'other' })
      await leave('wrong member', { memberId: 'other', groupInstanceId: 'instance' })
      await leave('both', { memberId: 'stranger' }, { memberId: '', groupInstanceId: 'instance' })
      const other = await stableGroup(prober, groupId)
      await leave('twice', { memberId: other.memberId }, { memberId: other.memberId })
    }
    await prober.probe('no group', 'LeaveGroup', 5, { groupId: '', members: [] })
    const pending = await prober.ask('JoinGroup', 5, joinRequest(groupId))
    await prober.probe('pending', 'LeaveGroup', 5, { groupId, members: [{ memberId: pending!.memberId }] })
    await prober.probe('pending, again', 'LeaveGroup', 5, { groupId, members: [{ memberId: pending!.memberId }] })
  },
}

const statics: Probe = {
  name: 'static-members',
  async run(prober) {
    await untilCoordinator(prober)
    const groupId = `${prober.prefix}g`
    const instance = { groupInstanceId: 'instance' }
    const first = await stableGroup(prober, groupId, instance)
    await prober.probe(
      'with another member id',
      'JoinGroup',
      5,
      joinRequest(groupId, { ...instance, memberId: 'other' }),
    )
    await prober.probe(
      'unknown instance',
      'JoinGroup',
      5,
      joinRequest(groupId, { groupInstanceId: 'b', memberId: 'other' }),
    )
    for (const version of [5, 9]) {
      const replaced = await prober.probe('replaced', 'JoinGroup', version, joinRequest(groupId, instance))
      const { memberId, generationId } = replaced as unknown as { memberId: string; generationId: number }
      const said = { groupId, generationId, ...instance }
      await prober.probe('the old one beats', 'Heartbeat', 3, { ...said, memberId: first.memberId })
      await prober.probe('the old one without its instance beats', 'Heartbeat', 3, {
        groupId,
        generationId,
        memberId: first.memberId,
      })
      await prober.probe('the new one without its instance beats', 'Heartbeat', 3, { groupId, generationId, memberId })
      await prober.probe('the old one syncs', 'SyncGroup', 3, { ...said, memberId: first.memberId, assignments: [] })
      await prober.probe('the new one syncs', 'SyncGroup', 3, {
        ...said,
        memberId,
        assignments: [{ memberId, assignment: Buffer.from('a') }],
      })
      const commit = { generationIdOrMemberEpoch: generationId, ...instance }
      await prober.probe(
        'the old one commits',
        'OffsetCommit',
        7,
        commitRequest(groupId, 'none', { ...commit, memberId: first.memberId }),
      )
      await prober.probe('the new one beats', 'Heartbeat', 3, { ...said, memberId })
      await prober.probe('the new one, other instance', 'Heartbeat', 3, { ...said, memberId, groupInstanceId: 'c' })
    }
    await prober.probe(
      'replaced with other protocols',
      'JoinGroup',
      5,
      joinRequest(groupId, {
        ...instance,
        protocols: [{ name: 'sticky', metadata: subscription }],
      }),
    )
    await prober.probe('described', 'DescribeGroups', 5, { groups: [groupId] })
  },
}

const rebalances: Probe = {
  name: 'rebalances',
  async run(prober) {
    await untilCoordinator(prober)
    const groupId = `${prober.prefix}g`
    const { memberId, generationId } = await stableGroup(prober, groupId)
    const other = prober.beside()
    const late = await other.ask('JoinGroup', 5, joinRequest(groupId))
    const lateId = field<string>(late, 'memberId')
    prober.note('who', [{ memberId }])
    prober.note('who else', [{ memberId: lateId }])
    await prober.probe('beat while one is pending', 'Heartbeat', 3, { groupId, generationId, memberId })
    const joining = other.ask('JoinGroup', 5, joinRequest(groupId, { memberId: lateId }))
    await prober.settled(async () => {
      const beat = await prober.ask('Heartbeat', 3, { groupId, generationId, memberId })
      return beat!.errorCode === 27
    })
    await prober.probe('beat in a rebalance', 'Heartbeat', 3, { groupId, generationId, memberId })
    await prober.probe('sync in a rebalance', 'SyncGroup', 3, { groupId, generationId, memberId, assignments: [] })
    await prober.probe(
      'commit in a rebalance',
      'OffsetCommit',
      7,
      commitRequest(groupId, 'none', { memberId, generationIdOrMemberEpoch: generationId }),
    )
    await prober.probe('described in a rebalance', 'DescribeGroups', 5, { groups: [groupId] })
    await prober.probe('joins', 'JoinGroup', 5, joinRequest(groupId, { memberId }))
    const joined = await joining
    const generation = field<number>(joined, 'generationId')
    prober.note('the other joined', { generation, error: joined!.errorCode! })
    await prober.probe('described before sync', 'DescribeGroups', 5, { groups: [groupId] })
    const syncing = other.ask('SyncGroup', 3, { groupId, generationId: generation, memberId: lateId, assignments: [] })
    await prober.probe('beat before sync', 'Heartbeat', 3, { groupId, generationId: generation, memberId })
    const assignments = [{ memberId: lateId, assignment: Buffer.from('late') }]
    await prober.probe('leader syncs', 'SyncGroup', 3, { groupId, generationId: generation, memberId, assignments })
    prober.note('the other synced', (await syncing)!)
    await prober.probe('follower joins again', 'JoinGroup', 5, joinRequest(groupId, { memberId: lateId }))
    await prober.probe('nobody rebalances', 'Heartbeat', 3, { groupId, generationId: generation, memberId })
    other.close()
  },
}

const commits: Probe = {
  name: 'offsets',
  async run(prober) {
    await untilCoordinator(prober)
    const { prefix } = prober
    const topic = `${prefix}topic`
    await createTopic(prober, topic, {}, 2)
    const topicId = await topicIdOf(prober, topic)
    const group = `${prefix}g`
    await prober.probeVersions('simple', 'OffsetCommit', (version) => {
      const request = commitRequest(group, topic) as { topics: object[] }
      const topics = version >= 10 ? request.topics.map((named) => ({ ...named, name: '', topicId })) : request.topics
      return { ...request, topics }
    })
    const commit = (
      step: string,
      fields: object = {},
      partition: object = {},
      name = topic,
      groupId = group,
      version = 9,
    ) => prober.probe(step, 'OffsetCommit', version, commitRequest(groupId, name, fields, partition))
    await commit('unknown topic', {}, {}, `${prefix}none`)
    await commit('unknown partition', {}, { partitionIndex: 7 })
    await commit(
      'unknown id',
      { topics: [{ topicId: unknownTopicId, partitions: [{ partitionIndex: 0, committedOffset: 1n }] }] },
      {},
      '',
      group,
      10,
    )
    await commit('large metadata', {}, { committedMetadata: 'x'.repeat(4097) })
    await commit('largest metadata', {}, { committedMetadata: 'x'.repeat(4096) })
    await commit('no metadata', {}, { committedMetadata: null, partitionIndex: 1, committedLeaderEpoch: 3 })
    await commit('negative offset', {}, { committedOffset: -1n })
    await commit('far negative offset', {}, { committedOffset: -12n })
    for (const version of [2, 8, 9]) {
      await commit('member of nothing', { memberId: 'stranger' }, {}, topic, group, version)
      await commit(
        'generation of nothing',
        { generationIdOrMemberEpoch: 3, memberId: 'stranger' },
        {},
        topic,
        group,
        version,
      )
      await commit(
        'generation of an unknown group',
        { generationIdOrMemberEpoch: 3, memberId: 's' },
        {},
        topic,
        `${prefix}unknown`,
        version,
      )
      await commit(
        'instance of an unknown group',
        { groupInstanceId: 'i' },
        {},
        topic,
        `${prefix}unknown2`,
        Math.max(7, version),
      )
    }
    await commit('no group', {}, {}, topic, '')
    const { memberId, generationId } = await stableGroup(prober, `${prefix}live`)
    const member = { memberId, generationIdOrMemberEpoch: generationId }
    for (const version of [5, 9]) {
      const live = (step: string, fields: object) => commit(step, fields, {}, topic, `${prefix}live`, version)
      await live('simple, beside members', {})
      await live('member', member)
      await live('old generation', { ...member, generationIdOrMemberEpoch: 0 })
      await live('stranger', { ...member, memberId: 'stranger' })
      await live('generation -1', { ...member, generationIdOrMemberEpoch: -1 })
    }
    await fetchOffsets(prober, topic, topicId)
    await groupList(prober)
  },
}

async function fetchOffsets(prober: Prober, topic: string, topicId: string): Promise<void> {
  const { prefix } = prober
  const [group, none] = [`${prefix}g`, `${prefix}none`]
  const ask = (version: number, groupId: string, topics: object[] | null, fields: object = {}) => {
    const named = topics?.map((asked) => (version >= 10 ? { topicId, ...asked } : { name: topic, ...asked })) ?? null
    return version >= 8 ? { groups: [{ groupId, topics: named, ...fields }] } : { groupId, topics: named }
  }
  const indexes = { partitionIndexes: [0, 1, 5] }
  await prober.probeVersions('known', 'OffsetFetch', (version) => ask(version, group, [indexes]))
  await prober.probeVersions('all', 'OffsetFetch', (version) => ask(version, group, null), 2)
  await prober.probeVersions('unknown group', 'OffsetFetch', (version) => ask(version, none, [indexes]))
  await prober.probeVersions('unknown group, all', 'OffsetFetch', (version) => ask(version, none, null), 2)
  for (const version of [5, 8, 9]) {
    await prober.probe(
      'unknown topic',
      'OffsetFetch',
      version,
      ask(version, group, [{ name: none, partitionIndexes: [0] }]),
    )
    await prober.probe('no topics', 'OffsetFetch', version, ask(version, group, []))
    await prober.probe('no group', 'OffsetFetch', version, ask(version, '', [indexes]))
  }
  await prober.probe(
    'unknown id',
    'OffsetFetch',
    10,
    ask(10, group, [{ topicId: unknownTopicId, partitionIndexes: [0] }]),
  )
  for (const fields of [
    { memberId: 'stranger', memberEpoch: 3 },
    { memberId: null, memberEpoch: -1 },
    { memberId: 'x', memberEpoch: -1 },
    { memberId: '', memberEpoch: 2 },
  ]) {
    await prober.probe(`member ${JSON.stringify(fields)}`, 'OffsetFetch', 9, ask(9, group, [indexes], fields))
    await prober.probe(
      `member ${JSON.stringify(fields)}, live`,
      'OffsetFetch',
      9,
      ask(9, `${prefix}live`, [indexes], fields),
    )
    await prober.probe(`member ${JSON.stringify(fields)}, none`, 'OffsetFetch', 9, ask(9, none, [indexes], fields))
  }
  await prober.probe('many groups', 'OffsetFetch', 8, {
    groups: [group, none, `${prefix}live`].map((groupId) => ({ groupId, topics: null })),
  })
  await prober.probe('stable', 'OffsetFetch', 8, { groups: [{ groupId: group, topics: null }], requireStable: true })
}

async function groupList(prober: Prober): Promise<void> {
  const { prefix } = prober
  const list = async (step: string, version: number, fields: object) => {
    const answer = await prober.ask('ListGroups', version, fields)
    const groups = field<readonly Answer[]>(answer, 'groups').filter(({ groupId }) =>
      String(groupId).startsWith(prefix),
    )
    prober.note(`${step} [ListGroups v${version}]`, { errorCode: answer!.errorCode!, groups })
  }
  for (let version = 0; version <= 5; version++) await list('all', version, {})
  for (const state of [
    'Stable',
    'stable',
    'Empty',
    'Dead',
    'PreparingRebalance',
    'CompletingRebalance',
    'Nonsense',
    '',
  ]) {
    await list(`state ${state}`, 4, { statesFilter: [state] })
  }
  for (const type of ['classic', 'Classic', 'consumer', 'share', 'streams', 'nonsense', ''])
    await list(`type ${type}`, 5, { typesFilter: [type] })
  await list('both', 5, { statesFilter: ['Empty', 'Stable'], typesFilter: ['classic', 'consumer'] })
  const remove = (step: string, ...groupsNames: string[]) => prober.probe(step, 'DeleteGroups', 2, { groupsNames })
  await remove('nonempty', `${prefix}live`)
  await remove('unknown', `${prefix}none`)
  await remove('no name', '')
  await remove('none')
  await remove('twice', `${prefix}g`, `${prefix}g`, `${prefix}live`)
  await prober.probeVersions('again', 'DeleteGroups', () => ({ groupsNames: [`${prefix}g`] }))
  await prober.probe('described', 'DescribeGroups', 5, { groups: [`${prefix}g`, ''] })
  await prober.probe('described', 'DescribeGroups', 6, { groups: [`${prefix}g`, ''] })
  await prober.probe('offsets of the deleted', 'OffsetFetch', 8, { groups: [{ groupId: `${prefix}g`, topics: null }] })
}

export const groupProbes: readonly Probe[] = [coordinators, joining, leaving, statics, rebalances, commits]
