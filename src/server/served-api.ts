/**
 * How an API is registered with the server: its handler and where it is served. handlers/index.ts makes the map; the
 * dispatcher calls from it, and ApiVersions is computed from it.
 */
import type { Broker } from '../handlers/broker.ts'
import type { RequestContext } from '../handlers/handler.ts'
import { apis } from '../protocol/api/index.ts'
import type { KafkaError } from '../protocol/errors.ts'

export type ListenerKind = 'broker' | 'controller'

/** `Request` is never, so that handlers of every request type fit; the dispatcher knows that the types meet. */
export interface ServedApi {
  handle(broker: Broker, request: never, context: RequestContext): unknown
  readonly minVersion: number
  readonly maxVersion: number
  readonly listeners: readonly ListenerKind[]
  /** The connection's next request is not handled before this one is answered. */
  readonly isSerial?: true
  /** The answer that carries `error` where the response has no error code at its top. */
  refuse?(request: never, error: KafkaError): object
}

export type ServedApis = ReadonlyMap<number, ServedApi>

export interface ApiVersionRange {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

/** Produce is advertised from version 0, though 0 to 2 close the connection: librdkafka decides on compression by it. */
const produceKey = 0

/** What ApiVersions advertises on a listener: what is served there, less versions that are not final. */
export function apiVersionsOf(served: ServedApis, listener: ListenerKind): ApiVersionRange[] {
  const ranges: ApiVersionRange[] = []
  for (const [apiKey, api] of served) {
    if (!api.listeners.includes(listener)) continue
    const request = apis.get(apiKey)?.request
    const isUnstable = request?.latestVersionUnstable === true && request.maxVersion === api.maxVersion
    const maxVersion = isUnstable ? api.maxVersion - 1 : api.maxVersion
    if (maxVersion < api.minVersion) continue
    ranges.push({ apiKey, minVersion: apiKey === produceKey ? 0 : api.minVersion, maxVersion })
  }
  return ranges.sort((left, right) => left.apiKey - right.apiKey)
}
