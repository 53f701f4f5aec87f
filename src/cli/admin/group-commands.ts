/** `ottla groups` as yargs reads it. */
import type { Writable } from 'node:stream'
import type { Argv } from 'yargs'
import { type Run, text, texts, yes } from '../data/option-kinds.ts'
import { formatOption, integer, names, optionsOf, targetOptions } from './admin-options.ts'

export function addGroups<Parsed>(parser: Argv<Parsed>, run: Run, output: Writable) {
  const load = () => import('./groups.ts')
  const options = { ...targetOptions, ...formatOption } as const
  const groups = { ...names, demandOption: true } as const
  const withReads = parser
    .command(
      'list',
      'Names, types and states of groups',
      (command) => command.options(options),
      (given) => run(load().then(({ groupsList }) => groupsList(optionsOf(given), output))),
    )
    .command(
      'describe <groups..>',
      'State and members of groups',
      (command) => command.positional('groups', groups).options(options),
      (given) => {
        const what = { ...optionsOf(given), groups: given.groups.map(String) }
        return run(load().then(({ groupsDescribe }) => groupsDescribe(what, output)))
      },
    )
    .command(
      'offsets <groups..>',
      'What groups have read, and how far behind they are',
      (command) =>
        command.positional('groups', groups).options(options).example('$0 groups offsets billing --format json', ''),
      (given) => {
        const what = { ...optionsOf(given), groups: given.groups.map(String) }
        return run(load().then(({ groupsOffsets }) => groupsOffsets(what, output)))
      },
    )
  return addGroupChanges(withReads, run, output).demandCommand(
    1,
    'groups needs a command: list, describe, offsets, reset or delete',
  )
}

function addGroupChanges<Parsed>(parser: Argv<Parsed>, run: Run, output: Writable) {
  const load = () => import('./groups.ts')
  const topic = {
    ...texts,
    alias: 't',
    describe: 'A topic, or topic:0,1 for some partitions; may be repeated',
  } as const
  return parser
    .command(
      'reset <group>',
      'Show where the offsets of a group without members would be put, and put them there with --execute',
      (command) =>
        command
          .positional('group', { type: 'string', demandOption: true })
          .options({
            ...targetOptions,
            ...formatOption,
            topic: { ...topic, defaultDescription: 'all that the group has offsets of' },
            to: { ...text, describe: 'earliest, latest, current, an offset, or a time (2026-01-31T12:00:00Z)' },
            ago: { ...text, describe: 'Where the log was so long ago: 90s, 15m, 36h, 7d' },
            shift: { ...integer, describe: 'So many records on, or back below zero' },
            execute: { ...yes, describe: 'Write the new offsets' },
          })
          .example('$0 groups reset billing -t orders --to earliest', 'Only show')
          .example('$0 groups reset billing --ago 1h --execute', 'Read the last hour again'),
      (given) => {
        const { group, topic: topics, to, ago, shift, execute } = given
        const what = { group: String(group), topics, to, ago, shift, execute }
        return run(load().then(({ groupsReset }) => groupsReset({ ...optionsOf(given), ...what }, output)))
      },
    )
    .command(
      'delete <groups..>',
      'Delete groups without members, or with --topic their offsets of it alone',
      (command) =>
        command
          .positional('groups', { ...names, demandOption: true })
          .options({ ...targetOptions, topic })
          .example('$0 groups delete billing', ''),
      (given) => {
        const what = { ...optionsOf(given), groups: given.groups.map(String), topics: given.topic }
        return run(load().then(({ groupsDelete }) => groupsDelete(what, output)))
      },
    )
}
