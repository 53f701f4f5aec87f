import { expect, test } from 'vitest'
import { BrokerConfig } from '../../src/config/broker-config.ts'
import { ConfigError } from '../../src/config/config-value.ts'
import { defaultLogConfig } from '../../src/config/log-config.ts'
import { buildLogConfig } from '../../src/config/topic-config.ts'

type Texts = Readonly<Record<string, string>>
const configOf = (texts: Texts): BrokerConfig => BrokerConfig.from(new Map(Object.entries(texts)))

test('without anything it is one node that is broker and controller on port 9092', () => {
  const config = configOf({})
  expect(config.nodeId).toBe(1)
  expect([config.isBroker, config.isController, config.isQuorumOfOne]).toEqual([true, true, true])
  expect(config.listeners).toEqual([{ name: 'PLAINTEXT', host: '', port: 9092, securityProtocol: 'PLAINTEXT' }])
  expect(config.advertisedListeners).toBeUndefined()
  expect(config.interBrokerListenerName).toBe('PLAINTEXT')
  expect(config.logDirs).toEqual(['./ottla-data'])
  expect(config.metadataLogDir).toBe('./ottla-data')
  expect(config.offsetsTopicReplicationFactor).toBe(3)
  expect(config.logFlushSchedulerIntervalMs).toBe(Number.MAX_SAFE_INTEGER)
})

test('a node of a cluster: listeners, voters, directories', () => {
  const config = configOf({
    'process.roles': 'broker,controller',
    'node.id': '3',
    listeners: 'INTERNAL://[::1]:9094, external://0.0.0.0:9092,CONTROLLER://host-3:9093',
    'advertised.listeners': 'INTERNAL://host-3:9094,EXTERNAL://kafka.example.com:19092',
    'listener.security.protocol.map': 'INTERNAL:PLAINTEXT,EXTERNAL:plaintext,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INTERNAL',
    'controller.quorum.voters': '1@host-1:9093,2@host-2:9093,3@[fe80::3]:9093',
    'log.dirs': '/data/a, /data/b',
    'metadata.log.dir': '/data/m',
  })
  expect(config.brokerListeners.map(({ name, host, port }) => [name, host, port])).toEqual([
    ['INTERNAL', '::1', 9094],
    ['EXTERNAL', '0.0.0.0', 9092],
  ])
  expect(config.controllerListeners.map(({ name }) => name)).toEqual(['CONTROLLER'])
  expect(config.advertisedListeners!.map(({ name, host, port }) => [name, host, port])).toEqual([
    ['INTERNAL', 'host-3', 9094],
    ['EXTERNAL', 'kafka.example.com', 19092],
  ])
  expect(config.controllerQuorumVoters[2]).toEqual({ id: 3, host: 'fe80::3', port: 9093 })
  expect(config.isQuorumOfOne).toBe(false)
  expect(config.logDirs).toEqual(['/data/a', '/data/b'])
  expect(config.metadataLogDir).toBe('/data/m')
})

test('an unknown key warns and is kept', () => {
  const warnings: string[] = []
  const config = BrokerConfig.from(new Map([['retention.m', '5']]), (message) => warnings.push(message))
  expect(warnings).toEqual(['unknown configuration key retention.m is ignored'])
  expect(config.layers.text('retention.m')).toBe('5')
})

const controllers = { 'controller.quorum.voters': '9@c:9093', 'controller.listener.names': 'CONTROLLER' }

