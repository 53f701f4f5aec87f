/**
 * A directory that Apache Kafka made and filled with state of kinds that ottla does not serve: transactions, committed,
 * aborted and open; a group of the consumer protocol, a share group; credentials, ACLs, quotas, settings of groups and of
 * client metrics. ottla serves it, writes snapshots of the metadata, restarts; then Apache Kafka finds all of it again.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BrokerProcess } from './support/broker-process.ts'
import { KafkaOnDirectory } from './support/kafka-on-directory.ts'
import { javaTool, kcatTool, pythonClient } from './support/run-tool.ts'

// What says 'authorizer' stops the start of ottla; its ACLs are metadata all the same.
const authorizer = [
  'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users=User:ANONYMOUS',
]
let broker: BrokerProcess
let kafka: KafkaOnDirectory | undefined

beforeAll(async () => {
  broker = await BrokerProcess.prepare([
    'offsets.topic.num.partitions=3',
    'metadata.log.max.record.bytes.between.snapshots=200',
  ])
})

afterAll(async () => {
  await kafka?.kill()
  await broker.dispose()
})

const tool = (name: string, ...words: string[]) =>
  javaTool(`org.apache.kafka.tools.${name}`, ['--bootstrap-server', broker.bootstrap, ...words])
const configs = (...words: string[]) =>
  javaTool('kafka.admin.ConfigCommand', ['--bootstrap-server', broker.bootstrap, ...words])
const alter = (type: string, name: string, setting: string) =>
  configs('--alter', '--entity-type', type, '--entity-name', name, '--add-config', setting)

/** Values of partition 0, as a reader of that isolation level sees them. */
async function read(topic: string, isolation: 'read_committed' | 'read_uncommitted'): Promise<string[]> {
  const words = ['-C', '-t', topic, '-p', '0', '-e', '-q', '-o', 'beginning', '-X', `isolation.level=${isolation}`]
  const output = await kcatTool(['-b', broker.bootstrap, ...words, '-f', '%s\\n'])
  return output.split('\n').filter(Boolean)
}

const valuesOf = (id: string, number: number, kind: string) =>
  [0, 1, 2].map((index) => `${id}-${number}-${kind}-${index}`)

/** All that ottla does not serve, as Apache Kafka's own tools tell it. */
async function stateOfKafka(): Promise<Record<string, string>> {
  const words = ['--describe', '--entity-type']
  return {
    scram: await configs(...words, 'users', '--entity-name', 'alice'),
    quotas: await configs(...words, 'clients', '--entity-name', 'app'),
    groupConfigs: await configs(...words, 'groups', '--entity-name', 'new-group'),
    metrics: await configs(...words, 'client-metrics', '--entity-name', 'subscription'),
    acls: await javaTool('org.apache.kafka.tools.AclCommand', ['--bootstrap-server', broker.bootstrap, '--list']),
    newGroup: await tool('consumer.group.ConsumerGroupCommand', '--describe', '--group', 'new-group', '--offsets'),
    shareGroup: await tool('consumer.group.ShareGroupCommand', '--describe', '--group', 'share-group', '--offsets'),
    transactions: (await tool('TransactionsCommand', 'list')).replaceAll(/\d{10,}/g, 'N'),
  }
}

