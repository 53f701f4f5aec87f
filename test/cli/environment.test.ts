import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ownBootstrap, readEnvironment } from '../../src/cli/environment.ts'
import { loadNodeConfiguration } from '../../src/cli/node-configuration.ts'

describe('variables', () => {
  const settingsOf = (environment: Record<string, string>) => Object.fromEntries(readEnvironment(environment).settings)

  test('name keys with or without CFG, dots, underscores and dashes', () => {
    expect(
      settingsOf({
        KAFKA_NUM_PARTITIONS: '3',
        KAFKA_CFG_LOG_RETENTION_MS: '1000',
        KAFKA_LISTENER_NAME_INTERNAL_SSL_KEYSTORE_TYPE: 'PEM',
        KAFKA_LISTENER_NAME_A__B_SSL_KEYSTORE_TYPE: 'PEM',
        KAFKA_LISTENER_NAME_A___B_SSL_KEYSTORE_TYPE: 'JKS',
      }),
    ).toEqual({
      'num.partitions': '3',
      'log.retention.ms': '1000',
      'listener.name.internal.ssl.keystore.type': 'PEM',
      'listener.name.a_b.ssl.keystore.type': 'PEM',
      'listener.name.a-b.ssl.keystore.type': 'JKS',
    })
  })

  test('with CFG go before those without, whatever their order', () => {
    expect(settingsOf({ KAFKA_CFG_NODE_ID: '5', KAFKA_NODE_ID: '1' })).toEqual({ 'node.id': '5' })
    expect(settingsOf({ KAFKA_NODE_ID: '1', KAFKA_CFG_NODE_ID: '5' })).toEqual({ 'node.id': '5' })
  })

  test('of the JVM and of somebody who has Kafka at home are no configuration', () => {
    const environment = {
      KAFKA_HEAP_OPTS: '-Xmx1g',
      KAFKA_HOME: '/opt/kafka',
      KAFKA_VERSION: '4',
      KAFKA_OPTS: '',
      KAFKA_X: 'y',
      PATH: '/',
    }
    const { settings, unknown } = readEnvironment(environment)
    expect(settings.size).toBe(0)
    expect(unknown).toEqual(['KAFKA_X'])
  })

  test('give the cluster id and the log level', () => {
    expect(readEnvironment({ CLUSTER_ID: 'a', KAFKA_KRAFT_CLUSTER_ID: 'b' }).clusterId).toBe('a')
    expect(readEnvironment({ KAFKA_KRAFT_CLUSTER_ID: 'b' }).clusterId).toBe('b')
    expect(readEnvironment({}).clusterId).toBeUndefined()
    expect(readEnvironment({ KAFKA_LOG4J_ROOT_LOGLEVEL: 'WARN' }).logLevel).toBe('warn')
    expect(readEnvironment({ KAFKA_LOG4J_ROOT_LOGLEVEL: 'loud' }).logLevel).toBeUndefined()
  })

  test('listeners follow those that are advertised, and are not set when they are empty', () => {
    const advertised = 'HOST://localhost:9092,PLAINTEXT://broker:19092'
    const { listeners } = settingsOf({ KAFKA_ADVERTISED_LISTENERS: advertised, KAFKA_LISTENERS: '' })
    expect(listeners).toBe('HOST://0.0.0.0:9092,PLAINTEXT://0.0.0.0:19092')
    expect(settingsOf({ KAFKA_ADVERTISED_LISTENERS: 'A://a:1', KAFKA_LISTENERS: 'A://:2' }).listeners).toBe('A://:2')
    expect(settingsOf({ KAFKA_ADVERTISED_LISTENERS: '' })).toEqual({})
    const controller = settingsOf({ KAFKA_ADVERTISED_LISTENERS: 'A://a:1', KAFKA_PROCESS_ROLES: 'controller' })
    expect(controller.listeners).toBeUndefined()
  })
})

test('a health check finds the listener for clients', () => {
  const listeners = 'CONTROLLER://:29093,HOST://:9094,PLAINTEXT://:19092'
  expect(ownBootstrap({ KAFKA_LISTENERS: listeners, KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER' })).toBe(
    'localhost:9094',
  )
  expect(ownBootstrap({ KAFKA_LISTENERS: 'A://broker:19092' })).toBe('broker:19092')
  expect(ownBootstrap({ KAFKA_ADVERTISED_LISTENERS: 'A://elsewhere:9095' })).toBe('localhost:9095')
  expect(ownBootstrap({})).toBe('localhost:9092')
})

describe('with files and options', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ottla-cli-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const warnings: string[] = []
  const load = (environment: Record<string, string>, override: string[] = [], config?: string) =>
    loadNodeConfiguration({ config, override }, (message) => warnings.push(message), environment)

  test('they take the place of the file of a first run', () => {
    const data = join(folder, 'data')
    const { config, file, isFirstRun } = load({ KAFKA_LOG_DIRS: data, KAFKA_NUM_PARTITIONS: '7' })
    expect([file, isFirstRun, existsSync(data)]).toEqual([undefined, false, false])
    expect(config.logDirs).toEqual([data])
    expect(config.numPartitions).toBe(7)
    // Apache Kafka's default, not that of a first run.
    expect(config.offsetsTopicReplicationFactor).toBe(3)
  })

  test('they go before a file, and options before them', () => {
    const file = join(folder, 'own.properties')
    writeFileSync(file, `log.dirs=${join(folder, 'd')}\nnum.partitions=2\nnode.id=4\n`)
    const environment = { KAFKA_NUM_PARTITIONS: '7', KAFKA_NUM_IO_THREADS: '3' }
    const { config } = load(environment, ['num.partitions=9'], file)
    expect([config.numPartitions, config.nodeId, config.number('num.io.threads')]).toEqual([9, 4, 3])
  })

  test('a variable that is none leaves a first run as it is, and is told', () => {
    const { isFirstRun } = load({ KAFKA_FOO_BAR: '1', KAFKA_HOME: '/opt' }, [`log.dirs=${join(folder, 'data')}`])
    expect(isFirstRun).toBe(true)
    expect(warnings).toEqual(['environment variable KAFKA_FOO_BAR names no configuration key: ignored'])
  })

  test('an image names its mounted file, its defaults and its data', () => {
    const mounted = join(folder, 'mounted.properties')
    const defaults = join(folder, 'defaults.properties')
    const data = join(folder, 'data')
    writeFileSync(defaults, 'num.partitions=4\n')
    const image = { OTTLA_CONFIG: mounted, OTTLA_DEFAULT_CONFIG: defaults, OTTLA_DATA: data }
    const unsaid = load(image)
    expect([unsaid.file, unsaid.config.numPartitions, unsaid.config.logDirs]).toEqual([defaults, 4, [data]])
    expect(existsSync(data)).toBe(false)
    const said = load({ ...image, KAFKA_NUM_IO_THREADS: '3' })
    expect([said.file, said.config.numPartitions, said.config.logDirs]).toEqual([undefined, 1, [data]])
    writeFileSync(mounted, `num.partitions=5\nlog.dirs=${join(folder, 'd')}\n`)
    const both = load({ ...image, KAFKA_NUM_IO_THREADS: '3' })
    expect([both.file, both.config.numPartitions, both.config.logDirs]).toEqual([mounted, 5, [join(folder, 'd')]])
  })

  test('a wrong value is told with its variable', () => {
    expect(() => load({ KAFKA_CFG_NUM_PARTITIONS: 'many' })).toThrow(
      /num\.partitions.*\(in KAFKA_CFG_NUM_PARTITIONS\)$/,
    )
  })
})
