import { expect, test } from 'vitest'
import { BrokerConfig } from '../../src/config/broker-config.ts'
import { ConfigError, formatConfigValue } from '../../src/config/config-value.ts'
import {
  validateBrokerConfigs,
  validateClientMetricsConfigs,
  validateGroupConfigs,
} from '../../src/config/dynamic-config-checks.ts'
import { validateTopicConfig, validateTopicConfigs } from '../../src/config/topic-config.ts'

const defaults = BrokerConfig.from(new Map())
const replicasFormat =
  "must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],..."
const resetFormat = "The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'."

// What Apache Kafka 4.3.1 answered, word for word.
test.each([
  ['retention.ms', 'abc', 'Invalid value abc for configuration retention.ms: Not a number of type LONG'],
  ['retention.ms', '-2', 'Invalid value -2 for configuration retention.ms: Value must be at least -1'],
  ['retention.ms', '', 'Invalid value  for configuration retention.ms: Not a number of type LONG'],
  ['retention.ms', '0x10', 'Invalid value 0x10 for configuration retention.ms: Not a number of type LONG'],
  [
    'flush.ms',
    '9223372036854775808',
    'Invalid value 9223372036854775808 for configuration flush.ms: Not a number of type LONG',
  ],
  [
    'segment.bytes',
    '99999999999',
    'Invalid value 99999999999 for configuration segment.bytes: Not a number of type INT',
  ],
  ['segment.bytes', '5', 'Invalid value 5 for configuration segment.bytes: Value must be at least 1048576'],
  ['segment.bytes', ' ', 'Invalid value   for configuration segment.bytes: Not a number of type INT'],
  [
    'cleanup.policy',
    'foo',
    'Invalid value foo for configuration cleanup.policy: String must be one of: compact, delete',
  ],
  ['cleanup.policy', 'compact,,delete', "Configuration 'cleanup.policy' values must not be empty."],
  ['cleanup.policy', ',', "Configuration 'cleanup.policy' values must not be empty."],
  [
    'compression.type',
    '',
    'Invalid value  for configuration compression.type: String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer',
  ],
  ['preallocate', 'yes', 'Invalid value yes for configuration preallocate: Expected value to be either true or false'],
  [
    'min.cleanable.dirty.ratio',
    'x',
    'Invalid value x for configuration min.cleanable.dirty.ratio: Not a number of type DOUBLE',
  ],
  [
    'min.cleanable.dirty.ratio',
    '1.5',
    'Invalid value 1.5 for configuration min.cleanable.dirty.ratio: Value must be no more than 1',
  ],
  [
    'min.cleanable.dirty.ratio',
    '-0.1',
    'Invalid value -0.1 for configuration min.cleanable.dirty.ratio: Value must be at least 0',
  ],
  [
    'compression.gzip.level',
    '0',
    'Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1',
  ],
  [
    'compression.zstd.level',
    '23',
    'Invalid value 23 for configuration compression.zstd.level: Value must be no more than 22',
  ],
  [
    'leader.replication.throttled.replicas',
    'x',
    `Invalid value [x] for configuration leader.replication.throttled.replicas: leader.replication.throttled.replicas ${replicasFormat}`,
  ],
  [
    'follower.replication.throttled.replicas',
    '*,0:1',
    `Invalid value [*, 0:1] for configuration follower.replication.throttled.replicas: follower.replication.throttled.replicas ${replicasFormat}`,
  ],
  ['foo', 'bar', 'Unknown topic config name: foo'],
  ['PREALLOCATE', 'true', 'Unknown topic config name: PREALLOCATE'],
])('topic %s=%j is refused', (name, value, message) => {
  expect(() => validateTopicConfig(name, value)).toThrow(new ConfigError(message))
})

test.each([
  ['retention.ms', ' +5 ', 5n],
  ['flush.messages', '9223372036854775807', 9223372036854775807n],
  ['cleanup.policy', '', []],
  ['cleanup.policy', 'compact , delete', ['compact', 'delete']],
  ['cleanup.policy', 'compact,compact', ['compact']],
  ['compression.type', ' gzip ', 'gzip'],
  ['preallocate', 'TRUE', true],
  ['min.cleanable.dirty.ratio', '1e-1', 0.1],
  ['min.cleanable.dirty.ratio', 'NaN', Number.NaN],
  ['follower.replication.throttled.replicas', '0:1,', ['0:1']],
  ['leader.replication.throttled.replicas', '*', ['*']],
  ['internal.segment.bytes', '1000', 1000],
])('topic %s=%j is accepted', (name, value, parsed) => {
  expect(validateTopicConfig(name, value)).toEqual(parsed)
})