async function fillWithKafka(): Promise<void> {
  await pythonClient('create', broker.bootstrap, 'plain', '1')
  await pythonClient('create', broker.bootstrap, 'transacted', '1')
  await pythonClient('produce', broker.bootstrap, 'plain', '20')
  await pythonClient('transact', broker.bootstrap, 'transacted', 'first', 'commit,abort,commit')
  await pythonClient('transact', broker.bootstrap, 'transacted', 'second', 'abort,open')
  const consume = ['--topic', 'plain', '--max-messages', '5']
  const ofConsumer = ['--consumer-property', 'group.protocol=consumer', '--from-beginning']
  await tool('consumer.ConsoleConsumer', ...consume, '--group', 'new-group', ...ofConsumer)
  await alter('groups', 'share-group', 'share.auto.offset.reset=earliest')
  await tool('consumer.ConsoleShareConsumer', ...consume, '--group', 'share-group')
  await alter('users', 'alice', 'SCRAM-SHA-256=[password=secret]')
  await alter('clients', 'app', 'producer_byte_rate=1048576')
  await alter('groups', 'new-group', 'consumer.session.timeout.ms=50000')
  await alter('client-metrics', 'subscription', 'interval.ms=60000,metrics=org.apache')
  const acl = ['--add', '--allow-principal', 'User:alice', '--operation', 'Read', '--topic', 'plain']
  await javaTool('org.apache.kafka.tools.AclCommand', ['--bootstrap-server', broker.bootstrap, ...acl])
  await pythonClient('consume', broker.bootstrap, 'plain', 'classic-group', '7')
}

test('state of every kind survives ottla in between', async () => {
  kafka = await KafkaOnDirectory.start(broker, { format: true, settings: authorizer })
  await fillWithKafka()
  const before = await stateOfKafka()
  expect(before.scram).toContain('SCRAM-SHA-256')
  expect(before.acls).toContain('User:alice')
  expect(before.transactions).toMatch(/second\s.*Ongoing/)
  expect(before.newGroup).toMatch(/new-group\s+plain\s+0\s+5\s+20/)
  expect(before.shareGroup).toContain('plain')
  await kafka.stop()

  await broker.restart()
  const committed = [...valuesOf('first', 0, 'commit'), ...valuesOf('first', 2, 'commit')]
  const open = [...valuesOf('second', 0, 'abort'), ...valuesOf('second', 1, 'open')]
  expect(await read('transacted', 'read_committed')).toEqual(committed)
  const all = [...valuesOf('first', 0, 'commit'), ...valuesOf('first', 1, 'abort'), ...valuesOf('first', 2, 'commit')]
  expect(await read('transacted', 'read_uncommitted')).toEqual([...all, ...open])
  const offsetsOf = async (count: string) => {
    const { records } = await pythonClient('consume', broker.bootstrap, 'plain', 'classic-group', count)
    return (records as unknown[][]).map(([, offset]) => offset)
  }
  expect(await offsetsOf('3')).toEqual([7, 8, 9])
  // Topics enough for snapshots of the metadata by ottla, which the next start reads.
  const snapshots = () =>
    readdirSync(join(broker.directory, '__cluster_metadata-0')).filter((name) => name.endsWith('.checkpoint'))
  const snapshotsOfKafka = snapshots()
  for (let index = 0; index < 5; index++) await pythonClient('create', broker.bootstrap, `of-ottla-${index}`, '2')
  await expect.poll(() => snapshots().filter((name) => !snapshotsOfKafka.includes(name)).length).toBeGreaterThan(0)
  await pythonClient('produce', broker.bootstrap, 'of-ottla-0', '10')
  await broker.kill()
  await broker.restart()
  expect(await read('transacted', 'read_committed')).toEqual(committed)
  expect(await offsetsOf('2')).toEqual([10, 11])
  expect(await broker.stop()).toBe(0)

  kafka = await KafkaOnDirectory.start(broker, { isStatic: true, settings: authorizer })
  expect(await stateOfKafka()).toEqual(before)
  expect(await offsetsOf('2')).toEqual([12, 13])
  // The open transaction ends when its producer comes back, and readers go on.
  await pythonClient('transact', broker.bootstrap, 'transacted', 'second', 'commit')
  expect(await read('transacted', 'read_committed')).toEqual([...committed, ...valuesOf('second', 0, 'commit')])
  await kafka.stop()

  await broker.restart()
  expect(await read('transacted', 'read_committed')).toEqual([...committed, ...valuesOf('second', 0, 'commit')])
}, 800_000)
