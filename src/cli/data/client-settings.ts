/**
 * Settings of clients as people know them, from Apache Kafka's clients (--producer-property, --command-config) and from
 * librdkafka (-X), as options of this project's client. What a setting asks for and this client cannot do is refused;
 * what is known and needs nothing here is passed over.
 */
import type { FetcherOptions } from '../../client/fetcher.ts'
import type { GroupConsumerOptions } from '../../client/group-consumer.ts'
import type { ProducerOptions } from '../../client/producer.ts'
import { NodeCodecs } from '../../io/codecs/node-codecs.ts'
import { type CompressionName, compressionTypes } from '../../protocol/record/compression.ts'
import { OperatorError } from '../operator-error.ts'

export type Settings = ReadonlyMap<string, string>

/** librdkafka's names for what Kafka's clients name otherwise. */
const otherNames: Readonly<Record<string, string>> = {
  'metadata.broker.list': 'bootstrap.servers',
  'request.required.acks': 'acks',
  'queue.buffering.max.ms': 'linger.ms',
  'compression.codec': 'compression.type',
  'message.timeout.ms': 'delivery.timeout.ms',
  'message.max.bytes': 'max.request.size',
  'fetch.wait.max.ms': 'fetch.max.wait.ms',
  'fetch.message.max.bytes': 'max.partition.fetch.bytes',
  'auto.commit.enable': 'enable.auto.commit',
  'auto.commit.interval.ms': 'auto.commit.interval.ms',
  'topic.metadata.refresh.interval.ms': 'metadata.max.age.ms',
}

/** Those that this file or tool-client.ts reads. */
const used = [
  'acks',
  'allow.auto.create.topics',
  'auto.commit.interval.ms',
  'auto.offset.reset',
  'batch.size',
  'bootstrap.servers',
  'buffer.memory',
  'check.crcs',
  'client.id',
  'compression.gzip.level',
  'compression.level',
  'compression.lz4.level',
  'compression.type',
  'compression.zstd.level',
  'default.api.timeout.ms',
  'delivery.timeout.ms',
  'enable.auto.commit',
  'enable.idempotence',
  'fetch.max.bytes',
  'fetch.max.wait.ms',
  'fetch.min.bytes',
  'group.id',
  'group.instance.id',
  'group.protocol',
  'heartbeat.interval.ms',
  'isolation.level',
  'linger.ms',
  'max.partition.fetch.bytes',
  'max.poll.interval.ms',
  'max.request.size',
  'metadata.max.age.ms',
  'request.timeout.ms',
  'security.protocol',
  'session.timeout.ms',
  'transactional.id',
]

/** Those whose effect nobody would miss here. */
const passedOver = [
  'api.version.request',
  'broker.address.family',
  'connections.max.idle.ms',
  'enable.partition.eof',
  'log_level',
  'max.block.ms',
  'max.in.flight',
  'max.in.flight.requests.per.connection',
  'max.poll.records',
  'receive.buffer.bytes',
  'receive.message.max.bytes',
  'reconnect.backoff.max.ms',
  'reconnect.backoff.ms',
  'retries',
  'retry.backoff.max.ms',
  'retry.backoff.ms',
  'send.buffer.bytes',
  'socket.keepalive.enable',
  'socket.nagle.disable',
  'socket.timeout.ms',
  'statistics.interval.ms',
]
const known = new Set([...used, ...passedOver])

/** What Kafka's producer takes at most when nobody says otherwise. */
export const stockRequestSize = ['max.request.size', '1048576'] as const

/** Words `name=value` of -X as settings by Kafka's names. Throws OperatorError for what is not known. */
export function parseSettings(words: readonly string[]): Map<string, string> {
  const settings = new Map<string, string>()
  for (const word of words) {
    const equals = word.indexOf('=')
    if (equals <= 0) throw new OperatorError(`-X ${word}: write it as name=value`)
    const given = word.slice(0, equals).replace(/^topic\./, '')
    const name = otherNames[given] ?? given
    if (!known.has(name)) throw new OperatorError(`-X ${given}: no setting of this name; there are ${used.join(', ')}`)
    settings.set(name, word.slice(equals + 1))
  }
  return settings
}

