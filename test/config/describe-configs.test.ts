import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BrokerConfig } from '../../src/config/broker-config.ts'
import {
  type DescribedConfig,
  describeBrokerConfigs,
  describeClientMetricsConfigs,
  describeClusterConfigs,
  describeGroupConfigs,
  describeTopicConfigs,
} from '../../src/config/describe-configs.ts'

type Texts = Readonly<Record<string, string>>
type Row = readonly [
  string,
  string | null,
  boolean,
  number,
  boolean,
  number,
  readonly (readonly [string, string, number])[],
]

/** What a broker of Apache Kafka 4.3.1 answered with these settings. */
const fixture = JSON.parse(readFileSync(new URL('fixtures/described-4.3.1.json', import.meta.url), 'utf8')) as {
  readonly static: Texts
  readonly dynamicDefaults: Texts
  readonly dynamicBroker: Texts
  readonly topic: Texts
  readonly group: Texts
  readonly clientMetrics: Texts
  readonly described: Readonly<Record<'topic' | 'broker' | 'cluster' | 'group' | 'clientMetrics', readonly Row[]>>
}

const map = (texts: Texts): Map<string, string> => new Map(Object.entries(texts))

function settledConfig(): BrokerConfig {
  const config = BrokerConfig.from(map(fixture.static))
  config.setDynamic(map(fixture.dynamicDefaults), map(fixture.dynamicBroker))
  return config
}

function rows(configs: readonly DescribedConfig[]): Row[] {
  return configs
    .map(
      (config): Row => [
        config.name,
        config.value,
        config.readOnly,
        config.configSource,
        config.isSensitive,
        config.configType,
        config.synonyms.map(({ name, value, source }) => [name, value as string, source]),
      ],
    )
    .sort(([left], [right]) => (left < right ? -1 : 1))
}

/** Of ottla's own three defaults one shows here. */
function kafkas(row: Row): Row {
  if (row[0] !== 'log.dir') return row
  const text = '(temporary folder)/kafka-logs'
  return ['log.dir', text, ...row.slice(2, 6), [['log.dir', text, 5]]] as unknown as Row
}

/** The fixture is sorted by code point. */
function expected(list: readonly Row[]): Row[] {
  return [...list].sort(([left], [right]) => (left < right ? -1 : 1))
}

const kafkaRows = (list: readonly Row[]): Row[] =>
  list.map((row) =>
    row[0] === 'process.roles' || row[0] === 'node.id'
      ? ([...row.slice(0, 6), row[6].filter((synonym) => synonym[2] !== 5)] as unknown as Row)
      : kafkas(row),
  )

test('a topic is described as 4.3.1 does: values, sources and synonyms in order', () => {
  expect(rows(describeTopicConfigs(map(fixture.topic), settledConfig()))).toEqual(expected(fixture.described.topic))
})

test('a broker is described as 4.3.1 does, with dynamic, static, unknown and secret values', () => {
  expect(kafkaRows(rows(describeBrokerConfigs(settledConfig())))).toEqual(expected(fixture.described.broker))
})

test('the dynamic default of all brokers is described as 4.3.1 does', () => {
  expect(rows(describeClusterConfigs(settledConfig()))).toEqual(expected(fixture.described.cluster))
})

test('a group is described as 4.3.1 does', () => {
  expect(rows(describeGroupConfigs(map(fixture.group), settledConfig()))).toEqual(expected(fixture.described.group))
})

test('a client metrics subscription is described as 4.3.1 does', () => {
  expect(rows(describeClientMetricsConfigs(map(fixture.clientMetrics)))).toEqual(
    expected(fixture.described.clientMetrics),
  )
})

test('only the keys that are asked for are described; none means all', () => {
  const config = settledConfig()
  expect(describeTopicConfigs(new Map(), config, ['retention.ms', 'nonsense']).map(({ name }) => name)).toEqual([
    'retention.ms',
  ])
  expect(describeBrokerConfigs(config, ['foo.bar', 'log.dirs']).map(({ name }) => name)).toEqual([
    'foo.bar',
    'log.dirs',
  ])
  expect(describeTopicConfigs(new Map(), config, [])).toHaveLength(33)
})

test("ottla's own key is described when it is set", () => {
  const config = BrokerConfig.from(new Map([['validate.records', 'full']]))
  expect(describeTopicConfigs(new Map(), config).some(({ name }) => name === 'validate.records')).toBe(false)
  const [own] = describeTopicConfigs(new Map([['validate.records', 'header']]), config, ['validate.records'])
  expect(own).toMatchObject({ value: 'header', configSource: 1 })
  expect(own!.synonyms).toEqual([
    { name: 'validate.records', value: 'header', source: 1 },
    { name: 'validate.records', value: 'full', source: 4 },
  ])
})
