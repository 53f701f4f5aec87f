// The handlers src/handlers/18-api-versions.ts and src/handlers/22-init-producer-id.ts, and the registry.
import { beforeEach, describe, expect, test } from 'vitest'
import { handlers, servedApis } from '../../src/handlers/index.ts'
import { metadataRecord } from '../../src/metadata/metadata-record.ts'
import { errorCodes, KafkaError } from '../../src/protocol/errors.ts'
import { apiVersionsApi, BrokerHarness, initProducerIdApi } from '../runtime/broker-harness.ts'

let harness: BrokerHarness

beforeEach(async () => {
  const listeners = 'PLAINTEXT://:9092,CONTROLLER://:9093'
  harness = await BrokerHarness.start({ config: { listeners, 'controller.listener.names': 'CONTROLLER' } })
})

describe('ApiVersions', () => {
  const software = { clientSoftwareName: 'wire', clientSoftwareVersion: '1.0' }

  test('tells exactly what is registered for the listener', async () => {
    const { errorCode, apiKeys } = await harness.call(apiVersionsApi, 4, software)
    expect(errorCode).toBe(0)
    const onBrokers = [...handlers]
      .filter(([, { listeners }]) => listeners.includes('broker'))
      .map(([apiKey]) => apiKey)
    expect(apiKeys.map((one) => one.apiKey)).toEqual(onBrokers.sort((left, right) => left - right))
    for (const forControllers of [52, 53, 54, 56, 58, 59, 62, 63, 67, 70, 73, 82])
      expect(onBrokers).not.toContain(forControllers)
    // As Apache Kafka 4.3.1 lists them, less delegation tokens and SASL.
    const onControllers = servedApis(harness.broker, 'CONTROLLER').map((one) => one.apiKey)
    expect(onControllers).toEqual([
      1, 18, 19, 20, 29, 30, 31, 32, 33, 37, 43, 44, 45, 46, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 62, 63, 64,
      67, 70, 73, 80, 81, 82,
    ])
    expect(apiKeys.slice(0, 3)).toEqual([
      { apiKey: 0, minVersion: 0, maxVersion: 13 },
      { apiKey: 1, minVersion: 4, maxVersion: 18 },
      { apiKey: 2, minVersion: 1, maxVersion: 11 },
    ])
    expect(apiKeys).toContainEqual({ apiKey: 22, minVersion: 0, maxVersion: 5 })
  })

  test('serves Produce from version 3 on although it advertises 0', () => {
    expect(handlers.get(0)).toMatchObject({ name: 'Produce', minVersion: 3, maxVersion: 13 })
  })

  test('tells the features that are supported and finalized', async () => {
    const before = await harness.call(apiVersionsApi, 4, software)
    expect(before).toMatchObject({ finalizedFeaturesEpoch: -1, finalizedFeatures: [] })
    const levels = [
      ['metadata.version', 30],
      ['group.version', 1],
    ] as const
    harness.commit(
      levels.map(([name, featureLevel]) => metadataRecord('FeatureLevelRecord', 0, { name, featureLevel })),
    )
    const answer = await harness.call(apiVersionsApi, 4, software)
    expect(answer.supportedFeatures.map((one) => one.name).sort()).toEqual([
      'eligible.leader.replicas.version',
      'group.version',
      'kraft.version',
      'metadata.version',
      'share.version',
      'streams.version',
      'transaction.version',
    ])
    expect(answer.finalizedFeaturesEpoch).toBe(harness.image.nextOffset - 1)
    expect(answer.finalizedFeatures).toEqual([
      { name: 'metadata.version', maxVersionLevel: 30, minVersionLevel: 30 },
      { name: 'group.version', maxVersionLevel: 1, minVersionLevel: 1 },
      { name: 'kraft.version', maxVersionLevel: 1, minVersionLevel: 1 },
    ])
  })

  test('leaves features that start at 0 out before version 4', async () => {
    const { supportedFeatures } = await harness.call(apiVersionsApi, 3, software)
    expect(supportedFeatures).toEqual([{ name: 'metadata.version', minVersion: 7, maxVersion: 30 }])
  })

  test.each([
    ['', '1'],
    ['a b', '1'],
    ['x', ''],
    ['-x', '1'],
    ['x-', '1'],
    ['x', '1_0'],
    ['x', '.'],
  ])('refuses the software name %j with version %j', async (clientSoftwareName, clientSoftwareVersion) => {
    const connection = harness.connect()
    const answer = await harness.call(apiVersionsApi, 4, { clientSoftwareName, clientSoftwareVersion }, connection)
    expect(answer).toMatchObject({ errorCode: errorCodes.INVALID_REQUEST, apiKeys: [], supportedFeatures: [] })
    expect(connection.clientSoftwareName).toBe('')
  })

  test('notes the client, and takes any before version 3', async () => {
    const connection = harness.connect()
    await harness.call(apiVersionsApi, 3, software, connection)
    expect(connection).toMatchObject(software)
    expect((await harness.call(apiVersionsApi, 2, {})).errorCode).toBe(0)
  })
})

