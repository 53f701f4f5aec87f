/** kafka-broker-api-versions: which versions of which API each broker serves, and which of them this client would use. */
import { brokersOf } from '../../client/admin-cluster.ts'
import { nameOf } from '../../client/connection.ts'
import { apis } from '../../protocol/api/index.ts'
import { connectionFlags, defineTool, printLine } from './tool.ts'
import { clientOf, withClient } from './tool-client.ts'

interface Range {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

export const brokerApiVersionsTool = defineTool({
  summary: 'Shows which versions of the protocol the brokers speak.',
  flags: connectionFlags,
  async run(given, { output }) {
    given.require('bootstrap-server')
    await withClient(clientOf(given), async (client) => {
      for (const broker of await brokersOf(client)) {
        const { nodeId, rack } = broker
        const name = `${nameOf(broker)} (id: ${nodeId} rack: ${rack} isFenced: false)`
        const connection = await client.connectionTo({ nodeId })
        printLine(output, `${name} -> ${versionsText(connection.brokerVersions.apiKeys)}`)
      }
    })
    return undefined
  },
})

/** In the order of the keys; what the broker lacks is named too. */
export function versionsText(offered: readonly Range[]): string {
  const lines = new Map(offered.map((range) => [range.apiKey, rangeText(range)]))
  for (const { key, name, request } of apis.values())
    if (!lines.has(key) && request.listeners.includes('broker')) lines.set(key, `${name}(${key}): UNSUPPORTED`)
  const sorted = [...lines].sort(([left], [right]) => left - right)
  return `(\n\t${sorted.map(([, line]) => line).join(',\n\t')}\n)`
}

function rangeText({ apiKey, minVersion, maxVersion }: Range): string {
  const api = apis.get(apiKey)
  const name = api === undefined ? `UNKNOWN(${apiKey})` : `${api.name}(${apiKey})`
  const range = minVersion === maxVersion ? `${minVersion}` : `${minVersion} to ${maxVersion}`
  if (api === undefined) return `${name}: ${range}`
  const newest = api.request.latestVersionUnstable ? api.request.maxVersion - 1 : api.request.maxVersion
  const usable = Math.min(newest, maxVersion)
  const isUsable = usable >= minVersion && usable >= api.request.minVersion
  return `${name}: ${range} [${isUsable ? `usable: ${usable}` : 'unusable: node too new'}]`
}
