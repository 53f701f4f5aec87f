/**
 * Requests and responses as they stand in frames: which header goes with which version of which API, and the message
 * behind it. The connection, the peer client and the tools use it. A frame is, after its four bytes of size,
 *
 *   request    | api key 2 | version 2 | correlation id 4 | client id, int16 length | tags if flexible | body |
 *   response   | correlation id 4 | tags if flexible, never in ApiVersions | body |
 *
 * Bytes behind the body are ignored, as Kafka does: librdkafka ends AlterUserScramCredentials with one too many.
 */
import { requestHeader, responseHeader } from './api/headers.ts'
import { type Api, apis } from './api/index.ts'
import { type Decoded, decodeAt, encodeFrame } from './compile.ts'
import { ProtocolError } from './errors.ts'
import { requestHeaderVersion, responseHeaderVersion } from './header-versions.ts'
import type { Infer, InferInput, Schema } from './schema.ts'
import type { Encoded } from './writer.ts'

export interface DecodedRequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  /** Where the body begins. */
  readonly endOffset: number
}

export { requestHeaderVersion, responseHeaderVersion }

function apiOf(apiKey: number): Api {
  const api = apis.get(apiKey)
  if (api === undefined) throw new ProtocolError(`no API has the key ${apiKey}`)
  return api
}

/**
 * Reads the header of a request whose bytes begin at `offset`, without looking at the body. Throws ProtocolError when
 * it is cut short or names an API that Kafka does not have; the version may be one that nobody serves.
 */
export function decodeRequestHeader(buffer: Buffer, offset = 0): DecodedRequestHeader {
  if (buffer.length - offset < 8) throw new ProtocolError(`a request of ${buffer.length - offset} bytes has no header`)
  const { request } = apiOf(buffer.readInt16BE(offset))
  const headerVersion = requestHeaderVersion(request, buffer.readInt16BE(offset + 2))
  const { message, endOffset } = decodeAt(requestHeader, headerVersion, buffer, offset)
  return {
    apiKey: message.requestApiKey,
    apiVersion: message.requestApiVersion,
    correlationId: message.correlationId,
    clientId: message.clientId,
    endOffset,
  }
}

/** The body of a request, which begins at `offset`. A version that Kafka does not have is KafkaError UNSUPPORTED_VERSION. */
export function decodeRequest(apiKey: number, version: number, buffer: Buffer, offset: number): Decoded<object> {
  return decodeAt(apiOf(apiKey).request, version, buffer, offset)
}

/** The frame of an answer. What `records` and large `bytes` fields refer to must not change until it is sent. */
export function encodeResponse<S extends Schema>(
  response: S,
  version: number,
  correlationId: number,
  message: InferInput<S>,
): Encoded {
  const headerVersion = responseHeaderVersion(response, version)
  return encodeFrame(responseHeader, headerVersion, { correlationId }, response, version, message)
}

/** The frame of a request. */
export function encodeRequest<S extends Schema>(
  request: S,
  version: number,
  correlationId: number,
  clientId: string | null,
  message: InferInput<S>,
): Encoded {
  const header = { requestApiKey: request.apiKey, requestApiVersion: version, correlationId, clientId }
  return encodeFrame(requestHeader, requestHeaderVersion(request, version), header, request, version, message)
}

export interface DecodedResponse<T> extends Decoded<T> {
  readonly correlationId: number
}

/** An answer, header and body, to a request of `version`; its bytes begin at `offset`, behind the size. */
export function decodeResponse<S extends Schema>(
  response: S,
  version: number,
  buffer: Buffer,
  offset = 0,
): DecodedResponse<Infer<S>> {
  const header = decodeAt(responseHeader, responseHeaderVersion(response, version), buffer, offset)
  const body = decodeAt(response, version, buffer, header.endOffset)
  return { correlationId: header.message.correlationId, message: body.message, endOffset: body.endOffset }
}
