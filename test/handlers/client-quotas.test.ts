/** DescribeClientQuotas (48) and AlterClientQuotas (49). */
import { describe, expect, test } from 'vitest'
import {
  describeClientQuotasRequest,
  describeClientQuotasResponse,
} from '../../src/protocol/api/48-describe-client-quotas.ts'
import { alterClientQuotasRequest, alterClientQuotasResponse } from '../../src/protocol/api/49-alter-client-quotas.ts'
import { errorCodes, errorName } from '../../src/protocol/errors.ts'
import type { BrokerHarness } from '../runtime/broker-harness.ts'
import { startControlledBroker } from './controlled-broker.ts'

const describeApi = [describeClientQuotasRequest, describeClientQuotasResponse] as const
const alterApi = [alterClientQuotasRequest, alterClientQuotasResponse] as const
const [exact, byDefault, specified] = [0, 1, 2]

const entryOf = (entity: Readonly<Record<string, string | null>>, key: string, value: number) => ({
  entity: Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
  ops: [{ key, value, remove: false }],
})

/** Quotas of user a, of user a with client c, of any other user, and of client c. */
async function withQuotas(): Promise<BrokerHarness> {
  const harness = await startControlledBroker()
  const entries = [
    entryOf({ user: 'a' }, 'producer_byte_rate', 1),
    entryOf({ user: 'a', 'client-id': 'c' }, 'producer_byte_rate', 2),
    entryOf({ user: null }, 'producer_byte_rate', 3),
    entryOf({ 'client-id': 'c' }, 'producer_byte_rate', 4),
  ]
  const answer = await harness.call(alterApi, 1, { entries, validateOnly: false })
  expect(answer.entries.map(({ errorCode }) => errorCode)).toEqual([0, 0, 0, 0])
  return harness
}

type Component = readonly [entityType: string, matchType: number, match?: string]

const componentsOf = (components: readonly Component[]) =>
  components.map(([entityType, matchType, match = null]) => ({ entityType, matchType, match }))

test.each([0, 1])('version %i sets and tells', async (version) => {
  const harness = await startControlledBroker()
  const entries = [entryOf({ user: 'a' }, 'request_percentage', 12.5)]
  expect(await harness.call(alterApi, version, { entries, validateOnly: false })).toEqual({
    throttleTimeMs: 0,
    entries: [{ errorCode: 0, errorMessage: null, entity: entries[0]!.entity }],
  })
  expect(await harness.call(describeApi, version, { components: [], strict: false })).toEqual({
    throttleTimeMs: 0,
    errorCode: 0,
    errorMessage: '',
    entries: [{ entity: entries[0]!.entity, values: [{ key: 'request_percentage', value: 12.5 }] }],
  })
})

describe('a filter', () => {
  const cases: [readonly Component[], boolean, number[]][] = [
    [[], false, [1, 2, 3, 4]],
    [[], true, []],
    [[['user', exact, 'a']], false, [1, 2]],
    [[['user', exact, 'a']], true, [1]],
    [[['user', byDefault]], false, [3]],
    [[['user', specified]], false, [1, 2, 3]],
    [[['user', specified]], true, [1, 3]],
    [
      [
        ['client-id', exact, 'c'],
        ['user', specified],
      ],
      true,
      [2],
    ],
    [[['user', exact, 'nobody']], false, []],
    [[['ip', specified]], false, []],
  ]
  test.each(cases)('%j, strict: %j', async (components, strict, expected) => {
    const harness = await withQuotas()
    const { entries } = await harness.call(describeApi, 1, { components: componentsOf(components), strict })
    expect(entries?.map(({ values }) => values[0]!.value)).toEqual(expected)
  })
})

describe('a filter is refused in the words of 4.3.1', () => {
  const cases: [readonly Component[], string, string][] = [
    [[['', specified]], 'INVALID_REQUEST', 'Invalid empty entity type.'],
    [[['nope', specified]], 'UNSUPPORTED_VERSION', 'Unsupported entity type nope'],
    [[['user', 7]], 'INVALID_REQUEST', 'Unknown match type 7'],
    [[['user', exact]], 'INVALID_REQUEST', 'Request specified MATCH_TYPE_EXACT, but set match string to null.'],
    [
      [['user', byDefault, 'x']],
      'INVALID_REQUEST',
      'Request specified MATCH_TYPE_DEFAULT, but also specified a match string.',
    ],
    [
      [['user', specified, 'x']],
      'INVALID_REQUEST',
      'Request specified MATCH_TYPE_SPECIFIED, but also specified a match string.',
    ],
    [
      [
        ['user', specified],
        ['user', specified],
      ],
      'INVALID_REQUEST',
      'Entity type user cannot appear more than once in the filter.',
    ],
    [
      [
        ['user', specified],
        ['ip', specified],
      ],
      'INVALID_REQUEST',
      'Invalid entity filter component combination. IP filter component should not be used with user or clientId ' +
        'filter component.',
    ],
  ]
  test.each(cases)('%j', async (components, error, errorMessage) => {
    const harness = await withQuotas()
    const answer = await harness.call(describeApi, 1, { components: componentsOf(components), strict: false })
    expect([errorName(answer.errorCode), answer.errorMessage, answer.entries]).toEqual([error, errorMessage, null])
  })
})

test('needs the rights to describe and to alter the cluster’s configuration', async () => {
  const harness = await startControlledBroker({ authorize: () => false })
  const errorCode = errorCodes.CLUSTER_AUTHORIZATION_FAILED
  expect(await harness.call(describeApi, 1, { components: [], strict: false })).toMatchObject({
    errorCode,
    entries: null,
  })
  const entries = [entryOf({ user: 'a' }, 'producer_byte_rate', 1)]
  const answer = await harness.call(alterApi, 1, { entries, validateOnly: false })
  expect(answer.entries).toMatchObject([{ errorCode, entity: entries[0]!.entity }])
})
