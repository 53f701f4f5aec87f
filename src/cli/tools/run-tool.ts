/**
 * Runs the tools that have the names of Apache Kafka's, which bin/kafka-* and `ottla tool NAME` start. What went wrong
 * is one line, never a stack; the exit code is then 1, as theirs is.
 */
import { OperatorError } from '../operator-error.ts'
import { packageVersion } from '../version.ts'
import { commonFlags, printLine, type Tool, type ToolStreams } from './tool.ts'
import { helpOf, ToolArguments, ToolUsageError } from './tool-arguments.ts'

/** The Apache Kafka whose tools these are like. */
const kafkaVersion = '4.3.1'

/** Each tool's own code is read when it runs. */
const tools: Readonly<Record<string, () => Promise<Tool>>> = {
  'kafka-broker-api-versions': async () => (await import('./broker-api-versions.ts')).brokerApiVersionsTool,
  'kafka-cluster': async () => (await import('./cluster.ts')).clusterTool,
  'kafka-configs': async () => (await import('./configs.ts')).configsTool,
  'kafka-console-consumer': async () => (await import('./console-consumer.ts')).consoleConsumerTool,
  'kafka-console-producer': async () => (await import('./console-producer.ts')).consoleProducerTool,
  'kafka-consumer-groups': async () => (await import('./consumer-groups.ts')).consumerGroupsTool,
  'kafka-consumer-perf-test': async () => (await import('./consumer-perf-test.ts')).consumerPerfTestTool,
  'kafka-delete-records': async () => (await import('./delete-records.ts')).deleteRecordsTool,
  'kafka-dump-log': async () => (await import('./dump-log.ts')).dumpLogTool,
  'kafka-get-offsets': async () => (await import('./get-offsets.ts')).getOffsetsTool,
  'kafka-leader-election': async () => (await import('./leader-election.ts')).leaderElectionTool,
  'kafka-log-dirs': async () => (await import('./log-dirs.ts')).logDirsTool,
  'kafka-metadata-quorum': async () => (await import('./metadata-quorum.ts')).metadataQuorumTool,
  'kafka-producer-perf-test': async () => (await import('./producer-perf-test.ts')).producerPerfTestTool,
  'kafka-reassign-partitions': async () => (await import('./reassign-partitions.ts')).reassignPartitionsTool,
  'kafka-storage': async () => (await import('./storage.ts')).storageTool,
  'kafka-topics': async () => (await import('./topics.ts')).topicsTool,
}

export const toolNames: readonly string[] = Object.keys(tools)

const processStreams: ToolStreams = { input: process.stdin, output: process.stdout, errors: process.stderr }

/** Resolves with the exit code. */
export async function runTool(
  name: string,
  words: readonly string[],
  streams: ToolStreams = processStreams,
): Promise<number> {
  const load = Object.hasOwn(tools, name) ? tools[name] : undefined
  if (load === undefined) {
    printLine(streams.errors, `ottla: there is no tool ${name}; there are ${toolNames.join(', ')}`)
    return 1
  }
  const tool = await load()
  if (!tool.handlesClosedOutput) endWithReader(streams)
  const flags = { ...tool.flags, ...commonFlags }
  try {
    if (words.length === 0) {
      printLine(streams.errors, helpOf(tool.summary, flags))
      return 1
    }
    const given = ToolArguments.parse(flags, words)
    if (given.has('version')) {
      printLine(streams.output, `${kafkaVersion} (ottla ${packageVersion()})`)
      return 0
    }
    if (given.has('help')) {
      printLine(streams.output, helpOf(tool.summary, flags))
      return 0
    }
    return (await tool.run(given, streams)) ?? 0
  } catch (error) {
    if (error instanceof ToolUsageError && error.showsHelp)
      printLine(streams.errors, `${error.message}\n${helpOf(tool.summary, flags)}`)
    else {
      const message = error instanceof Error ? shownMessage(error) : String(error)
      if (tool.explain !== undefined) tool.explain(message, streams, words, error)
      else printLine(streams.errors, message)
    }
    return 1
  }
}

/** `kafka-topics --list | head` ends when head has seen enough. */
function endWithReader({ output }: ToolStreams): void {
  if (output === process.stdout) process.stdout.on('error', () => process.exit(0))
}

/** Our own mistakes show where they are; everything else is for the person at the terminal. */
function shownMessage(error: Error): string {
  const isOurMistake = ['TypeError', 'RangeError', 'ReferenceError', 'AssertionError'].includes(error.name)
  return isOurMistake && !(error instanceof OperatorError) ? (error.stack ?? error.message) : error.message
}
