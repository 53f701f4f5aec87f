import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { prepareClusterFiles } from '../../../src/cli/nodes/cluster-files.ts'
import { BrokerConfig } from '../../../src/config/broker-config.ts'
import { parseProperties } from '../../../src/config/properties.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ottla-nodes-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const layout = (nodesCount: number) => ({ directory, nodesCount, host: '127.0.0.1', port: 9092 })

function configOf(file: string): BrokerConfig {
  return BrokerConfig.from(parseProperties(readFileSync(file, 'utf8')), (message) => expect.fail(message))
}

test('each node gets a configuration that stands, with three voters and three copies', () => {
  const { nodes, voters, isNew } = prepareClusterFiles(layout(4))
  expect(isNew).toBe(true)
  expect(voters.map(({ id, endpoints }) => [id, endpoints[0]!.port])).toEqual([
    [1, 9093],
    [2, 9095],
    [3, 9097],
  ])
  expect(new Set(voters.map(({ directoryId }) => directoryId)).size).toBe(3)
  expect(nodes.map(({ address }) => address)).toEqual([
    '127.0.0.1:9092',
    '127.0.0.1:9094',
    '127.0.0.1:9096',
    '127.0.0.1:9098',
  ])
  const configs = nodes.map(({ file }) => configOf(file))
  expect(configs.map((config) => config.nodeId)).toEqual([1, 2, 3, 4])
  expect(configs.map((config) => config.isController)).toEqual([true, true, true, false])
  for (const config of configs) {
    expect(config.controllerQuorumVoters).toEqual([])
    expect(config.controllerQuorumBootstrapServers.map(({ port }) => port)).toEqual([9093, 9095, 9097])
    expect(config.number('min.insync.replicas')).toBe(2)
    expect(config.number('default.replication.factor')).toBe(3)
  }
})

test('of two nodes one decides, and asks for no copy that would block', () => {
  const configs = prepareClusterFiles(layout(2)).nodes.map(({ file }) => configOf(file))
  expect(configs.map((config) => config.isController)).toEqual([true, false])
  expect(configs[1]!.number('min.insync.replicas')).toBe(1)
})

test('a later start reads what is there, and keeps what the operator changed', () => {
  const first = prepareClusterFiles(layout(3))
  const { file } = first.nodes[1]!
  writeFileSync(file, `${readFileSync(file, 'utf8')}broker.rack=b\n`)
  const second = prepareClusterFiles({ ...layout(3), port: 1000 })
  expect(second).toEqual({ ...first, isNew: false })
  expect(configOf(file).rack).toBe('b')
})

test('another number of nodes is refused', () => {
  prepareClusterFiles(layout(3))
  expect(() => prepareClusterFiles(layout(5))).toThrow('holds a cluster of 3 nodes: say --nodes 3')
})
