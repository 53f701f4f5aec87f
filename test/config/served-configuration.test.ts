import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { BrokerConfig } from '../../src/config/broker-config.ts'
import { brokerKeys } from '../../src/config/broker-keys.ts'
import { checkServedConfiguration, isWithoutEffect, namesWithoutEffect } from '../../src/config/served-configuration.ts'

const config = (values: Record<string, string>) => BrokerConfig.from(new Map(Object.entries(values)))
const check = (values: Record<string, string>) => () => checkServedConfiguration(config(values))

describe('the start is refused', () => {
  test.each([
    ['authorizer.class.name', 'org.apache.kafka.metadata.authorizer.StandardAuthorizer'],
    ['principal.builder.class', 'com.example.Builder'],
    ['create.topic.policy.class.name', 'com.example.Policy'],
    ['config.providers', 'file'],
    ['remote.log.storage.system.enable', 'true'],
  ])('when %s is set', (name, value) => {
    expect(check({ [name]: value })).toThrow(`${name} is set`)
  })

  test('when more controllers are named, instead of leading a quorum of one', () => {
    const listeners = {
      listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
      'controller.listener.names': 'CONTROLLER',
      'controller.quorum.voters': '1@a:9093,2@b:9093,3@c:9093',
    }
    expect(check(listeners)).toThrow('controller.quorum.voters names 3 controllers')
    expect(check({ ...listeners, 'controller.quorum.voters': '1@localhost:9093' })).not.toThrow()
  })

  test('but not with defaults written out', () => {
    expect(check({ 'authorizer.class.name': '', 'remote.log.storage.system.enable': 'false' })).not.toThrow()
    expect(check({})).not.toThrow()
  })
})

test('keys that are set and change nothing are named, also per listener', () => {
  const values = {
    'ssl.keystore.location': '/k',
    'num.io.threads': '8',
    'listener.name.plaintext.sasl.enabled.mechanisms': 'PLAIN',
    'log.retention.ms': '1000',
  }
  expect(namesWithoutEffect(config(values))).toEqual([
    'listener.name.plaintext.sasl.enabled.mechanisms',
    'num.io.threads',
    'ssl.keystore.location',
  ])
  expect(namesWithoutEffect(config({}))).toEqual([])
})

test('a key that is called without effect is read nowhere outside the configuration', () => {
  const names = readdirSync('src', { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => name.endsWith('.ts') && !name.startsWith('config/'))
  const code = files.map((name) => readFileSync(`src/${name}`, 'utf8')).join('\n')
  const read = brokerKeys.map((key) => key.name).filter((name) => isWithoutEffect(name) && code.includes(`'${name}'`))
  expect(read).toEqual([])
})
