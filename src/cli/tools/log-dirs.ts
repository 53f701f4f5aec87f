/** kafka-log-dirs: what lies in the log directories of brokers, as one line of JSON. */
import { brokersOf, describeLogDirs, type LogDirDescription } from '../../client/admin-cluster.ts'
import { adminError } from '../../client/admin-error.ts'
import { javaException } from './java-exception.ts'
import { inHashMapOrder, partitionsInHashMapOrder } from './java-order.ts'
import { connectionFlags, defineTool, printLine } from './tool.ts'
import { ToolUsageError } from './tool-arguments.ts'
import { clientOf, withClient } from './tool-client.ts'

export const logDirsTool = defineTool({
  summary: 'Shows how much the partitions take in the log directories of brokers.',
  flags: {
    ...connectionFlags,
    describe: { describe: 'Show the directories.' },
    'topic-list': { value: 'topic,...', describe: 'Only these topics.' },
    'broker-list': { value: '0,1,...', describe: 'Only these brokers.' },
  },
  async run(given, { output, errors }) {
    given.require('bootstrap-server', 'describe')
    const brokers = listOf(given.text('broker-list')).map(parseId)
    const topics = new Set(listOf(given.text('topic-list')))
    return withClient(clientOf(given), async (client) => {
      const present = (await brokersOf(client)).map(({ nodeId }) => nodeId)
      const missing = brokers.filter((id) => !present.includes(id))
      if (missing.length > 0) {
        printLine(
          errors,
          `ERROR: The given brokers do not exist from --broker-list: ${missing.join(',')}. Current existent brokers: ${present.join(',')}`,
        )
        return 1
      }
      const asked = brokers.length === 0 ? present : [...new Set(brokers)]
      printLine(output, 'Querying brokers for log directories information')
      const described = await Promise.all(
        asked.map(async (broker) => ({ broker, logDirs: dirsOf(await describeLogDirs(client, broker), topics) })),
      )
      printLine(output, `Received log directory information from brokers ${asked.join(',')}`)
      printLine(output, JSON.stringify({ brokers: described, version: 1 }))
      return undefined
    })
  },
})

function dirsOf(dirs: readonly LogDirDescription[], topics: ReadonlySet<string>): object[] {
  const byPath = new Map(dirs.map((dir) => [dir.path, dir]))
  return inHashMapOrder(byPath.keys()).map((path) => {
    const { errorCode, partitions } = byPath.get(path)!
    const shown = partitions.filter(({ topic }) => topics.size === 0 || topics.has(topic))
    return {
      partitions: partitionsInHashMapOrder(shown).map(({ topic, partition, size, offsetLag, isFuture }) => ({
        partition: `${topic}-${partition}`,
        size,
        offsetLag,
        isFuture,
      })),
      error: errorCode === 0 ? null : javaException(adminError(errorCode)),
      logDir: path,
    }
  })
}

function listOf(text: string | undefined): string[] {
  return (text ?? '').split(',').filter((each) => each !== '')
}

function parseId(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new ToolUsageError(`For input string: "${text}"`, false)
  return Number(text)
}
