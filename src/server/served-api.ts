/**
 * What the dispatcher needs to know of an API that is served. handlers/index.ts makes the map and computes ApiVersions
 * from it; tests make their own. Three fields are for APIs with special needs and missing in most.
 */
import type { RequestContext } from '../handlers/handler.ts'
import type { KafkaError } from '../protocol/errors.ts'

export type ListenerKind = 'broker' | 'controller'

/** `services` and `request` are never, so that handlers of every type fit; the dispatcher knows that the types meet. */
export interface ServedApi {
  handle(services: never, request: never, context: RequestContext): unknown
  readonly minVersion: number
  readonly maxVersion: number
  readonly listeners: readonly ListenerKind[]
  /** The connection's next request is not handled before this one is answered. */
  readonly isSerial?: true
  /** Once it is answered, no bytes of the request are used but those that are held in `frameMemory`: their memory is used again. */
  readonly isFrameReused?: true
  /** The answer that carries `error` where the response has no error code at its top. */
  refuse?(request: never, error: KafkaError, context: RequestContext): object
}

export type ServedApis = ReadonlyMap<number, ServedApi>
