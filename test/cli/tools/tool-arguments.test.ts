import { describe, expect, test } from 'vitest'
import { helpOf, ToolArguments } from '../../../src/cli/tools/tool-arguments.ts'

const flags = {
  'bootstrap-server': { aliases: ['broker-list', 'b'], value: 'server', describe: 'Where.', isRequired: true },
  topic: { value: 'topic', describe: 'The topic.' },
  property: { value: 'name=value', describe: 'A property.' },
  properties: { value: 'name=value', takesSeveral: true, describe: 'Properties.' },
  codec: { value: 'codec', isValueOptional: true, describe: 'The codec.' },
  count: { value: 'number', default: '3', describe: 'How many.' },
  sync: { aliases: ['s'], describe: 'One by one.' },
  help: { describe: 'Help.' },
} as const
const parse = (...words: string[]) => ToolArguments.parse(flags, ['--bootstrap-server', 'a:1', ...words])

describe('flags of the stock-named tools', () => {
  test('both spellings, switches, repetition, several words, a value that may be missing', () => {
    const given = parse(
      '--topic=t=1',
      '--property',
      'a=b',
      '--property=c=',
      '--sync',
      '--codec',
      '--properties',
      'x',
      'y',
    )
    expect(given.text('topic')).toBe('t=1')
    expect([...given.pairs('property')]).toEqual([
      ['a', 'b'],
      ['c', ''],
    ])
    expect(given.has('sync')).toBe(true)
    expect([given.has('codec'), given.text('codec')]).toEqual([true, undefined])
    expect(given.texts('properties')).toEqual(['x', 'y'])
    expect([given.has('count'), given.integer('count')]).toEqual([false, 3])
    expect(parse('--topic=').text('topic')).toBe('')
  })

  test('other names, one hyphen, letters together; a required value may look like a flag', () => {
    const given = ToolArguments.parse(flags, ['-broker-list', 'b:2', '--count', '-7', 'passed', '--', '--over'])
    expect(given.text('bootstrap-server')).toBe('b:2')
    expect(given.integer('count')).toBe(-7)
    expect(given.words).toEqual(['passed', '--over'])
    const letters = ToolArguments.parse(flags, ['-sbhost:1', '--topic', '--sync'])
    expect([letters.has('sync'), letters.text('bootstrap-server'), letters.text('topic')]).toEqual([
      true,
      'host:1',
      '--sync',
    ])
  })

  test.each([
    [['--foo'], 'foo is not a recognized option'],
    [['--foo=1'], 'foo is not a recognized option'],
    [['-sx'], 'x is not a recognized option'],
    [['--top', 't'], 'top is not a recognized option'],
    [['--topic'], 'Option topic requires an argument'],
  ])('%s: %s', (words, message) => {
    expect(() => parse(...words)).toThrow(message)
  })

  test('values are looked at when they are asked for', () => {
    expect(() => parse('--count', 'ten').integer('count')).toThrow("Cannot parse argument 'ten' of option count")
    expect(() => parse('--count', '2147483648').integer('count')).toThrow("'2147483648'")
    expect(parse('--count', '9223372036854775807').long('count')).toBe(9223372036854775807n)
    expect(() => parse('--count', '9223372036854775808').long('count')).toThrow("'9223372036854775808'")
    expect(parse('--count', '0.5').double('count')).toBe(0.5)
    expect(() => parse('--topic', 'a', '--topic', 'b').text('topic')).toThrow(
      'Found multiple arguments for option topic, but you asked for only one',
    )
    expect(() => parse('--property', 'a').pairs('property')).toThrow('Invalid command line properties: a')
  })

  test('what must be there and what may not stand together', () => {
    expect(() => ToolArguments.parse(flags, [])).toThrow('Missing required option(s) [bootstrap-server]')
    expect(ToolArguments.parse(flags, ['--help']).has('help')).toBe(true)
    expect(() => parse('--sync').require('sync', 'topic')).toThrow('Missing required argument "[topic]"')
    expect(() => parse('--sync', '--topic', 't').exclude('sync', 'codec', 'topic')).toThrow(
      'Option "[sync]" can\'t be used with option "[topic]"',
    )
  })

  test('the help names every flag, its value and its default', () => {
    const help = helpOf('Does x.', flags)
    expect(help).toMatch(/^Does x.\nOption +Description\n/)
    expect(help).toMatch(/--count <number> +How many. \(default: 3\)/)
    expect(help).toMatch(/--properties <name=value> ... +Properties./)
    expect(help).toMatch(/--codec \[codec\] +The codec./)
    expect(help).toMatch(/--broker-list, -b, --bootstrap-server <server>\s+REQUIRED: Where./)
  })
})
