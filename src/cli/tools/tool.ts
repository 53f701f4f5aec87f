/**
 * What a tool with the name of one of Apache Kafka's is: its flags, and what it does with them. Each is a file of this
 * folder that exports one, named in run-tool.ts, which runs it.
 */
import type { Readable, Writable } from 'node:stream'
import type { ToolArguments, ToolFlags } from './tool-arguments.ts'

/** Where a tool reads and writes: the process, or a test. */
export interface ToolStreams {
  readonly input: Readable
  readonly output: Writable
  readonly errors: Writable
}

export interface Tool<Name extends string = string> {
  /** One line of the help. */
  readonly summary: string
  /** All of them but --help and --version, which every tool has. */
  readonly flags: ToolFlags<Name>
  /** It ends in order when nobody reads its output any more; others end at once. */
  readonly handlesClosedOutput?: true
  /** Checks the flags (ToolUsageError) and does the work. Resolves with the exit code, if it is not 0. */
  run(given: ToolArguments<Name>, streams: ToolStreams): Promise<number | undefined>
  /** Tells of a failure as the stock tool does; one line of standard error without it. */
  explain?(message: string, streams: ToolStreams, words: readonly string[], error: unknown): void
}

/** Ties the names of the flags to the type of the arguments. */
export function defineTool<Name extends string>(tool: Tool<Name>): Tool {
  return tool as unknown as Tool
}

export const commonFlags: ToolFlags = {
  help: { aliases: ['h'], describe: 'Show this help.' },
  version: { describe: 'Show the version.' },
}

/** Flags of a tool that speaks with a broker: clientOf of tool-client.ts reads them. */
export const connectionFlags = {
  'bootstrap-server': { value: 'host:port,...', describe: 'The brokers to connect to first.' },
  'command-config': { value: 'file', describe: 'A properties file with settings of the client.' },
} as const

export function printLine(stream: Writable, text: string): void {
  stream.write(`${text}\n`)
}
