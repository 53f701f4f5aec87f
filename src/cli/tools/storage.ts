/** kafka-storage: gives data directories their identity, and says which they have. */
import { randomUuid } from '../../base/uuid.ts'
import { NodeRandom } from '../../io/node-random.ts'
import { OperatorError } from '../operator-error.ts'
import { featureDependencies, versionMapping } from './storage-features.ts'
import { flags, type StorageArguments } from './storage-flags.ts'
import { formatDirectories } from './storage-format.ts'
import { describeDirectories } from './storage-info.ts'
import { defineTool, printLine } from './tool.ts'
import { ToolUsageError } from './tool-arguments.ts'

type Flag = keyof typeof flags

const commands = ['info', 'format', 'version-mapping', 'feature-dependencies', 'random-uuid'] as const
type Command = (typeof commands)[number]

const permitted: Readonly<Record<Command, readonly Flag[]>> = {
  info: ['config'],
  format: Object.keys(flags) as Flag[],
  'version-mapping': ['release-version'],
  'feature-dependencies': ['feature'],
  'random-uuid': [],
}
const required: Readonly<Partial<Record<Command, readonly Flag[]>>> = {
  info: ['config'],
  format: ['config', 'cluster-id'],
  'feature-dependencies': ['feature'],
}

export const storageTool = defineTool({
  summary: `kafka-storage ${commands.join(' | ')}: the identity of data directories.`,
  flags,
  async run(given: StorageArguments, { output }) {
    const command = checkArguments(given)
    switch (command) {
      case 'info':
        return describeDirectories(given.text('config')!, output)
      case 'format':
        await formatDirectories(given, output)
        return undefined
      case 'version-mapping':
        output.write(versionMapping(given.text('release-version')))
        return undefined
      case 'feature-dependencies':
        output.write(featureDependencies(given.texts('feature')))
        return undefined
      case 'random-uuid':
        printLine(output, randomUuid(new NodeRandom()))
        return undefined
    }
  },
  explain(message, { errors }) {
    printLine(errors, message)
  },
})

function checkArguments(given: StorageArguments): Command {
  const [word, ...more] = given.words
  if (word === undefined) throw new ToolUsageError('kafka-storage: error: too few arguments')
  const command = commands.find((each) => each === word)
  const choices = commands.map((each) => `'${each}'`).join(', ')
  if (command === undefined)
    throw new ToolUsageError(`kafka-storage: error: invalid choice: '${word}' (choose from ${choices})`)
  const unknown = [
    ...more,
    ...given.sequence.filter((flag) => !permitted[command].includes(flag)).map((flag) => `--${flag}`),
  ]
  if (unknown.length > 0)
    throw new ToolUsageError(`kafka-storage: error: unrecognized arguments: '${unknown.join(' ')}'`)
  for (const flag of required[command] ?? [])
    if (!given.has(flag)) throw new ToolUsageError(`kafka-storage: error: argument --${flag} is required`)
  const ways = (['standalone', 'no-initial-controllers', 'initial-controllers'] as const).filter((way) =>
    given.has(way),
  )
  if (ways.length > 1)
    throw new ToolUsageError(`kafka-storage: error: argument --${ways[1]}: not allowed with argument --${ways[0]}`)
  if (given.has('add-scram')) throw new OperatorError('--add-scram: SCRAM is not served by ottla yet')
  return command
}
