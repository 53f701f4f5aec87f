import { expect, test } from 'vitest'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { ControllerHarness } from './controller-harness.ts'

test('a broker is forgotten, and may register again', () => {
  const harness = ControllerHarness.withBrokers(2)
  harness.createTopic('a', [[2, 1]])
  harness.handle(apiKeys.UnregisterBroker, { brokerId: 2 })
  expect(harness.writtenTypes).toEqual(['PartitionChangeRecord', 'UnregisterBrokerRecord'])
  expect(harness.image.cluster.broker(2)).toBeUndefined()
  expect(harness.partition('a')).toMatchObject({ replicas: [2, 1], isr: [1], leader: 1 })
  expect(() => harness.heartbeat(2)).toThrow('No broker registration found for broker id 2')
  harness.startBroker(2)
  expect(harness.image.isActiveBroker(2)).toBe(true)
})

test('one that is not known is refused', () => {
  const harness = ControllerHarness.withBrokers(1)
  expect(() => harness.handle(apiKeys.UnregisterBroker, { brokerId: 7 })).toThrow(
    'Broker ID 7 is not currently registered',
  )
})
