import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { BrokerConfig, rackAwareReplicaSelector } from '../../src/config/broker-config.ts'
import { brokerKeys } from '../../src/config/broker-keys.ts'
import { defaultLogConfig } from '../../src/config/log-config.ts'
import {
  checkServedConfiguration,
  dynamicNamesWithoutEffect,
  isWithoutEffect,
  namesWithoutEffect,
} from '../../src/config/served-configuration.ts'
import { topicSynonyms } from '../../src/config/topic-keys.ts'

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

  test('when replicas are to be selected in an unknown way', () => {
    expect(check({ 'replica.selector.class': 'com.example.Selector' })).toThrow('com.example.Selector is not known')
    expect(check({ 'replica.selector.class': rackAwareReplicaSelector })).not.toThrow()
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

test('those that are set at run time too, once each', () => {
  const given = config({ 'num.io.threads': '8' })
  expect(dynamicNamesWithoutEffect(given)).toEqual([])
  const defaults = new Map([
    ['num.network.threads', '4'],
    ['log.retention.ms', '1000'],
    ['log.preallocate', 'true'],
  ])
  given.setDynamic(defaults, new Map([['num.network.threads', '5']]))
  expect(dynamicNamesWithoutEffect(given)).toEqual(['log.preallocate', 'num.network.threads'])
})

/** Of the broker's rooms: neither the command line nor the client is configured by these keys. */
function codeOutsideConfiguration(): string {
  const names = readdirSync('src', { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => name.endsWith('.ts') && !/^(?:config|cli|client)\//.test(name))
  return files.map((name) => readFileSync(`src/${name}`, 'utf8')).join('\n')
}

/** Tells of a key whether the rooms of the broker read it, by its name or by a getter of BrokerConfig. */
function readBy(code: string): (name: string) => boolean {
  const getters = readFileSync('src/config/broker-config.ts', 'utf8')
  return (name) => {
    const getter = new RegExp(`get (\\w+)\\([^)]*\\)[^{]*\\{[^}]*'${name.replaceAll('.', '\\.')}'`, 'g')
    return code.includes(`'${name}'`) || [...getters.matchAll(getter)].some(([, name]) => code.includes(`.${name}`))
  }
}

test('a key that is called without effect is read nowhere outside the configuration', () => {
  const isRead = readBy(codeOutsideConfiguration())
  expect(brokerKeys.map((key) => key.name).filter((name) => isWithoutEffect(name) && isRead(name))).toEqual([])
})

test('every other key is read by the rooms of the broker', () => {
  const viaTopics = new Set([...topicSynonyms.values()].flat().map(({ name }) => name))
  const isRead = readBy(codeOutsideConfiguration())
  const unread = brokerKeys.map(({ name }) => name).filter((name) => !isWithoutEffect(name) && !viaTopics.has(name))
  // Refused, read when the configuration is built, or about versions that this one does not have.
  const known = [
    'alter.config.policy.class.name',
    'authorizer.class.name',
    'broker.id',
    'client.quota.callback.class',
    'config.providers',
    'connections.max.idle.ms',
    'controller.quorum.bootstrap.servers',
    'controller.quorum.voters',
    'cordoned.log.dirs',
    'create.topic.policy.class.name',
    'listener.security.protocol.map',
    'principal.builder.class',
    'replica.alter.log.dirs.io.max.bytes.per.second',
    'security.providers',
    'unstable.api.versions.enable',
    'unstable.feature.versions.enable',
  ]
  expect(unread.filter((name) => !isRead(name) && !known.includes(name))).toEqual([])
})

test('every setting of a topic is read by the rooms of the broker', () => {
  const code = codeOutsideConfiguration()
  // The compression levels are chosen in log-config.ts. Nothing asks the disk for space before it is written.
  const known = ['compressionGzipLevel', 'compressionLz4Level', 'compressionZstdLevel', 'preallocate']
  const unread = Object.keys(defaultLogConfig).filter((name) => !new RegExp(`\\b${name}\\b`).test(code))
  expect(unread.filter((name) => !known.includes(name))).toEqual(['uncleanLeaderElectionEnable'])
})
