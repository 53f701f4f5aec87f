import { expect, test } from 'vitest'
import { BrokerConfig } from '../../src/config/broker-config.ts'
import { ConnectionLimits } from '../../src/server/connection-limits.ts'

const limitsOf = (values: Record<string, string>) =>
  new ConnectionLimits(BrokerConfig.from(new Map(Object.entries(values))))

test('max.connections does not shut out other nodes, listeners limits of their own do', () => {
  const limits = limitsOf({
    listeners: 'CLIENTS://:9092,BROKERS://:9094,CONTROLLER://:9093',
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': '1@localhost:9093',
    'inter.broker.listener.name': 'BROKERS',
    'listener.security.protocol.map': 'CLIENTS:PLAINTEXT,BROKERS:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'max.connections': '1',
    'listener.name.brokers.max.connections': '2',
  })
  expect(limits.tryAdd('a', 'CLIENTS')).toBeUndefined()
  expect(limits.tryAdd('a', 'CLIENTS')).toBe('max.connections=1')
  expect(limits.tryAdd('b', 'CONTROLLER')).toBeUndefined()
  expect(limits.tryAdd('b', 'BROKERS')).toBeUndefined()
  expect(limits.tryAdd('b', 'BROKERS')).toBeUndefined()
  expect(limits.tryAdd('b', 'BROKERS')).toBe('listener.name.brokers.max.connections=2')
  limits.remove('b', 'BROKERS')
  expect(limits.tryAdd('b', 'BROKERS')).toBeUndefined()
})

test('a lone listener is not protected', () => {
  const limits = limitsOf({ 'max.connections': '1' })
  expect(limits.tryAdd('a', 'PLAINTEXT')).toBeUndefined()
  expect(limits.tryAdd('a', 'PLAINTEXT')).toBe('max.connections=1')
})
