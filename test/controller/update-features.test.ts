import { describe, expect, test } from 'vitest'
import { supportedFeatures } from '../../src/metadata/metadata-version.ts'
import type { UpdateFeaturesResponse } from '../../src/protocol/api/57-update-features.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorName } from '../../src/protocol/errors.ts'
import { ControllerHarness } from './controller-harness.ts'

const [unknown, upgrade, safe, unsafe] = [0, 1, 2, 3]
const prefix = 'The update failed for all features since the following feature had an error: '

type Update = readonly [feature: string, maxVersionLevel: number, upgradeType?: number]

function update(harness: ControllerHarness, updates: readonly Update[], validateOnly = false): UpdateFeaturesResponse {
  const featureUpdates = updates.map(([feature, maxVersionLevel, upgradeType = upgrade]) => ({
    feature,
    maxVersionLevel,
    upgradeType,
  }))
  return harness.handle(apiKeys.UpdateFeatures, { featureUpdates, validateOnly })
}

/** The reason of a refusal, without the words that all have. */
function refusal(harness: ControllerHarness, updates: readonly Update[]): string {
  try {
    update(harness, updates)
  } catch (error) {
    const { code, message } = error as { readonly code: number; readonly message: string }
    expect(errorName(code)).toBe('INVALID_UPDATE_VERSION')
    expect(message.startsWith(prefix)).toBe(true)
    return message.slice(prefix.length)
  }
  throw new Error('it was not refused')
}

describe('an update', () => {
  test('is written, down and up again', () => {
    const harness = ControllerHarness.withBrokers(1)
    update(harness, [
      ['group.version', 0, safe],
      ['streams.version', 0, unsafe],
    ])
    expect(harness.writtenTypes).toEqual(['FeatureLevelRecord', 'FeatureLevelRecord'])
    expect(harness.image.featureLevel('group.version')).toBe(0)
    update(harness, [['group.version', 1]])
    expect(harness.image.featureLevel('group.version')).toBe(1)
    expect(harness.image.featureLevel('streams.version')).toBe(0)
  })

  test('that is only validated writes nothing', () => {
    const harness = ControllerHarness.withBrokers(1)
    expect(update(harness, [['group.version', 0, safe]], true)).toMatchObject({ errorCode: 0, errorMessage: null })
    expect(harness.written).toEqual([])
  })

  test('of nothing is fine, and the last of two for one feature counts', () => {
    const harness = ControllerHarness.withBrokers(1)
    update(harness, [])
    expect(harness.written).toEqual([])
    update(harness, [
      ['group.version', 9],
      ['group.version', 0, safe],
    ])
    expect(harness.image.featureLevel('group.version')).toBe(0)
  })

  test('of which one part is refused changes nothing', () => {
    const harness = ControllerHarness.withBrokers(1)
    expect(
      refusal(harness, [
        ['group.version', 0, safe],
        ['share.version', 2],
      ]),
    ).toBe('Invalid update version 2 for feature share.version. Local controller 1 only supports versions 0-1')
    expect(harness.image.featureLevel('group.version')).toBe(1)
  })

  test('that turns on eligible leader replicas makes min.insync.replicas one value for all', () => {
    const harness = ControllerHarness.withBrokers(2, { 'min.insync.replicas': '2' })
    update(harness, [['eligible.leader.replicas.version', 0, safe]])
    const broker = 4
    expect(harness.alterConfigs(broker, '1', ['min.insync.replicas', 0, '3'])).toEqual([0, null])
    expect(harness.alterConfigs(broker, '', ['min.insync.replicas', 1, null])).toEqual([0, null])
    update(harness, [['eligible.leader.replicas.version', 1]])
    expect(harness.writtenTypes).toEqual(['ConfigRecord', 'ConfigRecord', 'FeatureLevelRecord'])
    expect(harness.image.configs.brokerDefaults.get('min.insync.replicas')).toBe('2')
    expect(harness.image.configs.broker(1).size).toBe(0)
  })
})

