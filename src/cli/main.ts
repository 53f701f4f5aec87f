/**
 * The entry of the command line. `ottla start` with plain options goes straight to its code; everything else goes
 * through yargs. What the operator did wrong is one line on standard error, and an exit code.
 */
import type { Commands } from './arguments.ts'
import { OperatorError } from './operator-error.ts'
import { exitCodes, type StartOptions, start } from './start.ts'
import { parseStartArguments } from './start-arguments.ts'

const commands: Commands = {
  start: (options: StartOptions) => start(options, async () => (await import('../node.ts')).startNode),
  async startNodes(options) {
    const { startNodes } = await import('./nodes/start-nodes.ts')
    return startNodes(options, async () => (await import('../node.ts')).formatStorage)
  },
  async format(options) {
    const { format } = await import('./format.ts')
    return format(options, async () => (await import('../node.ts')).formatStorage)
  },
  async logDump(options) {
    const { logDump } = await import('./log-dump.ts')
    return logDump(options)
  },
}

/** Runs the command line `words` (without node and script) and resolves with the exit code. */
export async function main(words: readonly string[]): Promise<number> {
  try {
    const options = words[0] === 'start' ? parseStartArguments(words.slice(1)) : undefined
    if (options !== undefined) return await commands.start(options)
    if (words[0] === 'tool' && words[1] !== undefined && !words[1].startsWith('-'))
      return await (await import('./tools/run-tool.ts')).runTool(words[1], words.slice(2))
    if (words[0] === 'cluster' && words[1] === 'health') {
      const { clusterHealth, parseHealthArguments } = await import('./admin/cluster-health.ts')
      const health = parseHealthArguments(words.slice(2))
      const streams = { input: process.stdin, output: process.stdout, errors: process.stderr }
      if (health !== undefined) return await clusterHealth(health, streams)
    }
    const { runCommandLine } = await import('./arguments.ts')
    return await runCommandLine(words, commands)
  } catch (error) {
    return explain(error)
  }
}

/** Errors by which the rooms below say what the operator must put right. */
const explained = new Set([
  'OperatorError',
  'ConfigError',
  'NetworkError',
  'FileSystemError',
  'MetaPropertiesError',
  'KafkaError',
  'ConnectionError',
  'BootstrapError',
  'NotServedError',
  'UnknownTopicError',
])

function explain(error: unknown): number {
  if (error instanceof Error && error.name === 'UsageError') {
    process.stderr.write(`ottla: ${error.message}; see ottla --help\n`)
    return exitCodes.usage
  }
  const isExplained = error instanceof OperatorError || (error instanceof Error && explained.has(error.name))
  const text = isExplained
    ? (error as Error).message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error)
  process.stderr.write(`ottla: ${text}\n`)
  return exitCodes.failed
}
