/**
 * The small text files of Kafka's layout, as pure functions: offset checkpoints of a log directory, the leader epoch
 * checkpoint and the metadata file of a partition. Decoders return undefined for what is not such a file: a power loss
 * may leave one empty or cut off, and its owner knows what to do without it.
 *
 *   0                      version          0                version: 0
 *   2                      count            1                topic_id: vPeOCWypqUOSepEvx0cbog
 *   orders 0 1500          one a line       4 1500
 */
import { isUuid, type Uuid } from '../base/uuid.ts'
import type { EpochEntry } from './leader-epochs.ts'

export interface PartitionOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** Lines of one checkpoint file; far more than partitions fit on a broker. */
const linesMax = 10_000_000

export function encodeOffsetCheckpoint(offsets: Iterable<PartitionOffset>): string {
  const lines: string[] = []
  for (const { topic, partition, offset } of offsets) lines.push(`${topic} ${partition} ${offset}`)
  return withHeader(lines)
}

export function decodeOffsetCheckpoint(text: string): PartitionOffset[] | undefined {
  return decodeLines(text, (line) => {
    const match = /^(\S+) (\d+) (\d+)$/.exec(line)
    return match === null ? undefined : { topic: match[1]!, partition: Number(match[2]), offset: Number(match[3]) }
  })
}

export function encodeEpochCheckpoint(entries: readonly EpochEntry[]): string {
  return withHeader(entries.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`))
}

export function decodeEpochCheckpoint(text: string): EpochEntry[] | undefined {
  return decodeLines(text, (line) => {
    const match = /^(\d+) (\d+)$/.exec(line)
    return match === null ? undefined : { epoch: Number(match[1]), startOffset: Number(match[2]) }
  })
}

export function encodePartitionMetadata(topicId: Uuid): string {
  return `version: 0\ntopic_id: ${topicId}`
}

export function decodePartitionMetadata(text: string): Uuid | undefined {
  const match = /^version: 0\ntopic_id: (\S{22})\s*$/.exec(text)
  return match !== null && isUuid(match[1]!) ? match[1] : undefined
}

function withHeader(lines: readonly string[]): string {
  return `0\n${lines.length}\n${lines.map((line) => `${line}\n`).join('')}`
}

function decodeLines<Entry>(text: string, decode: (line: string) => Entry | undefined): Entry[] | undefined {
  const lines = text.split('\n')
  const count = Number(lines[1])
  if (lines[0] !== '0' || !Number.isInteger(count) || count < 0 || count > linesMax) return undefined
  if (lines.length !== count + 3 || lines[count + 2] !== '') return undefined
  const entries: Entry[] = []
  for (let index = 2; index < count + 2; index++) {
    const entry = decode(lines[index]!)
    if (entry === undefined) return undefined
    entries.push(entry)
  }
  return entries
}
