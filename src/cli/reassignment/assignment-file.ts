/**
 * The JSON in which reassignments are written, read and kept, as kafka-reassign-partitions has it; `ottla reassign` reads
 * and writes the same files.
 *
 *   {"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[1,2],"log_dirs":["any","/data"]}]}
 *   {"version":1,"topics":[{"topic":"t"}]}
 */
import { byTopicAndPartition } from '../../client/admin-reassignments.ts'
import type { PartitionName } from '../../client/list-offsets.ts'
import { OperatorError } from '../operator-error.ts'

export interface Assignment extends PartitionName {
  readonly replicas: readonly number[]
  /** For each replica a directory, or `anyLogDir`. */
  readonly logDirs: readonly string[]
}

export const anyLogDir = 'any'

export function partitionText({ topic, partition }: PartitionName): string {
  return `${topic}-${partition}`
}

/** In the order of the file. Throws OperatorError. */
export function parseAssignments(text: string): Assignment[] {
  return list(versioned(text), 'partitions').map((each) => {
    const replicas = field(each, 'replicas')
    if (!isListOf(replicas, isInt)) throw new OperatorError(`Expected \`Integer\` values in replicas: ${shown(each)}`)
    const partition = partitionOf(each)
    const logDirs = each.log_dirs ?? replicas.map(() => anyLogDir)
    if (!isListOf(logDirs, isText)) throw new OperatorError(`Expected \`String\` values in log_dirs: ${shown(each)}`)
    if (replicas.length !== logDirs.length)
      throw new OperatorError(
        `Size of replicas list ${listText(replicas)} is different from size of log dirs list ${listText(logDirs)} for partition ${partitionText(partition)}`,
      )
    return { ...partition, replicas, logDirs }
  })
}

/** `{"topic": ..., "partition": ...}` */
export function partitionOf(each: Record<string, unknown>): PartitionName {
  const [topic, partition] = [field(each, 'topic'), field(each, 'partition')]
  if (!isText(topic)) throw new OperatorError(`Expected \`String\` value, received ${shown(topic)}`)
  if (!isInt(partition)) throw new OperatorError(`Expected \`Integer\` value, received ${shown(partition)}`)
  return { topic, partition }
}

/** Throws OperatorError. */
export function parseTopics(text: string): string[] {
  return list(versioned(text), 'topics').map((each) => {
    const topic = field(each, 'topic')
    if (!isText(topic)) throw new OperatorError(`Expected \`String\` value, received ${shown(topic)}`)
    return topic
  })
}

/** What may be begun: no partition twice, none without replicas, no replica twice. Throws OperatorError. */
export function checkAssignments(assignments: readonly Assignment[]): void {
  if (assignments.length === 0) throw new OperatorError('Partition reassignment list cannot be empty')
  if (assignments.some(({ replicas }) => replicas.length === 0))
    throw new OperatorError('Partition replica list cannot be empty')
  const repeated = duplicates(assignments.map(partitionText))
  if (repeated.length > 0)
    throw new OperatorError(`Partition reassignment contains duplicate topic partitions: ${repeated.join(',')}`)
  const doubled = assignments
    .map((each) => ({ name: partitionText(each), ids: duplicates(each.replicas) }))
    .filter(({ ids }) => ids.length > 0)
    .map(({ name, ids }) => `${name} contains multiple entries for ${ids.join(',')}`)
  if (doubled.length > 0)
    throw new OperatorError(`Partition replica lists may not contain duplicate entries: ${doubled.join('. ')}`)
}

export function duplicates<T>(values: readonly T[]): T[] {
  return [...new Set(values.filter((each, index) => values.indexOf(each) !== index))]
}

/** By topic and partition, on one line. */
export function formatAssignments(assignments: readonly Assignment[]): string {
  const partitions = [...assignments].sort(byTopicAndPartition).map(({ topic, partition, replicas, logDirs }) => ({
    topic,
    partition,
    replicas,
    log_dirs: logDirs,
  }))
  return JSON.stringify({ version: 1, partitions })
}

/** As Java prints a list. */
export function listText(values: readonly unknown[]): string {
  return `[${values.join(', ')}]`
}

type JsonObject = Record<string, unknown>

function versioned(text: string): JsonObject {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new OperatorError('The input string is not a valid JSON')
  }
  if (!isObject(json)) throw new OperatorError(`Expected JSON object, received ${shown(json)}`)
  const { version = 1 } = json
  if (version !== 1) throw new OperatorError(`Not supported version field value ${version}`)
  return json
}

function list(json: JsonObject, name: string): JsonObject[] {
  const value = json[name] ?? []
  if (!isListOf(value, isObject)) throw new OperatorError(`Expected a list of JSON objects, received ${shown(value)}`)
  return value
}

function field(each: JsonObject, name: string): unknown {
  if (each[name] === undefined) throw new OperatorError(`No such field exists: \`${name}\``)
  return each[name]
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isListOf<T>(value: unknown, isElement: (each: unknown) => each is T): value is T[] {
  return Array.isArray(value) && value.every(isElement)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isInt(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= 0x7fffffff
}

function shown(value: unknown): string {
  return JSON.stringify(value)
}
