import { expect, test } from 'vitest'
import { updateFeaturesRequest, updateFeaturesResponse } from '../../src/protocol/api/57-update-features.ts'
import { startControlledBroker } from './controlled-broker.ts'

const api = [updateFeaturesRequest, updateFeaturesResponse] as const

test.each([0, 1, 2])('version %i', async (version) => {
  const harness = await startControlledBroker()
  harness.onControllerRequest = async () => ({ errorCode: 0, errorMessage: null })
  const featureUpdates = ['group.version', 'share.version'].map((feature) => ({ feature, maxVersionLevel: 1 }))
  const results =
    version < 2 ? featureUpdates.map(({ feature }) => ({ feature, errorCode: 0, errorMessage: 'NONE' })) : []
  expect(await harness.call(api, version, { featureUpdates })).toEqual({
    throttleTimeMs: 0,
    errorCode: 0,
    errorMessage: null,
    results,
  })
})

test('version 0 cannot ask for a downgrade, whatever it says', async () => {
  const harness = await startControlledBroker()
  const featureUpdates = [{ feature: 'metadata.version', maxVersionLevel: 29, allowDowngrade: true }]
  await expect(harness.call(api, 0, { featureUpdates })).rejects.toMatchObject({ error: 'INVALID_UPDATE_VERSION' })
})

test('what the controller refuses has no results', async () => {
  const harness = await startControlledBroker()
  const featureUpdates = [{ feature: 'group.version', maxVersionLevel: 2, upgradeType: 1 }]
  await expect(harness.call(api, 1, { featureUpdates })).rejects.toMatchObject({ error: 'INVALID_UPDATE_VERSION' })
  harness.onControllerRequest = async () => ({ errorCode: 95, errorMessage: 'no' })
  expect(await harness.call(api, 1, { featureUpdates })).toMatchObject({
    errorCode: 95,
    errorMessage: 'no',
    results: [],
  })
})

test('needs the right to alter the cluster', async () => {
  const harness = await startControlledBroker({ authorize: (_, operation) => operation !== 'Alter' })
  await expect(harness.call(api, 2, { featureUpdates: [] })).rejects.toMatchObject({
    error: 'CLUSTER_AUTHORIZATION_FAILED',
  })
})