describe('refused in the words of 4.3.1', () => {
  const invalid = (level: number, feature: string, reason: string) =>
    `Invalid update version ${level} for feature ${feature}. ${reason}`
  const cases: [Update, string][] = [
    [['metadata.version', 31], 'Local controller 1 only supports versions 7-30'],
    [['metadata.version', 6, unsafe], 'Local controller 1 only supports versions 7-30'],
    [['metadata.version', -1], 'A feature version cannot be less than 0.'],
    [['metadata.version', 30, unknown], 'The controller does not support the given upgrade type.'],
    [['metadata.version', 30, 4], 'The controller does not support the given upgrade type.'],
    [
      ['group.version', 0, upgrade],
      "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.",
    ],
    [['nope', 1], 'Local controller 1 does not support this feature.'],
    [['nope', 0], 'Feature nope not found.'],
    [['kraft.version', 0, safe], "Can't downgrade the version of this feature."],
  ]
  test.each(cases)('%j', (input, reason) => {
    const [feature, level] = input
    expect(refusal(ControllerHarness.withBrokers(1), [input])).toBe(invalid(level, feature, reason))
  })

  test('a downgrade upwards', () => {
    const harness = ControllerHarness.withBrokers(1)
    update(harness, [['group.version', 0, safe]])
    expect(refusal(harness, [['group.version', 1, unsafe]])).toBe(
      invalid(1, 'group.version', "Can't downgrade to a newer version."),
    )
  })

  test('what a registered broker cannot do', () => {
    const harness = ControllerHarness.withBrokers(1)
    const features = [...supportedFeatures].map(([name, { min, max }]) => ({
      name,
      minSupportedVersion: name === 'transaction.version' ? 2 : min,
      maxSupportedVersion: max,
    }))
    harness.startBroker(2, { features })
    expect(refusal(harness, [['transaction.version', 1, safe]])).toBe(
      invalid(1, 'transaction.version', 'Broker 2 only supports versions 2-2'),
    )
  })

  test('metadata.version, where records would be lost', () => {
    const harness = ControllerHarness.withBrokers(1)
    expect(refusal(harness, [['metadata.version', 29, safe]])).toBe(
      'Unsupported metadata.version downgrade from 30 to 29. Refusing to perform the requested downgrade because it ' +
        'might delete metadata information.',
    )
    expect(refusal(harness, [['metadata.version', 7, unsafe]])).toBe(
      'Unsupported metadata.version downgrade from 30 to 7. Unsafe metadata downgrade is not supported in this version.',
    )
  })
})

test('metadata.version goes down where nothing is lost, and eligible leader replicas need 4.0-IV1', () => {
  const harness = new ControllerHarness()
  const bootstrapped = [...harness.controller.activate(0)].map((record) => {
    if (record.type !== 'FeatureLevelRecord') return record
    const levels: Record<string, number> = { 'metadata.version': 22, 'eligible.leader.replicas.version': 0 }
    return { ...record, data: { ...record.data, featureLevel: levels[record.data.name] ?? record.data.featureLevel } }
  })
  harness.commit(bootstrapped)
  update(harness, [['metadata.version', 17, safe]])
  expect(harness.image.metadataVersion).toBe(17)
  expect(refusal(harness, [['metadata.version', 16, safe]])).toContain('it might delete metadata information')
  expect(refusal(harness, [['eligible.leader.replicas.version', 1]])).toContain(
    'could not be set to 1 because it depends on metadata.version level 23',
  )
  update(harness, [
    ['eligible.leader.replicas.version', 1],
    ['metadata.version', 30],
  ])
  expect(harness.image.metadataVersion).toBe(30)
})

test('kraft.version is for the raft layer to raise', () => {
  const harness = ControllerHarness.withBrokers(1)
  harness.kraftVersion = 0
  const featureUpdates = [{ feature: 'kraft.version', maxVersionLevel: 1, upgradeType: upgrade, allowDowngrade: false }]
  const circumstances = { nowMs: 0, isPredecessorGone: false }
  const decide = (validateOnly: boolean) =>
    harness.controller.handle(apiKeys.UpdateFeatures, { featureUpdates, validateOnly, timeoutMs: 1 }, circumstances)
  expect(decide(false)).toMatchObject({ kraftVersion: 1, records: [{ type: 'NoOpRecord' }] })
  expect(decide(true)).not.toHaveProperty('kraftVersion')
  expect(decide(true).records).toEqual([])
})
