/**
 * Runs the tools that have the names of Apache Kafka's: `ottla tool NAME`, which the programs bin/kafka-* call. What
 * went wrong is one line, never a stack; the exit code is then 1, as theirs is.
 */
import { OperatorError } from '../operator-error.ts'
import { packageVersion } from '../version.ts'
import type { Tool, ToolStreams } from './tool.ts'
import { printLine } from './tool.ts'
import { helpOf, ToolArguments, ToolUsageError } from './tool-arguments.ts'

/** The Apache Kafka whose tools these are like. */
const kafkaVersion = '4.3.1'

/** Each tool's own code is read when it runs. */
const tools: Readonly<Record<string, () => Promise<Tool>>> = {}

export const toolNames: readonly string[] = Object.keys(tools)

const processStreams: ToolStreams = { input: process.stdin, output: process.stdout, errors: process.stderr }

/** `words[0]` is the tool's name. Resolves with the exit code. */
export async function runTool(words: readonly string[], streams: ToolStreams = processStreams): Promise<number> {
  const [name = '', ...rest] = words
  const load = Object.hasOwn(tools, name) ? tools[name] : undefined
  if (load === undefined) {
    printLine(streams.errors, `ottla: there is no tool ${name}; there are ${toolNames.join(', ')}`)
    return 1
  }
  endWithReader(streams)
  const tool = await load()
  try {
    const given = ToolArguments.parse({ ...tool.flags }, rest)
    if (given.has('version')) {
      printLine(streams.output, `${kafkaVersion} (ottla ${packageVersion()})`)
      return 0
    }
    if (given.has('help')) throw new ToolUsageError('')
    return (await tool.run(given, streams)) ?? 0
  } catch (error) {
    explain(tool, error, streams)
    return 1
  }
}

/** `kafka-topics --list | head` ends when head has seen enough. */
function endWithReader({ output }: ToolStreams): void {
  if (output === process.stdout) process.stdout.on('error', () => process.exit(0))
}

function explain(tool: Tool, error: unknown, streams: ToolStreams): void {
  if (error instanceof ToolUsageError && error.showsHelp) {
    if (error.message !== '') printLine(streams.errors, error.message)
    printLine(streams.errors, helpOf(tool.summary, tool.flags))
    return
  }
  const message = error instanceof Error ? shownMessage(error) : String(error)
  if (tool.explain !== undefined) tool.explain(message, streams)
  else printLine(streams.errors, message)
}

/** Our own mistakes show where they are; everything else is for the person at the terminal. */
function shownMessage(error: Error): string {
  const isOurMistake = ['TypeError', 'RangeError', 'ReferenceError', 'AssertionError'].includes(error.name)
  return isOurMistake && !(error instanceof OperatorError) ? (error.stack ?? error.message) : error.message
}
