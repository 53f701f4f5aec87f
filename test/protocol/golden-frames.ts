import { readFileSync } from 'node:fs'
import { apis } from '../../src/protocol/api/index.ts'

/** A frame as it went over the wire, without its size. */
export interface GoldenFrame {
  readonly label: string
  readonly apiKey: number
  readonly version: number
  readonly direction: 'request' | 'response'
  readonly hex: string
}

function linesOf(name: string): Record<string, string>[] {
  const text = readFileSync(new URL(`../frames/${name}.jsonl`, import.meta.url), 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, string>)
}

/** What controllers, brokers and the raft layer of Apache Kafka 4.3.1 say to each other. */
export const kraftFrames: readonly GoldenFrame[] = linesOf('kraft').map((line) => ({
  label: `${line.label}, version ${line.api_version}`,
  apiKey: Number(line.api_key),
  version: Number(line.api_version),
  direction: line.direction as GoldenFrame['direction'],
  hex: line.hex!,
}))

const keysByName = new Map([...apis.values()].map((api) => [api.name, api.key]))

/** What Java, librdkafka, kafkajs and franz-go clients said to Apache Kafka 4.3.1, and what it answered. */
export const clientFrames: readonly GoldenFrame[] = linesOf('clients').map((line) => ({
  label: `${line.client} ${line.api} version ${line.version} ${line.direction}`,
  apiKey: keysByName.get(line.api!)!,
  version: Number(line.version),
  direction: line.direction as GoldenFrame['direction'],
  hex: line.hex!,
}))

/** The kinds of frame that do not come back byte for byte; golden-frames.test.ts says why. */
export function isOdd(frame: GoldenFrame): boolean {
  if (frame.apiKey === 18 && frame.version === 5) return true
  return frame.label === 'librdkafka AlterUserScramCredentials version 0 request'
}