test.each<[Texts, RegExp]>([
  [{ 'log.segment.bytes': 'big' }, /log\.segment\.bytes: Not a number of type INT/],
  [{ 'node.id': '-1' }, /node\.id/],
  [{ 'node.id': '1', 'broker.id': '2' }, /node\.id=1 and broker\.id=2 differ; remove broker\.id/],
  [{ 'process.roles': 'worker' }, /process\.roles: String must be one of: broker, controller/],
  [{ 'process.roles': '' }, /process\.roles is empty/],
  [{ listeners: '' }, /listeners is empty/],
  [{ listeners: 'localhost:9092' }, /listeners: 'localhost:9092' is not a listener; write it as NAME:\/\/host:port/],
  [{ listeners: 'PLAINTEXT://:99999' }, /ports end at 65535/],
  [{ listeners: 'FOO://:9092' }, /add FOO:PLAINTEXT to listener\.security\.protocol\.map/],
  [{ listeners: 'PLAINTEXT://:1,PLAINTEXT://:2' }, /each listener must have a different name/],
  [
    { listeners: 'PLAINTEXT://:1,A://:1', 'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,A:PLAINTEXT' },
    /different port, PLAINTEXT and A both have 1/,
  ],
  [{ listeners: 'SASL_SSL://:9092' }, /SASL_SSL, which ottla does not serve yet; use PLAINTEXT/],
  [{ 'listener.security.protocol.map': 'A:B' }, /'A:B' must be NAME:PROTOCOL/],
  [{ 'advertised.listeners': 'PLAINTEXT://0.0.0.0:9092' }, /nobody can connect to 0\.0\.0\.0/],
  [{ 'advertised.listeners': 'PLAINTEXT://:9092' }, /advertised\.listeners: PLAINTEXT has no host/],
  [{ 'advertised.listeners': 'SSL://a:9092' }, /advertised\.listeners has SSL, which listeners \(PLAINTEXT\) lacks/],
  [
    { 'inter.broker.listener.name': 'OTHER' },
    /inter\.broker\.listener\.name: OTHER is not among the listeners; choose one of PLAINTEXT/,
  ],
  [{ 'process.roles': 'broker' }, /process\.roles=broker needs controllers/],
  [{ 'process.roles': 'broker', 'controller.quorum.voters': '9@c:9093' }, /needs controller\.listener\.names/],
  [{ 'process.roles': 'broker', ...controllers, 'controller.quorum.voters': '1@c:9093' }, /names this node/],
  [
    { 'process.roles': 'broker', ...controllers, 'controller.listener.names': 'PLAINTEXT' },
    /listeners must not have PLAINTEXT/,
  ],
  [
    { 'process.roles': 'controller', ...controllers, 'node.id': '9' },
    /controller\.listener\.names has CONTROLLER, which listeners lacks/,
  ],
  [
    { ...controllers, listeners: 'PLAINTEXT://:1,CONTROLLER://:2' },
    /controller\.quorum\.voters lacks this controller; add 1@host:port/,
  ],
  [{ 'controller.quorum.voters': 'c:9093' }, /'c:9093' is not a voter/],
  [{ 'controller.quorum.voters': '1@c:9093' }, /controller\.listener\.names is empty/],
  [{ 'log.dirs': '/a,/a' }, /log\.dirs names one directory twice/],
  [{ 'log.retention.ms': '0' }, /log\.retention\.ms=0 must be 1 or more, or -1/],
  [
    { 'queued.max.request.bytes': '5' },
    /queued\.max\.request\.bytes=5 must be at least socket\.request\.max\.bytes=104857600/,
  ],
  [{ 'max.connections.per.ip': '0' }, /shuts every client out/],
  [{ 'max.connections.per.ip.overrides': 'foo' }, /'foo' must be host:count/],
  [{ 'group.min.session.timeout.ms': '9999999' }, /group\.min\.session\.timeout\.ms/],
])('%j is refused in one line that names the key', (texts, message) => {
  let error: unknown
  try {
    configOf(texts)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(ConfigError)
  expect((error as Error).message).toMatch(message)
  expect((error as Error).message).not.toContain('\n')
})

test('passwords are not shown when they are wrong', () => {
  // A password cannot be wrong by type, so this goes through the value that is shown beside a key.
  const config = configOf({ 'ssl.keystore.password': 'secret' })
  expect(config.layers.synonyms('ssl.keystore.password', true)).toEqual([
    { name: 'ssl.keystore.password', value: null, source: 4 },
  ])
})

test('dynamic values come and go, hide their synonyms, and tell who listens', () => {
  const config = configOf({ 'log.retention.hours': '24', 'message.max.bytes': '1000' })
  let changes = 0
  config.onChange(() => changes++)
  expect(buildLogConfig(undefined, config)).toMatchObject({ retentionMs: 86_400_000, maxMessageBytes: 1000 })
  config.setDynamic(new Map([['log.retention.ms', '777']]), new Map([['message.max.bytes', '2000']]))
  expect(config.messageMaxBytes).toBe(2000)
  expect(buildLogConfig(undefined, config)).toMatchObject({ retentionMs: 777, maxMessageBytes: 2000 })
  config.setDynamic(new Map([['log.retention.ms', '777']]), new Map([['log.retention.ms', '888']]))
  expect(buildLogConfig(undefined, config)).toMatchObject({ retentionMs: 888, maxMessageBytes: 1000 })
  config.setDynamic(new Map(), new Map())
  expect(buildLogConfig(undefined, config).retentionMs).toBe(86_400_000)
  expect(changes).toBe(3)
})

test('a dynamic value that is wrong is reported and passed over', () => {
  const config = configOf({ 'message.max.bytes': '1000' })
  const errors: string[] = []
  config.setDynamic(new Map([['message.max.bytes', 'x']]), new Map([['max.connections', '7']]), (error) =>
    errors.push(error.message),
  )
  expect(errors).toEqual(['Invalid value x for configuration message.max.bytes: Not a number of type INT'])
  expect([config.messageMaxBytes, config.maxConnections]).toEqual([1000, 7])
})

test("a topic's log has Kafka's defaults, then the broker's values, then its own", () => {
  expect(buildLogConfig(undefined, configOf({}))).toEqual(defaultLogConfig)
  const config = configOf({
    'log.roll.hours': '2',
    'log.cleanup.policy': 'compact',
    'log.flush.scheduler.interval.ms': '99',
  })
  expect(buildLogConfig(undefined, config)).toMatchObject({
    segmentMs: 7_200_000,
    isCompact: true,
    isDelete: false,
    flushMs: 99,
  })
  const overrides = new Map([
    ['cleanup.policy', 'compact,delete'],
    ['segment.ms', '5'],
    ['retention.ms', '-1'],
    ['flush.ms', 'nonsense'],
    ['validate.records', 'full'],
    ['internal.segment.bytes', '2000'],
  ])
  expect(buildLogConfig(overrides, config)).toMatchObject({
    segmentMs: 5,
    segmentBytes: 2000,
    retentionMs: -1,
    isCompact: true,
    isDelete: true,
    flushMs: 99,
    validateRecords: 'full',
  })
})

test('retention of the broker for ever, in hours', () => {
  expect(buildLogConfig(undefined, configOf({ 'log.retention.ms': '-1' })).retentionMs).toBe(-1)
})
