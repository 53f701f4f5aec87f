import { describe, expect, test } from 'vitest'
import { parseToolArguments, type ToolOption } from '../../../src/cli/tools/tool-arguments.ts'
import { toolHelp } from '../../../src/cli/tools/tool-help.ts'

const options: readonly ToolOption[] = [
  { name: 'bootstrap-server', aliases: ['broker-list'], argument: 'required', describe: 'Where.', isRequired: true },
  { name: 'topic', argument: 'required', describedAs: 'topic', describe: 'The topic.' },
  { name: 'property', argument: 'required', describe: 'A property.' },
  { name: 'props', argument: 'several', describe: 'Properties.' },
  { name: 'codec', argument: 'optional', describe: 'The codec.' },
  { name: 'count', argument: 'required', type: 'integer', describe: 'How many.', default: '3' },
  { name: 'sync', describe: 'One by one.' },
]
const parse = (...words: string[]) => parseToolArguments(options, ['--bootstrap-server', 'a:1', ...words])

describe('flags of the stock tools', () => {
  test('both spellings, switches, repetition, several words, an argument that may be missing', () => {
    const words = parse(
      '--topic=t=1',
      '--property',
      'a=b',
      '--property=c=',
      '--sync',
      '--codec',
      '--props',
      'x=1',
      'y=2',
    )
    expect(words.value('topic')).toBe('t=1')
    expect(words.values('property')).toEqual(['a=b', 'c='])
    expect(words.has('sync')).toBe(true)
    expect([words.has('codec'), words.value('codec')]).toEqual([true, undefined])
    expect(words.values('props')).toEqual(['x=1', 'y=2'])
    expect([words.has('count'), words.number('count')]).toEqual([false, 3])
  })

  test('an old name stands for the new one, a single dash for two, a number below zero is no flag', () => {
    const words = parseToolArguments(options, ['-broker-list', 'b:2', '--count', '-7', 'passed', 'over'])
    expect(words.value('bootstrap-server')).toBe('b:2')
    expect(words.number('count')).toBe(-7)
  })

  test.each([
    [['--foo'], 'foo is not a recognized option'],
    [['--top', 't'], 'top is not a recognized option'],
    [['--topic'], 'Option topic requires an argument'],
    [['--topic', '--sync'], 'Option topic requires an argument'],
    [['--sync=1'], 'Option sync does not take an argument'],
    [['--count', 'ten'], "Cannot parse argument 'ten' of option count"],
    [['--count', '2147483648'], "Cannot parse argument '2147483648' of option count"],
  ])('%s: %s', (words, message) => {
    expect(() => parse(...words)).toThrow(message)
  })

  test('one value where one is asked for, and what is required', () => {
    expect(() => parse('--topic', 'a', '--topic', 'b').value('topic')).toThrow(
      'Found multiple arguments for option topic, but you asked for only one',
    )
    expect(() => parseToolArguments(options, [])).toThrow('Missing required argument "[bootstrap-server]"')
  })

  test('the help names every option, its argument and its default', () => {
    const help = toolHelp('kafka-x', 'Does x.', options)
    expect(help).toMatch(/^Usage: kafka-x \[options\]\n\nDoes x.\n/)
    expect(help).toMatch(/--count <Integer> +How many. \(default: 3\)/)
    expect(help).toMatch(/--topic <String: topic> +The topic./)
    expect(help).toMatch(/--bootstrap-server <String> +REQUIRED: Where. \(also: --broker-list\)/)
  })
})
