import { beforeEach, describe, expect, test } from 'vitest'
import { javaHostAddress } from '../../src/handlers/group-request-context.ts'
import { errorName } from '../../src/protocol/errors.ts'
import { BrokerHarness } from '../runtime/broker-harness.ts'
import {
  describeGroupsApi,
  heartbeatApi,
  joinGroupApi,
  joinNow,
  joinOf,
  leaveGroupApi,
  listGroupsApi,
  offsetsTopic,
  stableMember,
  syncGroupApi,
} from './group-requests.ts'

let harness: BrokerHarness

beforeEach(async () => {
  harness = await BrokerHarness.start({ config: { 'group.initial.rebalance.delay.ms': '0' } })
  await harness.createTopic(offsetsTopic, { partitions: 3, configs: { 'cleanup.policy': 'compact' } })
})

describe('joining', () => {
  test.each([0, 1, 2, 3])('version %i at once', async (version) => {
    const response = await joinNow(harness, version, joinOf('g'))
    expect(response).toMatchObject({ errorCode: 0, generationId: 1, protocolName: 'range' })
    expect(response.leader).toBe(response.memberId)
    expect(response.memberId).toMatch(/^test-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  })

  test.each([4, 5, 6, 7, 8, 9])('version %i with the id that it is told', async (version) => {
    const first = await joinNow(harness, version, joinOf('g'))
    expect(first).toMatchObject({ errorCode: 79, generationId: -1, protocolName: version < 7 ? '' : null, members: [] })
    const second = await joinNow(harness, version, joinOf('g', first.memberId))
    expect(second).toMatchObject({ errorCode: 0, generationId: 1, memberId: first.memberId })
    expect(second.members).toHaveLength(1)
  })

  test('before version 1 waits for others as long as a session is', async () => {
    const first = await joinNow(harness, 0, joinOf('g'))
    const other = harness.send(joinGroupApi, 0, { ...joinOf('g'), sessionTimeoutMs: 20_000 })
    await harness.settle()
    for (let beats = 0; beats < 2; beats++) {
      harness.clock.advance(9_000)
      const member = { groupId: 'g', generationId: 1, memberId: first.memberId }
      expect(await harness.call(heartbeatApi, 0, member)).toMatchObject({ errorCode: 27 })
    }
    const { groups } = await harness.call(describeGroupsApi, 5, { groups: ['g'] })
    expect(groups[0]).toMatchObject({ groupState: 'PreparingRebalance' })
    expect(groups[0]!.members).toHaveLength(2)
    harness.clock.advance(2_000)
    expect(await harness.drive(other)).toMatchObject({ errorCode: 0, generationId: 2 })
  })

  test('a protocol without a name is told as none from version 7 on, before as empty', async () => {
    for (const [version, told] of [
      [3, ''],
      [9, null],
    ] as const) {
      const join = { ...joinOf(`g${version}`), groupInstanceId: version < 5 ? null : 'i' }
      const request = { ...join, protocols: [{ name: '', metadata: Buffer.alloc(0) }] }
      const response = await joinNow(harness, version, request)
      expect(response).toMatchObject({ errorCode: 0, protocolName: told })
    }
  })

  test('a group without a name, whose answer has the member that it came with', async () => {
    expect(await joinNow(harness, 9, joinOf('', 'me'))).toMatchObject({ errorCode: 24, memberId: 'me' })
  })

  test('a group that this broker does not coordinate', async () => {
    harness = await BrokerHarness.start()
    expect(await joinNow(harness, 9, joinOf('g'))).toMatchObject({ errorCode: 16, memberId: '' })
  })

  test('is forbidden where the group may not be read', async () => {
    harness = await BrokerHarness.start({ authorize: (_context, operation) => operation !== 'Read' })
    expect(errorName((await joinNow(harness, 6, joinOf('g'))).errorCode)).toBe('GROUP_AUTHORIZATION_FAILED')
    const member = { groupId: 'g', generationId: 1, memberId: 'm' }
    const sync = await harness.call(syncGroupApi, 4, { ...member, assignments: [] })
    const heartbeat = await harness.call(heartbeatApi, 4, member)
    const leave = await harness.call(leaveGroupApi, 5, { groupId: 'g', members: [] })
    expect([sync.errorCode, heartbeat.errorCode, leave.errorCode]).toEqual([30, 30, 30])
  })
})

describe('a member', () => {
  test('syncs, beats and is described', async () => {
    const memberId = await stableMember(harness, 'g')
    const member = { groupId: 'g', generationId: 1, memberId }
    const again = await harness.call(syncGroupApi, 3, { ...member, assignments: [] })
    expect(again).toMatchObject({ errorCode: 0, assignment: Buffer.from('all') })
    expect(await harness.call(heartbeatApi, 4, member)).toMatchObject({ errorCode: 0 })
    const described = await harness.call(describeGroupsApi, 6, {
      groups: ['g', 'x'],
      includeAuthorizedOperations: true,
    })
    expect(described.groups).toMatchObject([
      {
        errorCode: 0,
        groupState: 'Stable',
        protocolType: 'consumer',
        protocolData: 'range',
        // What Apache Kafka 4.3.1 tells without an authorizer.
        authorizedOperations: 3400,
        members: [{ memberId, clientId: 'test', clientHost: '/127.0.0.1', memberAssignment: Buffer.from('all') }],
      },
      { errorCode: 69, errorMessage: 'Group x not found.', groupState: 'Dead', authorizedOperations: -2147483648 },
    ])
  })

  test('must name its protocol from version 5 of SyncGroup', async () => {
    const memberId = await stableMember(harness, 'g')
    const member = { groupId: 'g', generationId: 1, memberId, assignments: [] }
    const missing = await harness.call(syncGroupApi, 5, member)
    const wrong = await harness.call(syncGroupApi, 5, { ...member, protocolType: 'consumer', protocolName: 'x' })
    expect([missing.errorCode, wrong.errorCode]).toEqual([23, 23])
  })

  test('lives through a change of the coordinator, with its generation', async () => {
    const memberId = await stableMember(harness, 'g')
    const topicId = harness.image.topics.getByName(offsetsTopic)!.id
    for (const leader of [2, 1]) for (const index of [0, 1, 2]) harness.changePartition(topicId, index, { leader })
    const member = { groupId: 'g', generationId: 1, memberId }
    await harness.settle()
    const sync = await harness.call(syncGroupApi, 3, { ...member, assignments: [] })
    expect(sync).toMatchObject({ errorCode: 0, assignment: Buffer.from('all') })
  })

  test('is named by address as Java prints it', () => {
    expect(
      ['127.0.0.1', '::1', '::ffff:10.0.0.7', 'fe80::1:2%eth0', '2001:db8::', '1:2:3:4:5:6:7:8'].map(javaHostAddress),
    ).toEqual([
      '127.0.0.1',
      '0:0:0:0:0:0:0:1',
      '10.0.0.7',
      'fe80:0:0:0:0:0:1:2%eth0',
      '2001:db8:0:0:0:0:0:0',
      '1:2:3:4:5:6:7:8',
    ])
  })
})

describe('leaving', () => {
  test('alone before version 3, together from then on', async () => {
    const memberId = await stableMember(harness, 'g')
    expect(await harness.call(leaveGroupApi, 2, { groupId: 'g', memberId: 'x' })).toMatchObject({ errorCode: 25 })
    expect(await harness.call(leaveGroupApi, 1, { groupId: 'x', memberId })).toMatchObject({ errorCode: 25 })
    expect(await harness.call(leaveGroupApi, 5, { groupId: 'x', members: [{ memberId }] })).toMatchObject({
      errorCode: 0,
      members: [{ memberId, errorCode: 25 }],
    })
    expect(await harness.call(leaveGroupApi, 0, { groupId: 'g', memberId })).toMatchObject({ errorCode: 0 })
    expect(await harness.call(leaveGroupApi, 5, { groupId: '', members: [] })).toMatchObject({ errorCode: 24 })
    const { groups } = await harness.call(listGroupsApi, 5, { statesFilter: ['empty'], typesFilter: ['classic'] })
    expect(groups).toEqual([{ groupId: 'g', protocolType: 'consumer', groupState: 'Empty', groupType: 'classic' }])
  })
})
