/**
 * Where `ottla consume -o` begins and ends, in kcat's words: beginning, end, stored, an offset, -N before the end,
 * s@timestamp and e@timestamp.
 */
import type { KafkaClient } from '../../client/kafka-client.ts'
import { listOffsets, offsetSpecs, type PartitionName } from '../../client/list-offsets.ts'
import { OperatorError } from '../operator-error.ts'

export type StartPosition =
  | 'beginning'
  | 'end'
  | 'stored'
  | { readonly offset: number }
  | { readonly beforeEnd: number }
  /** Milliseconds since 1970. */
  | { readonly timestamp: bigint }

export interface Range {
  readonly start: StartPosition | undefined
  /** Records of this time and later are not wanted; milliseconds since 1970. */
  readonly stopTimestamp: bigint | undefined
}

/** Throws OperatorError for what is none of these. */
export function parseRange(words: readonly string[]): Range {
  let start: StartPosition | undefined
  let stopTimestamp: bigint | undefined
  for (const word of words) {
    const stop = /^e@(\d{1,18})$/.exec(word)
    if (stop !== null) stopTimestamp = BigInt(stop[1]!)
    else start = parseStart(word)
  }
  return { start, stopTimestamp }
}

function parseStart(word: string): StartPosition {
  if (word === 'beginning' || word === 'earliest') return 'beginning'
  if (word === 'end' || word === 'latest') return 'end'
  if (word === 'stored') return 'stored'
  const timestamp = /^s@(\d{1,18})$/.exec(word)
  if (timestamp !== null) return { timestamp: BigInt(timestamp[1]!) }
  const number = Number(word)
  if (!/^-?\d{1,15}$/.test(word))
    throw new OperatorError(`-o ${word}: write beginning, end, stored, an offset, -N, s@timestamp or e@timestamp`)
  return word.startsWith('-') ? { beforeEnd: -number } : { offset: number }
}

export interface Position extends PartitionName {
  readonly offset: number
}

/** The offsets at which `partitions` begin; with -N never before the first that there is. Rejects with KafkaError. */
export async function resolvePositions(
  client: KafkaClient,
  partitions: readonly PartitionName[],
  start: Exclude<StartPosition, 'stored'>,
  readsCommitted: boolean,
): Promise<Position[]> {
  const list = async (timestamp: bigint): Promise<Position[]> =>
    (await listOffsets(client, partitions, timestamp, readsCommitted)).map(({ topic, partition, offset, error }) => {
      if (error !== undefined) throw error
      return { topic, partition, offset }
    })
  if (start === 'beginning') return list(offsetSpecs.earliest)
  if (start === 'end') return list(offsetSpecs.latest)
  if ('offset' in start) return partitions.map((each) => ({ ...each, offset: start.offset }))
  const ends = await list(offsetSpecs.latest)
  if ('beforeEnd' in start) {
    const firsts = await list(offsetSpecs.earliest)
    return ends.map((end, index) => ({ ...end, offset: Math.max(firsts[index]!.offset, end.offset - start.beforeEnd) }))
  }
  // No record is that young: what comes next will be.
  return (await list(start.timestamp)).map((found, index) => (found.offset < 0 ? ends[index]! : found))
}