test.each([
  [
    { 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' },
    'conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)',
  ],
  [
    { 'remote.storage.enable': 'true' },
    'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.',
  ],
])('topic settings that do not go together are refused: %j', (overrides, message) => {
  expect(() => validateTopicConfigs(new Map(Object.entries(overrides)), defaults)).toThrow(new ConfigError(message))
})

test('a listener’s limits may be the same for all brokers, and a broker’s own comes first', () => {
  const key = 'listener.name.plaintext.max.connections'
  const config = BrokerConfig.from(new Map())
  expect(() => validateBrokerConfigs(new Map([[key, '7']]), config, false)).not.toThrow()
  config.setDynamic(new Map([[key, '7']]), new Map())
  expect(config.value(key)).toBe(7)
  config.setDynamic(new Map([[key, '7']]), new Map([[key, '8']]))
  expect(config.value(key)).toBe(8)
})

test.each([
  [
    '1',
    { 'log.retention.ms': 'abc' },
    'Invalid value abc for configuration log.retention.ms: Not a number of type LONG',
  ],
  [
    '1',
    { 'num.partitions': '3', 'node.id': '4' },
    'Cannot update these configs dynamically: [node.id, num.partitions]',
  ],
  [
    '',
    { 'cordoned.log.dirs': '' },
    'Cannot update these configs at default cluster level, broker id must be specified: [cordoned.log.dirs]',
  ],
  ['1', { 'connections.max.idle.ms': '1000' }, 'Cannot update these configs dynamically: [connections.max.idle.ms]'],
  [
    '1',
    { 'listener.name.plaintext.connections.max.idle.ms': 'soon' },
    'Invalid value soon for configuration connections.max.idle.ms: Not a number of type LONG',
  ],
  [
    '',
    { 'listener.name.plaintext.connections.max.idle.ms': '1000' },
    'Cannot update these configs at default cluster level, broker id must be specified: [listener.name.plaintext.connections.max.idle.ms]',
  ],
  ['1', { listeners: 'PLAINTEXT://:1' }, 'Cannot update these configs dynamically: [listeners]'],
  [
    '1',
    { 'max.connections.per.ip.overrides': 'foo' },
    "Invalid value foo for configuration max.connections.per.ip.overrides: 'foo' must be host:count, as in 127.0.0.1:200",
  ],
  [
    '',
    { 'ssl.keystore.location': '/x' },
    'These security configs can be dynamically updated only per-listener using the listener prefix: [ssl.keystore.location]',
  ],
  ['1', { 'max.connections': '-1' }, 'Invalid value -1 for configuration max.connections: Value must be at least 0'],
  [
    '1',
    { 'log.cleaner.threads': '100' },
    'Log cleaner threads cannot be increased to more than double the current value 1',
  ],
  [
    '1',
    { 'num.io.threads': '2' },
    'Dynamic thread count update validation failed for num.io.threads=2, value should be at least half the current value 8',
  ],
  [
    '1',
    { 'cordoned.log.dirs': '/nope' },
    'requirement failed: All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : /nope',
  ],
])('broker %j: %j is refused', (name, changes, message) => {
  const texts = new Map(Object.entries(changes as unknown as Record<string, string>))
  expect(() => validateBrokerConfigs(texts, defaults, name !== '')).toThrow(new ConfigError(message))
})

test.each([
  ['1', { foo: '3' }],
  ['', { 'log.retention.ms': '5', 'message.max.bytes': '2000' }],
  ['1', { 'listener.name.plaintext.max.connections': '5' }],
  ['1', { 'log.cleaner.threads': '2', 'max.connections.per.ip.overrides': 'localhost:5' }],
])('broker %j: %j is accepted', (name, changes) => {
  const texts = new Map(Object.entries(changes as unknown as Record<string, string>))
  validateBrokerConfigs(texts, defaults, name !== '')
})

test.each([
  [{ zoo: '5' }, 'Unknown group config name: zoo'],
  [
    { 'consumer.session.timeout.ms': '5' },
    'consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms',
  ],
  [
    { 'consumer.heartbeat.interval.ms': '50000' },
    'consumer.heartbeat.interval.ms must be less than or equal to group.consumer.max.heartbeat.interval.ms',
  ],
  [
    { 'streams.num.standby.replicas': '5' },
    'streams.num.standby.replicas must be less than or equal to group.streams.max.standby.replicas',
  ],
  [
    { 'share.isolation.level': 'x' },
    'Invalid value x for configuration share.isolation.level: String must be one of: read_committed, read_uncommitted',
  ],
  [
    { 'share.auto.offset.reset': 'by_duration:-PT1H' },
    `Invalid value by_duration:-PT1H for configuration share.auto.offset.reset: Invalid value \`by_duration:-PT1H\` for configuration share.auto.offset.reset. ${resetFormat}`,
  ],
])('group %j is refused', (changes, message) => {
  const texts = new Map(Object.entries(changes as unknown as Record<string, string>))
  expect(() => validateGroupConfigs(texts, defaults)).toThrow(new ConfigError(message))
})

test('a group may have what fits', () => {
  const texts = { 'consumer.session.timeout.ms': '50000', 'share.auto.offset.reset': 'by_duration:P1DT2H3.5S' }
  validateGroupConfigs(new Map(Object.entries(texts)), defaults)
})

test.each([
  [{ 'interval.ms': '5' }, 'Invalid value 5 for interval.ms, interval must be between 100 and 3600000 (1 hour)'],
  [{ match: 'foo' }, 'Illegal client matching pattern: foo'],
  [{ zoo: 'foo' }, 'Unknown client metrics configuration: zoo'],
])('a client metrics subscription %j is refused', (changes, message) => {
  const texts = new Map(Object.entries(changes as unknown as Record<string, string>))
  expect(() => validateClientMetricsConfigs(texts)).toThrow(new ConfigError(message))
})

test("doubles are shown as Java's Double.toString shows them", () => {
  const shown = [0.5, 1, 1.7976931348623157e308, 1e7, 1e-4, 123.25, 0].map((value) =>
    formatConfigValue(value, 'double'),
  )
  expect(shown).toEqual(['0.5', '1.0', '1.7976931348623157E308', '1.0E7', '1.0E-4', '123.25', '0.0'])
})