describe('InitProducerId', () => {
  let blocksCount: number

  beforeEach(() => {
    blocksCount = 0
    harness.onControllerRequest = async () => ({
      throttleTimeMs: 0,
      errorCode: 0,
      producerIdStart: BigInt(1000 * blocksCount++),
      producerIdLen: 1000,
    })
  })

  async function init(request: { transactionalId?: string | null; producerId?: bigint; producerEpoch?: number } = {}) {
    const version = request.producerId === undefined && request.producerEpoch === undefined ? 5 : 3
    return harness.call(initProducerIdApi, version, { transactionalId: null, transactionTimeoutMs: 1000, ...request })
  }

  test('gives each producer an id of its own, across blocks', async () => {
    const ids: bigint[] = []
    for (let count = 0; count < 2500; count++) {
      const { errorCode, producerId, producerEpoch } = await init()
      expect([errorCode, producerEpoch]).toEqual([0, 0])
      ids.push(producerId)
    }
    expect(new Set(ids).size).toBe(2500)
    expect(ids.at(-1)).toBe(2499n)
    expect(harness.controllerRequests).toHaveLength(3)
    expect(harness.controllerRequests[0]).toEqual({ apiKey: 67, request: { brokerId: 1, brokerEpoch: 100 } })
  })

  test('asks once for all who wait', async () => {
    const served = await Promise.all(Array.from({ length: 5 }, () => init()))
    expect(new Set(served.map((one) => one.producerId)).size).toBe(5)
    expect(harness.controllerRequests).toHaveLength(1)
  })

  test('asks for the next block before the present one ends', async () => {
    for (let count = 0; count < 900; count++) await init()
    await harness.settle()
    expect(blocksCount).toBe(1)
    await init()
    await harness.settle()
    expect(blocksCount).toBe(2)
  })

  test('waits for the controller, then makes the client ask again', async () => {
    harness.onControllerRequest = async () => {
      throw new KafkaError('NOT_CONTROLLER')
    }
    const refused = harness.send(initProducerIdApi, 5, { transactionTimeoutMs: 1000, transactionalId: null })
    await harness.clock.advanceAsync(5_000)
    expect((await harness.drive(refused)).errorCode).toBe(errorCodes.COORDINATOR_LOAD_IN_PROGRESS)
    expect(harness.controllerRequests.length).toBeGreaterThan(3)
    expect(harness.controllerRequests.length).toBeLessThan(20)
    const served = [init(), init()]
    harness.onControllerRequest = async () => ({ errorCode: 0, producerIdStart: 7000n, producerIdLen: 2 })
    await harness.clock.advanceAsync(1_000)
    const ids = await Promise.all(served.map(async (one) => (await harness.drive(one)).producerId))
    expect(ids).toEqual([7000n, 7001n])
  })

  test.each([
    ['an id without an epoch', { producerId: 1000n }, 'INVALID_REQUEST'],
    ['an epoch without an id', { producerEpoch: 3 }, 'INVALID_REQUEST'],
    ['an empty transactional id', { transactionalId: '' }, 'INVALID_REQUEST'],
    ['a transactional id', { transactionalId: 'mine' }, 'COORDINATOR_NOT_AVAILABLE'],
  ] as const)('refuses %s', async (_name, request, error) => {
    expect(await init(request)).toMatchObject({ errorCode: errorCodes[error], producerId: -1n, producerEpoch: -1 })
  })

  test('gives a new id to a producer that brings one', async () => {
    expect(await init({ producerId: 1000n, producerEpoch: 32767 })).toMatchObject({ producerId: 0n, producerEpoch: 0 })
  })

  test('needs the right to write idempotently', async () => {
    harness = await BrokerHarness.start({ authorize: (_context, operation) => operation !== 'IdempotentWrite' })
    expect((await init()).errorCode).toBe(errorCodes.CLUSTER_AUTHORIZATION_FAILED)
  })
})
