import { expect, test } from 'vitest'
import { unregisterBrokerRequest, unregisterBrokerResponse } from '../../src/protocol/api/64-unregister-broker.ts'
import { startControlledBroker } from './controlled-broker.ts'

const api = [unregisterBrokerRequest, unregisterBrokerResponse] as const

test('a broker is forgotten', async () => {
  const harness = await startControlledBroker()
  expect(await harness.call(api, 0, { brokerId: 2 })).toEqual({ throttleTimeMs: 0, errorCode: 0, errorMessage: '' })
  expect(harness.image.cluster.broker(2)).toBeUndefined()
  await expect(harness.call(api, 0, { brokerId: 2 })).rejects.toMatchObject({ error: 'BROKER_ID_NOT_REGISTERED' })
})

test('needs the right to alter the cluster', async () => {
  const harness = await startControlledBroker({ authorize: (_, operation) => operation !== 'Alter' })
  await expect(harness.call(api, 0, { brokerId: 2 })).rejects.toThrow('CLUSTER_AUTHORIZATION_FAILED')
})
