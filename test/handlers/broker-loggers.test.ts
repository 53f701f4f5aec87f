/** DescribeConfigs (32) and IncrementalAlterConfigs (44) of the resource type BROKER_LOGGER. */
import { describe, expect, test } from 'vitest'
import { describeConfigsRequest, describeConfigsResponse } from '../../src/protocol/api/32-describe-configs.ts'
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../src/protocol/api/44-incremental-alter-configs.ts'
import { errorName } from '../../src/protocol/errors.ts'
import { BrokerHarness, type HarnessOptions } from '../runtime/broker-harness.ts'

const describeApi = [describeConfigsRequest, describeConfigsResponse] as const
const alterApi = [incrementalAlterConfigsRequest, incrementalAlterConfigsResponse] as const
const brokerLogger = 8
const [set, remove, append, subtract] = [0, 1, 2, 3]

async function start(options: HarnessOptions = {}): Promise<BrokerHarness> {
  const harness = await BrokerHarness.start(options)
  harness.broker.loggers.logger('ottla.log')
  return harness
}

type Change = readonly [name: string, operation: number, value: string | null]

async function alter(harness: BrokerHarness, name: string, changes: readonly Change[], validateOnly = false) {
  const configs = changes.map(([key, configOperation, value]) => ({ name: key, configOperation, value }))
  const resources = [{ resourceType: brokerLogger, resourceName: name, configs }]
  const { responses } = await harness.call(alterApi, 1, { resources, validateOnly })
  const { errorCode, errorMessage } = responses[0]!
  return [errorName(errorCode), errorMessage]
}

async function levels(harness: BrokerHarness, keys: readonly string[] | null = null) {
  const resources = [{ resourceType: brokerLogger, resourceName: '1', configurationKeys: keys }]
  const { results } = await harness.call(describeApi, 4, { resources })
  return results[0]!.configs.map(({ name, value }) => [name, value])
}

const done = ['NONE', null]

test('loggers are told with the level that counts', async () => {
  const harness = await start()
  expect(await levels(harness)).toEqual([
    ['ottla.log', 'INFO'],
    ['root', 'INFO'],
  ])
  expect(await levels(harness, ['root', 'none'])).toEqual([['root', 'INFO']])
})

test('levels are set and given back, without the controller', async () => {
  const harness = await start()
  expect(await alter(harness, '1', [['ottla.log', set, 'DEBUG']])).toEqual(done)
  expect(await alter(harness, '1', [['root', set, 'ERROR']])).toEqual(done)
  expect(await levels(harness)).toEqual([
    ['ottla.log', 'DEBUG'],
    ['root', 'ERROR'],
  ])
  expect(await alter(harness, '1', [['ottla.log', remove, null]])).toEqual(done)
  expect(await levels(harness, ['ottla.log'])).toEqual([['ottla.log', 'ERROR']])
  expect(harness.controllerRequests).toEqual([])
})

test('validated only, or with one change that is refused, no level changes', async () => {
  const harness = await start()
  expect(await alter(harness, '1', [['root', set, 'TRACE']], true)).toEqual(done)
  const mixed: Change[] = [
    ['root', set, 'ERROR'],
    ['none', set, 'ERROR'],
  ]
  expect(await alter(harness, '1', mixed)).toEqual(['INVALID_CONFIG', 'Logger none does not exist!'])
  expect(await levels(harness, ['root'])).toEqual([['root', 'INFO']])
})

describe('refused in the words of 4.3.1', () => {
  const unsupported = (name: string, level: string) =>
    `Cannot set the log level of ${name} to ${level} as it is not a supported log level. Valid log levels are DEBUG, ` +
    'ERROR, FATAL, INFO, TRACE, WARN'
  const cases: [string, Change, string, string | null][] = [
    ['1', ['root', 9, 'INFO'], 'UNKNOWN_SERVER_ERROR', null],
    ['2', ['root', set, 'INFO'], 'INVALID_REQUEST', 'Unexpected node id. Expected 1, but received 2'],
    ['', ['root', set, 'INFO'], 'INVALID_REQUEST', 'Node id must be an integer, but it is: '],
    ['1', ['root', set, 'info'], 'INVALID_CONFIG', unsupported('root', 'info')],
    ['1', ['root', set, 'OFF'], 'INVALID_CONFIG', unsupported('root', 'OFF')],
    ['1', ['root', set, null], 'INVALID_REQUEST', 'Null value not supported for : root'],
    ['1', ['root', remove, null], 'INVALID_REQUEST', 'Removing the log level of the root logger is not allowed'],
    ['1', ['none', remove, null], 'INVALID_CONFIG', 'Logger none does not exist!'],
    [
      '1',
      ['none', append, 'INFO'],
      'INVALID_REQUEST',
      'APPEND operation is not allowed for the BROKER_LOGGER resource',
    ],
    [
      '1',
      ['root', subtract, 'INFO'],
      'INVALID_REQUEST',
      'SUBTRACT operation is not allowed for the BROKER_LOGGER resource',
    ],
  ]
  test.each(cases)('%j %j', async (name, change, error, message) => {
    expect(await alter(await start(), name, [change])).toEqual([error, message])
  })
})

test('needs the right to alter the cluster’s configuration', async () => {
  const harness = await start({ authorize: () => false })
  expect((await alter(harness, '1', [['root', set, 'ERROR']]))[0]).toBe('CLUSTER_AUTHORIZATION_FAILED')
  expect(harness.broker.loggers.level('root')).toBe('INFO')
})
