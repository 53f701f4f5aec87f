/** --print-metrics: what this client counts, in the layout of the stock tools. Kafka's client has a hundred more. */
import { printLine, type ToolStreams } from '../tools/tool.ts'

export function printClientMetrics(
  { output }: ToolStreams,
  group: string,
  clientId: string,
  metrics: ReadonlyMap<string, number>,
): void {
  const rows = [...metrics].map(
    ([name, value]) => [`${group}:${name}:{client-id=${clientId}}`, value.toFixed(3)] as const,
  )
  const width = Math.max(...rows.map(([name]) => name.length))
  printLine(output, `\n${'Metric Name'.padEnd(width)}   Value`)
  for (const [name, value] of rows) printLine(output, `${name.padEnd(width)} : ${value}`)
}
