/** New offsets for a group: at the ends of logs, at a time, or where somebody says, but within the log. */
import { adminError } from './admin-error.ts'
import type { KafkaClient } from './kafka-client.ts'
import { type ListedOffset, listOffsets, offsetSpecs, type PartitionName } from './list-offsets.ts'

export interface NewOffset extends PartitionName {
  readonly offset: number
}

/** The first or last offset of each partition. */
export async function offsetsAt(
  client: KafkaClient,
  partitions: readonly PartitionName[],
  timestamp: bigint,
): Promise<readonly NewOffset[]> {
  return (await list(client, partitions, timestamp)).map(({ topic, partition, offset }) => ({
    topic,
    partition,
    offset,
  }))
}

/** The first record of `timestamp` (milliseconds) or later; behind the last one, of which `onNone` is told, otherwise. */
export async function offsetsSince(
  client: KafkaClient,
  partitions: readonly PartitionName[],
  timestamp: number,
  onNone: (partition: PartitionName) => void,
): Promise<readonly NewOffset[]> {
  const found = await offsetsAt(client, partitions, BigInt(timestamp))
  const none = found.filter(({ offset }) => offset < 0)
  for (const partition of none) onNone(partition)
  return [...found.filter(({ offset }) => offset >= 0), ...(await offsetsAt(client, none, offsetSpecs.latest))]
}

/** Offsets before the log's start or behind its end become these. */
export async function clampToLog(client: KafkaClient, wanted: readonly NewOffset[]): Promise<readonly NewOffset[]> {
  const starts = await list(client, wanted, offsetSpecs.earliest)
  const ends = await list(client, wanted, offsetSpecs.latest)
  return wanted.map(({ topic, partition, offset }, index) => ({
    topic,
    partition,
    offset: Math.min(Math.max(offset, starts[index]!.offset), ends[index]!.offset),
  }))
}

async function list(
  client: KafkaClient,
  partitions: readonly PartitionName[],
  timestamp: bigint,
): Promise<ListedOffset[]> {
  if (partitions.length === 0) return []
  await client.loadTopics([...new Set(partitions.map(({ topic }) => topic))])
  const listed = await listOffsets(client, partitions, timestamp)
  for (const { error } of listed) if (error !== undefined) throw adminError(error.code, error.message)
  return listed
}

/** Milliseconds since 1970 of an ISO 8601 time, which is in UTC where it does not say. Throws Error. */
export function parseDateTime(text: string): number {
  const [, time] = text.split('T')
  if (time === undefined)
    throw new Error(
      "java.text.ParseException: Error parsing timestamp. It does not contain a 'T' according to ISO8601 format",
    )
  const value = Date.parse(/[+\-Z]/.test(time) ? text : `${text}Z`)
  if (Number.isNaN(value)) throw new Error(`java.text.ParseException: Unparseable date: "${text}"`)
  return value
}

/** Milliseconds of an ISO 8601 duration of days, hours, minutes and seconds. Throws Error. */
export function parseDuration(text: string): number {
  const match = /^([-+])?P(?:([-+]?\d+)D)?(T(?:([-+]?\d+)H)?(?:([-+]?\d+)M)?(?:([-+]?\d+(?:\.\d{1,9})?)S)?)?$/i.exec(
    text,
  )
  const [, sign, days, time, hours, minutes, seconds] = match ?? []
  if (match === null || (days === undefined && time === undefined) || time?.toUpperCase() === 'T')
    throw new Error('Text cannot be parsed to a Duration')
  const total =
    Number(days ?? 0) * 86_400 + Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0)
  return Math.trunc(total * 1000) * (sign === '-' ? -1 : 1)
}