export function producerOptions(settings: Settings): ProducerOptions {
  if (settings.has('transactional.id'))
    throw new OperatorError('transactional.id: this producer does not write transactions')
  const compression = choice(settings, 'compression.type', ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)
  const acks = choice(settings, 'acks', ['all', '-1', '0', '1'] as const)
  const level = integer(settings, `compression.${compression}.level`) ?? integer(settings, 'compression.level')
  const acksNumber = acks === undefined ? undefined : acks === 'all' ? -1 : (Number(acks) as -1 | 0 | 1)
  const isIdempotent = flag(settings, 'enable.idempotence')
  if (isIdempotent === true && (acksNumber ?? -1) !== -1)
    throw new OperatorError('Must set acks to all in order to use the idempotent producer.')
  return defined({
    codecs: new NodeCodecs(),
    acks: acksNumber,
    isIdempotent,
    lingerMs: number(settings, 'linger.ms'),
    batchSize: integer(settings, 'batch.size'),
    bufferMemory: integer(settings, 'buffer.memory'),
    recordSizeMax: integer(settings, 'max.request.size'),
    compressionType: compressionTypes[(compression ?? 'none') as CompressionName],
    compressionLevel: level,
    deliveryTimeoutMs: integer(settings, 'delivery.timeout.ms'),
    requestTimeoutMs: integer(settings, 'request.timeout.ms'),
    createsMissing: true,
  })
}

export function fetcherOptions(settings: Settings): FetcherOptions {
  const isolation = choice(settings, 'isolation.level', ['read_committed', 'read_uncommitted'] as const)
  return defined({
    codecs: new NodeCodecs(),
    readsCommitted: isolation === 'read_committed',
    checksCrc: flag(settings, 'check.crcs') ?? true,
    minBytes: integer(settings, 'fetch.min.bytes'),
    maxBytes: integer(settings, 'fetch.max.bytes'),
    partitionMaxBytes: integer(settings, 'max.partition.fetch.bytes'),
    maxWaitMs: integer(settings, 'fetch.max.wait.ms'),
  })
}

/** Without the group's id, its topics and where it starts. */
export function groupOptions(settings: Settings): Partial<GroupConsumerOptions> {
  const protocol = settings.get('group.protocol') ?? 'classic'
  if (protocol.toLowerCase() !== 'classic')
    throw new OperatorError(`group.protocol=${protocol}: this consumer speaks the classic protocol alone`)
  return defined({
    groupInstanceId: settings.get('group.instance.id'),
    sessionTimeoutMs: integer(settings, 'session.timeout.ms'),
    rebalanceTimeoutMs: integer(settings, 'max.poll.interval.ms'),
    heartbeatIntervalMs: integer(settings, 'heartbeat.interval.ms'),
    commits: flag(settings, 'enable.auto.commit'),
    commitIntervalMs: integer(settings, 'auto.commit.interval.ms'),
    metadataMaxAgeMs: integer(settings, 'metadata.max.age.ms'),
  })
}

/** Where a partition begins without a committed offset; librdkafka's names too. Throws OperatorError. */
export function offsetReset(settings: Settings): 'earliest' | 'latest' | 'none' | undefined {
  const value = settings.get('auto.offset.reset')
  switch (value?.toLowerCase()) {
    case undefined:
      return undefined
    case 'earliest':
    case 'smallest':
    case 'beginning':
      return 'earliest'
    case 'latest':
    case 'largest':
    case 'end':
      return 'latest'
    case 'none':
    case 'error':
      return 'none'
    default:
      throw invalid('auto.offset.reset', value!, 'earliest, latest or none')
  }
}

function number(settings: Settings, name: string): number | undefined {
  const text = settings.get(name)?.trim()
  if (text === undefined) return undefined
  if (!/^\d+(\.\d+)?$/.test(text)) throw invalid(name, text, 'a number')
  return Number(text)
}

function integer(settings: Settings, name: string): number | undefined {
  const text = settings.get(name)?.trim()
  if (text === undefined) return undefined
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(Number(text))) throw invalid(name, text, 'a whole number')
  return Number(text)
}

function flag(settings: Settings, name: string): boolean | undefined {
  const text = settings.get(name)?.trim().toLowerCase()
  if (text === undefined) return undefined
  if (text !== 'true' && text !== 'false') throw invalid(name, text, 'true or false')
  return text === 'true'
}

function choice<Value extends string>(settings: Settings, name: string, values: readonly Value[]): Value | undefined {
  const text = settings.get(name)?.trim().toLowerCase()
  if (text === undefined) return undefined
  const value = values.find((each) => each === text)
  if (value === undefined)
    throw new OperatorError(
      `Invalid value ${text} for configuration ${name}: String must be one of: ${values.join(', ')}`,
    )
  return value
}

function invalid(name: string, text: string, right: string): OperatorError {
  return new OperatorError(`Invalid value ${text} for configuration ${name}: it must be ${right}`)
}

/** Without what is undefined, which exact optional properties may not be. */
function defined<T extends object>(
  fields: { [Key in keyof T]: T[Key] | undefined },
): { [Key in keyof T]: NonNullable<T[Key]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]: NonNullable<T[Key]>
  }
}
