import { describe, expect, test } from 'vitest'
import type { AlterClientQuotasResponse } from '../../src/protocol/api/49-alter-client-quotas.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorName } from '../../src/protocol/errors.ts'
import { ControllerHarness } from './controller-harness.ts'

type Entity = Readonly<Record<string, string | null>>
type Ops = Readonly<Record<string, number | 'remove'>>
type Entry = readonly [entity: Entity, ops: Ops]

function entryOf([entity, ops]: Entry) {
  return {
    entity: Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
    ops: Object.entries(ops).map(([key, value]) =>
      value === 'remove' ? { key, value: 0, remove: true } : { key, value, remove: false },
    ),
  }
}

/** [error, message] of each entity in the answer. */
function alter(harness: ControllerHarness, entries: readonly ReturnType<typeof entryOf>[], validateOnly = false) {
  const response = harness.handle<AlterClientQuotasResponse>(apiKeys.AlterClientQuotas, { entries, validateOnly })
  return response.entries.map(({ errorCode, errorMessage }) => [errorName(errorCode), errorMessage])
}

function set(harness: ControllerHarness, ...entries: Entry[]) {
  return alter(harness, entries.map(entryOf))
}

function quotas(harness: ControllerHarness) {
  return [...harness.image.security.clientQuotas()].map(({ entity, values }) => [
    entity.map(({ entityType, entityName }) => `${entityType}=${entityName}`).join(),
    Object.fromEntries(values),
  ])
}

const done = ['NONE', null]

test('quotas are set, changed and removed; what changes nothing is not written', () => {
  const harness = ControllerHarness.withBrokers(1)
  expect(set(harness, [{ user: 'u' }, { producer_byte_rate: 1000, request_percentage: 0.5 }])).toEqual([done])
  expect(quotas(harness)).toEqual([['user=u', { producer_byte_rate: 1000, request_percentage: 0.5 }]])
  set(harness, [{ user: 'u' }, { producer_byte_rate: 1000, request_percentage: 2 }])
  expect(harness.writtenTypes).toEqual(['ClientQuotaRecord'])
  expect(set(harness, [{ user: 'u' }, { producer_byte_rate: 'remove', nope: 'remove' }])).toEqual([done])
  expect(quotas(harness)).toEqual([['user=u', { request_percentage: 2 }]])
  set(harness, [{ user: 'u' }, { request_percentage: 'remove' }])
  expect(quotas(harness)).toEqual([])
})

test('the parts of an entity may come in any order, and null is the default', () => {
  const harness = ControllerHarness.withBrokers(1)
  set(harness, [{ user: 'u', 'client-id': null }, { controller_mutation_rate: 1.5 }])
  set(harness, [{ 'client-id': null, user: 'u' }, { controller_mutation_rate: 2.5 }])
  expect(quotas(harness)).toEqual([['client-id=null,user=u', { controller_mutation_rate: 2.5 }]])
  expect(set(harness, [{ ip: null }, { connection_creation_rate: 3 }])).toEqual([done])
})

test('validated only, nothing is written', () => {
  const harness = ControllerHarness.withBrokers(1)
  expect(alter(harness, [entryOf([{ user: 'u' }, { producer_byte_rate: 1 }])], true)).toEqual([done])
  expect(harness.written).toEqual([])
})

test('each entity succeeds or fails by itself, with all its keys', () => {
  const harness = ControllerHarness.withBrokers(1)
  const answers = set(
    harness,
    [{ user: 'a' }, { producer_byte_rate: 1, nope: 2 }],
    [{ user: 'b' }, { producer_byte_rate: 1 }],
  )
  expect(answers).toEqual([['INVALID_REQUEST', 'Invalid configuration key nope'], done])
  expect(quotas(harness)).toEqual([['user=b', { producer_byte_rate: 1 }]])
})

test('an entity or a key that comes twice is refused; the first of two entries is done all the same', () => {
  const harness = ControllerHarness.withBrokers(1)
  const duplicate = (entity: string) => [
    'INVALID_REQUEST',
    `Ignoring duplicate entity ClientQuotaEntity(entries=${entity})`,
  ]
  expect(set(harness, [{ user: 'u' }, { producer_byte_rate: 1 }], [{ user: 'u' }, { producer_byte_rate: 2 }])).toEqual([
    duplicate('{user=u}'),
  ])
  expect(quotas(harness)).toEqual([['user=u', { producer_byte_rate: 1 }]])
  const { entity, ops } = entryOf([{ user: null, 'client-id': null }, { producer_byte_rate: 1 }])
  expect(alter(harness, [{ entity, ops: [...ops, ...ops] }])).toEqual([duplicate('{client-id=null, user=null}')])
  expect(harness.written).toEqual([])
})

test('what one batch of the log could not hold is refused as a whole', () => {
  const harness = ControllerHarness.withBrokers(1)
  const entries = Array.from(
    { length: 10_001 },
    (_, index): Entry => [{ user: `u${index}` }, { producer_byte_rate: 1 }],
  )
  expect(() => set(harness, ...entries)).toThrow('Request parameters do not satisfy the configured policy.')
  expect(set(harness, ...entries.slice(1)).length).toBe(10_000)
})

describe('refused in the words of 4.3.1', () => {
  const cases: [Entity, Ops, string][] = [
    [{}, { producer_byte_rate: 1 }, 'Invalid empty client quota entity'],
    [{ nope: 'u' }, { producer_byte_rate: 1 }, 'Unhandled client quota entity type: nope'],
    [{ 'client-id': '' }, { producer_byte_rate: 1 }, 'Empty client-id not supported'],
    [
      { user: 'u', ip: '127.0.0.1' },
      { connection_creation_rate: 1 },
      'Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId',
    ],
    [{ ip: '1.2.3.4.5' }, { connection_creation_rate: 1 }, '1.2.3.4.5 is not a valid IP or resolvable host.'],
    [{ ip: '1.2.3.256' }, { connection_creation_rate: 1 }, '1.2.3.256 is not a valid IP or resolvable host.'],
    [{ user: 'u' }, { connection_creation_rate: 1 }, 'Invalid configuration key connection_creation_rate'],
    [{ ip: '::1' }, { producer_byte_rate: 1 }, 'Invalid configuration key producer_byte_rate'],
    [{ user: 'u' }, { producer_byte_rate: 0 }, 'Quota producer_byte_rate must be greater than 0'],
    [{ user: 'u' }, { producer_byte_rate: 0.5 }, 'producer_byte_rate cannot be a fractional value.'],
    [{ user: 'u' }, { producer_byte_rate: 1e30 }, 'Proposed value for producer_byte_rate is too large for a LONG.'],
    [
      { ip: '127.0.0.1' },
      { connection_creation_rate: 1e10 },
      'Proposed value for connection_creation_rate is too large for an INT.',
    ],
  ]
  test.each(cases)('%j %j', (entity, ops, message) => {
    const harness = ControllerHarness.withBrokers(1)
    expect(set(harness, [entity, ops])).toEqual([['INVALID_REQUEST', message]])
    expect(harness.written).toEqual([])
  })
})
