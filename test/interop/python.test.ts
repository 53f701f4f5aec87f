/** confluent-kafka for Python (librdkafka): idempotent producer, cooperative and static members, positions, AdminClient. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { repositoryRoot } from './support/broker-process.ts'
import { interopCache, pythonClient, run } from './support/run-tool.ts'
import { layouts, startBrokers, type TestedBrokers } from './support/tested-brokers.ts'

describe.each(layouts)('%s', (layout) => {
  let broker: TestedBrokers

  beforeAll(async () => {
    broker = await startBrokers(layout)
  })

  afterAll(async () => {
    await broker.dispose()
  })

  async function membersClient(command: string, ...words: readonly string[]): Promise<unknown> {
    const script = join(repositoryRoot, 'test/interop/python-client/members_client.py')
    return JSON.parse(await run(join(interopCache, 'python/bin/python'), [script, command, broker.bootstrap, ...words]))
  }

  test('confluent-kafka creates, writes idempotently, reads, commits and resumes', async () => {
    expect(await pythonClient('create', broker.bootstrap, 'python', '3')).toEqual({
      partitions: 3,
      'retention.ms': '86400000',
    })
    expect(await pythonClient('produce', broker.bootstrap, 'python', '300', 'lz4')).toMatchObject({
      delivered: 300,
      failed: [],
    })
    const first = await pythonClient('consume', broker.bootstrap, 'python', 'python-group', '100')
    await broker.kill()
    await broker.restart()
    const second = await pythonClient('consume', broker.bootstrap, 'python', 'python-group', '200')
    const values = [first, second].flatMap((half) => (half.records as string[][]).map((record) => record[3]))
    expect([...values].sort()).toEqual(Array.from({ length: 300 }, (_, index) => `value-${index}`).sort())
  })

  test('static members share cooperatively, and one that comes back gets its partitions without a rebalance', async () => {
    await pythonClient('create', broker.bootstrap, 'members', '4')
    const result = (await membersClient('rebalance', 'members', 'python-members')) as {
      shared: [number[], number[]]
      firstEvents: [string, number[]][]
    }
    const [first, second] = result.shared
    expect([...first, ...second].sort()).toEqual([0, 1, 2, 3])
    expect(result).toMatchObject({
      again: second,
      disturbed: [],
      described: {
        state: 'STABLE',
        assignor: 'cooperative-sticky',
        members: [
          ['first', first],
          ['second', second],
        ],
      },
    })
    // Cooperative: only what moved was taken away.
    expect(result.firstEvents.filter(([what]) => what === 'revoked')).toEqual([['revoked', second]])
  })

  test('positions: assign, seek, commits with and without waiting', async () => {
    await pythonClient('create', broker.bootstrap, 'positions', '1')
    await pythonClient('produce', broker.bootstrap, 'positions', '10')
    expect(await membersClient('position', 'positions', 'python-position')).toEqual({
      offsets: [5, 6, 2, 3],
      committed: [4, 'noted'],
      callback: ['None', [7]],
      after: 7,
      watermarks: [0, 10],
    })
  })

  test('the AdminClient reads what it changed', async () => {
    expect(await membersClient('admin', 'python-admin')).toEqual({
      duplicate: 'TOPIC_ALREADY_EXISTS',
      partitions: 3,
      retention: ['12345', false],
      offsets: [0, 0, 0],
      altered: [['python-admin', 1, 9]],
      groupThere: [true, false],
      // Any live broker is named as the controller.
      controller: expect.any(Number),
      nodes: broker.addresses.map((address, index) => [index + 1, Number(address.split(':')[1])]),
      topicThere: false,
    })
  })
})
