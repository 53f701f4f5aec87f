import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadNodeConfiguration } from '../../src/cli/node-configuration.ts'
import { OperatorError } from '../../src/cli/operator-error.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ottla-cli-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const warnings: string[] = []
const load = (override: string[], config?: string) =>
  loadNodeConfiguration({ config, override }, (message) => warnings.push(message))

test('a first run writes a file for one node, and later starts read it again', () => {
  const data = join(folder, 'data')
  const first = load([`log.dirs=${data}`])
  expect(first.isFirstRun).toBe(true)
  expect(first.config.offsetsTopicReplicationFactor).toBe(1)
  expect(first.config.groupInitialRebalanceDelayMs).toBe(0)
  expect(first.config.listeners[0]!.port).toBe(9092)
  const file = join(data, 'broker.properties')
  writeFileSync(file, readFileSync(file, 'utf8').replace(':9092\n\n', ':19092\n\n'))
  const second = load([`log.dirs=${data}`])
  expect(second).toMatchObject({ isFirstRun: false, file })
  expect(second.config.listeners[0]!.port).toBe(19_092)
  expect(second.config.offsetsTopicReplicationFactor).toBe(1)
  expect(second.config.logDirs).toEqual([data])
  expect(warnings).toEqual([])
})

test('overrides go before the file', () => {
  const data = join(folder, 'data')
  const { config } = load([`log.dirs=${data}`, 'listeners=PLAINTEXT://:1', 'listeners=PLAINTEXT://:2'])
  expect(config.listeners[0]!.port).toBe(2)
})

test('nothing is written for a node of a cluster, for a formatted directory, or beside a file', () => {
  const cluster = join(folder, 'cluster')
  load([
    `log.dirs=${cluster}`,
    'controller.quorum.voters=1@a:9093',
    'controller.listener.names=C',
    'listeners=PLAINTEXT://:1,C://:2',
  ])
  expect(existsSync(cluster)).toBe(false)
  const formatted = join(folder, 'formatted')
  mkdirSync(formatted)
  writeFileSync(join(formatted, 'meta.properties'), 'version=1\n')
  expect(load([`log.dirs=${formatted}`]).file).toBeUndefined()
  expect(existsSync(join(formatted, 'broker.properties'))).toBe(false)
  const file = join(folder, 'own.properties')
  writeFileSync(file, `log.dirs=${join(folder, 'third')}\n`)
  expect(load([], file)).toMatchObject({ file, isFirstRun: false })
  expect(existsSync(join(folder, 'third'))).toBe(false)
})

test.each([
  [['nonsense'], undefined, '--override nonsense: write it as key=value'],
  [[], '/no/such/file', 'there is no configuration file /no/such/file'],
])('%j %j is an error of the operator', (override, file, message) => {
  expect(() => load(override, file)).toThrow(new OperatorError(message))
})

test('a wrong value names key and file', () => {
  const file = join(folder, 'own.properties')
  writeFileSync(file, 'num.partitions=many\n')
  expect(() => load([], file)).toThrow(
    new OperatorError(
      `Invalid value many for configuration num.partitions: Not a number of type INT (in ${file} or --override)`,
    ),
  )
})

test('the examples in config/ are right', () => {
  const warned: string[] = []
  for (const name of ['broker', 'controller', 'combined']) {
    const file = new URL(`../../config/${name}.properties`, import.meta.url).pathname
    const { config } = loadNodeConfiguration({ config: file, override: [] }, (message) => warned.push(message))
    expect([name, config.isBroker, config.isController]).toEqual([name, name !== 'controller', name !== 'broker'])
  }
  expect(warned).toEqual([])
})
