/** DescribeUserScramCredentials (50) and AlterUserScramCredentials (51). */
import { describe, expect, test } from 'vitest'
import {
  describeUserScramCredentialsRequest,
  describeUserScramCredentialsResponse,
} from '../../src/protocol/api/50-describe-user-scram-credentials.ts'
import {
  alterUserScramCredentialsRequest,
  alterUserScramCredentialsResponse,
} from '../../src/protocol/api/51-alter-user-scram-credentials.ts'
import { errorCodes, errorName } from '../../src/protocol/errors.ts'
import type { BrokerHarness } from '../runtime/broker-harness.ts'
import { startControlledBroker } from './controlled-broker.ts'

const describeApi = [describeUserScramCredentialsRequest, describeUserScramCredentialsResponse] as const
const alterApi = [alterUserScramCredentialsRequest, alterUserScramCredentialsResponse] as const
const [sha256, sha512] = [1, 2]

const salt = Buffer.from([0, 1, 2])
const saltedPassword = Buffer.from([1, 2, 3])

type Upsertion = readonly [name: string, mechanism: number, iterations?: number, password?: Buffer]
type Deletion = readonly [name: string, mechanism: number]

/** [user, error, message] of each user in the answer. */
async function alter(harness: BrokerHarness, upsertions: readonly Upsertion[], deletions: readonly Deletion[] = []) {
  const { results } = await harness.call(alterApi, 0, {
    deletions: deletions.map(([name, mechanism]) => ({ name, mechanism })),
    upsertions: upsertions.map(([name, mechanism, iterations = 4096, password = saltedPassword]) => ({
      ...{ name, mechanism, iterations, salt },
      saltedPassword: password,
    })),
  })
  return results.map(({ user, errorCode, errorMessage }) => [user, errorName(errorCode), errorMessage])
}

/** [user, error, mechanisms and iterations] of each user in the answer. */
async function told(harness: BrokerHarness, users: readonly string[] | null) {
  const answer = await harness.call(describeApi, 0, { users: users?.map((name) => ({ name })) ?? null })
  expect([answer.errorCode, answer.errorMessage]).toEqual([0, ''])
  return answer.results.map(({ user, errorCode, credentialInfos }) => [
    user,
    errorName(errorCode),
    credentialInfos.map(({ mechanism, iterations }) => [mechanism, iterations]),
  ])
}

test('credentials are set, told and deleted', async () => {
  const harness = await startControlledBroker()
  expect(
    await alter(harness, [
      ['b', sha256],
      ['a', sha512, 8192],
    ]),
  ).toEqual([
    ['b', 'NONE', null],
    ['a', 'NONE', null],
  ])
  await alter(harness, [['b', sha512]])
  const all = [
    ['a', 'NONE', [[sha512, 8192]]],
    [
      'b',
      'NONE',
      [
        [sha256, 4096],
        [sha512, 4096],
      ],
    ],
  ]
  expect(await told(harness, null)).toEqual(all)
  expect(await told(harness, [])).toEqual(all)
  expect(await alter(harness, [], [['b', sha256]])).toEqual([['b', 'NONE', null]])
  expect(await told(harness, ['b'])).toEqual([['b', 'NONE', [[sha512, 4096]]]])
})

test('the keys that are kept are those that Apache Kafka keeps', async () => {
  const harness = await startControlledBroker()
  await alter(harness, [['d', sha256]])
  const [credential] = harness.image.security.scramCredentials()
  expect(credential).toMatchObject({ salt, iterations: 4096 })
  expect(credential!.storedKey.toString('base64')).toBe('Ef3RLwud2himCbsADJ5tRXHxUM0+DQgyPVuMUPdzMVM=')
  expect(credential!.serverKey.toString('base64')).toBe('Xei/DWiBQmt7CmrceRhXDb4eLXY19BrkKnB8q3RcvQo=')
})

test('who is not known, and who is asked for twice', async () => {
  const harness = await startControlledBroker()
  const { results } = await harness.call(describeApi, 0, { users: ['a', 'a', 'b'].map((name) => ({ name })) })
  expect(results.map(({ errorCode, errorMessage }) => [errorName(errorCode), errorMessage])).toEqual([
    ['DUPLICATE_RESOURCE', 'Cannot describe SCRAM credentials for the same user twice in a single request: a'],
    ['RESOURCE_NOT_FOUND', 'Attempt to describe a user credential that does not exist: b'],
  ])
})

describe('refused in the words of 4.3.1', () => {
  const twice = 'A user credential cannot be altered twice in the same request'
  const missing = 'Attempt to delete a user credential that does not exist'
  const cases: [readonly Upsertion[], readonly Deletion[], [string, string, string | null]][] = [
    [[], [['a', sha256]], ['a', 'RESOURCE_NOT_FOUND', missing]],
    [[], [['known', sha512]], ['known', 'RESOURCE_NOT_FOUND', missing]],
    [[], [['a', 9]], ['a', 'UNSUPPORTED_SASL_MECHANISM', 'Unknown SCRAM mechanism']],
    [[['a', 0]], [], ['a', 'UNSUPPORTED_SASL_MECHANISM', 'Unknown SCRAM mechanism']],
    [[['', sha256]], [], ['', 'UNACCEPTABLE_CREDENTIAL', 'Username must not be empty']],
    [[['a', sha256, 4095]], [], ['a', 'UNACCEPTABLE_CREDENTIAL', 'Too few iterations']],
    [[['a', sha256, 16_385]], [], ['a', 'UNACCEPTABLE_CREDENTIAL', 'Too many iterations']],
    [[['a', sha256, 4096, Buffer.alloc(0)]], [], ['a', 'UNKNOWN_SERVER_ERROR', null]],
    [
      [
        ['a', sha256],
        ['a', sha512],
      ],
      [],
      ['a', 'DUPLICATE_RESOURCE', twice],
    ],
    [[['known', sha256]], [['known', sha256]], ['known', 'DUPLICATE_RESOURCE', twice]],
  ]
  test.each(cases)('%j %j', async (upsertions, deletions, expected) => {
    const harness = await startControlledBroker()
    await alter(harness, [['known', sha256]])
    expect(await alter(harness, upsertions, deletions)).toEqual([expected])
    expect(await told(harness, null)).toEqual([['known', 'NONE', [[sha256, 4096]]]])
  })
})

test('needs the rights to describe and to alter the cluster', async () => {
  const harness = await startControlledBroker({ authorize: () => false })
  await expect(harness.call(describeApi, 0, { users: null })).rejects.toThrow('CLUSTER_AUTHORIZATION_FAILED')
  const { results } = await harness.call(alterApi, 0, { deletions: [{ name: 'a', mechanism: sha256 }], upsertions: [] })
  expect(results).toMatchObject([{ user: 'a', errorCode: errorCodes.CLUSTER_AUTHORIZATION_FAILED }])
})
