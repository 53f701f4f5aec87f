import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { brokerKeysByName } from '../../src/config/broker-keys.ts'
import type { ConfigKey } from '../../src/config/config-key.ts'
import { defaultConfigValue, parseConfigValue } from '../../src/config/config-value.ts'
import { clientMetricsKeysByName, groupKeysByName, topicKeysByName } from '../../src/config/topic-keys.ts'

interface Fact {
  readonly kind: string
  readonly name: string
  readonly type: string
  readonly readOnly: boolean
  readonly sensitive: boolean
  readonly defaultText: string
  readonly validValues: string
  readonly updateMode: string
}

const facts: Fact[] = readFileSync(new URL('fixtures/keys-4.3.1.tsv', import.meta.url), 'utf8')
  .split('\n')
  .slice(2, -1)
  .map((line) => {
    const [kind, name, type, readOnly, sensitive, defaultText, validValues, updateMode] = line.split('\t') as string[]
    return {
      kind: kind!,
      name: name!,
      type: type!,
      readOnly: readOnly === 'true',
      sensitive: sensitive === 'true',
      defaultText: defaultText!,
      validValues: validValues!,
      updateMode: updateMode!,
    }
  })

const tables: Readonly<Record<string, ReadonlyMap<string, ConfigKey>>> = {
  broker: brokerKeysByName,
  topic: topicKeysByName,
  group: groupKeysByName,
  'client-metrics': clientMetricsKeysByName,
}

/** What ottla decides otherwise, on purpose. */
const ownDefaults: Readonly<Record<string, string>> = {
  'node.id': '1',
  'process.roles': 'broker,controller',
  'log.dir': './ottla-data',
}

test('every key of 4.3.1 is there with its type, default, sensitivity and update mode, and no other is described', () => {
  for (const [kind, table] of Object.entries(tables)) {
    const expected = facts.filter((fact) => fact.kind === kind)
    const ours = expected.map(({ name }) => {
      const key = table.get(name)
      const isReadOnly = kind === 'broker' && key?.updateMode === 'read-only'
      return [name, key?.type, isReadOnly, key?.isSensitive, key?.defaultText ?? '']
    })
    const theirs = expected.map(({ name, type, readOnly, sensitive, defaultText }) => [
      name,
      type,
      readOnly,
      sensitive,
      ownDefaults[name] ?? defaultText,
    ])
    expect(ours).toEqual(theirs)
    const described = [...table.values()].filter((key) => !key.hidden).map(({ name }) => name)
    expect(described.sort()).toEqual(expected.map(({ name }) => name).sort())
  }
})

test('update modes are those of the documentation', () => {
  const documented = facts.filter(({ updateMode }) => updateMode !== '')
  expect(documented.length).toBeGreaterThan(300)
  expect(documented.map(({ name }) => [name, brokerKeysByName.get(name)?.updateMode])).toEqual(
    documented.map(({ name, updateMode }) => [name, updateMode]),
  )
})

test('every default is a valid value', () => {
  for (const table of Object.values(tables))
    for (const key of table.values())
      if (key.defaultText !== null) expect(parseConfigValue(key, key.defaultText)).toEqual(defaultConfigValue(key))
})

describe('ranges of the documentation', () => {
  const ranged = facts.filter(({ validValues }) => /^\[-?\d+,\.\.\./.test(validValues))

  test('their bounds are values, what is beyond is not', () => {
    expect(ranged.length).toBeGreaterThan(190)
    for (const { kind, name, validValues } of ranged) {
      const key = tables[kind]!.get(name)!
      const [, low, high] = /^\[(-?\d+),\.\.\.(?:,(-?\d+))?\]/.exec(validValues) as unknown as [string, string, string?]
      const accepts = (value: bigint): boolean => {
        try {
          parseConfigValue(key, String(value))
          return true
        } catch {
          return false
        }
      }
      expect([name, accepts(BigInt(low)), accepts(BigInt(low) - 3n)]).toEqual([name, true, false])
      if (high !== undefined)
        expect([name, accepts(BigInt(high)), accepts(BigInt(high) + 1n)]).toEqual([name, true, false])
    }
  })

  test('choices are values, others are not', () => {
    const chosen = facts.filter(
      ({ validValues }) => /^\[[A-Za-z]/.test(validValues) && !validValues.includes('partitionId'),
    )
    expect(chosen.length).toBeGreaterThan(8)
    for (const { kind, name, validValues } of chosen) {
      const key = tables[kind]!.get(name)!
      for (const choice of validValues.slice(1, -1).split(', ')) expect(parseConfigValue(key, choice)).toBeDefined()
      expect(() => parseConfigValue(key, 'anything')).toThrow(/String must be one of/)
    }
  })
})
