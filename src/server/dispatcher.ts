/**
 * From a frame to an answer: reads the header, finds the handler, decodes the body, calls the handler and encodes what
 * it returns. One per kind of listener. It decides what a client's mistake costs: an API or version that is not served
 * closes the connection as in Kafka, except ApiVersions, which is answered in version 0 with error 35; bytes that are no
 * request close it too. A handler's own failure is answered with an error where the response has room for one.
 */
import type { Logger } from '../base/logger.ts'
import { unsupportedApiVersions } from '../handlers/18-api-versions.ts'
import type { NodeServices } from '../handlers/broker.ts'
import { errorResponse } from '../handlers/error-response.ts'
import { CloseConnection, noReply, type RequestContext } from '../handlers/handler.ts'
import type { RequestMetrics } from '../metrics/request-metrics.ts'
import { type Api, apis } from '../protocol/api/index.ts'
import { KafkaError, ProtocolError } from '../protocol/errors.ts'
import { type DecodedRequestHeader, decodeRequest, decodeRequestHeader, encodeResponse } from '../protocol/frames.ts'
import type { Answer, Connection, FrameHandler } from './connection.ts'
import { Refusal } from './refusal.ts'
import type { ListenerKind, ServedApi, ServedApis } from './served-api.ts'
import { releaseRegions } from './streamed-region.ts'

const apiVersionsKey = 18

export interface DispatcherOptions {
  readonly listener: ListenerKind
  readonly served: ServedApis
  /** What the handlers of this listener are given. */
  readonly services: NodeServices
  readonly logger: Logger
  readonly metrics: RequestMetrics
}

export class Dispatcher implements FrameHandler {
  readonly #served: ServedApis
  readonly #listener: ListenerKind
  readonly #services: NodeServices
  readonly #logger: Logger
  readonly #metrics: RequestMetrics

  constructor(options: DispatcherOptions) {
    this.#served = options.served
    this.#listener = options.listener
    this.#services = options.services
    this.#logger = options.logger
    this.#metrics = options.metrics
  }

  handleFrame(connection: Connection, frame: Buffer, receivedAtMs: number): Answer | Promise<Answer> {
    const header = decodeRequestHeader(frame)
    connection.clientId = header.clientId
    const api = apis.get(header.apiKey)!
    const served = this.#served.get(header.apiKey)
    if (served === undefined || !served.listeners.includes(this.#listener))
      throw new Refusal(`${describeRequest(api, header)} is not served on this listener`)
    if (header.apiVersion < served.minVersion || header.apiVersion > served.maxVersion) {
      if (header.apiKey === apiVersionsKey) return this.#answerUnknownApiVersions(api, served, header)
      const range = `${served.minVersion} to ${served.maxVersion}`
      throw new Refusal(`${describeRequest(api, header)} is not served, only versions ${range}`)
    }
    const counters = this.#metrics.of(header.apiKey)
    counters.requestCount++
    counters.requestBytes += frame.length
    const request = this.#decode(api, header, frame)
    const context: RequestContext = {
      apiKey: header.apiKey,
      apiVersion: header.apiVersion,
      correlationId: header.correlationId,
      clientId: header.clientId,
      connection,
      sizeInBytes: frame.length,
      receivedAtMs,
    }
    if (served.isSerial) connection.answerBeforeNext()
    if (served.isFrameReused) connection.lendFrame()
    return this.#call(api, served, request, context)
  }

  #decode(api: Api, header: DecodedRequestHeader, frame: Buffer): object {
    try {
      return decodeRequest(header.apiKey, header.apiVersion, frame, header.endOffset).message
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      throw new Refusal(`${describeRequest(api, header)} is malformed: ${error.message}`)
    }
  }

  #call(api: Api, served: ServedApi, request: object, context: RequestContext): Answer | Promise<Answer> {
    let result: unknown
    try {
      result = served.handle(this.#services as never, request as never, context)
    } catch (error) {
      return this.#answerFailure(api, served, request, context, error)
    }
    if (result instanceof Promise) return this.#awaitResult(api, served, request, context, result)
    return this.#encode(api, served, request, context, result)
  }

  async #awaitResult(
    api: Api,
    served: ServedApi,
    request: object,
    context: RequestContext,
    promise: Promise<unknown>,
  ): Promise<Answer> {
    let result: unknown
    try {
      result = await promise
    } catch (error) {
      return this.#answerFailure(api, served, request, context, error)
    }
    return this.#encode(api, served, request, context, result)
  }

  #encode(api: Api, served: ServedApi, request: object, context: RequestContext, result: unknown): Answer {
    if (result === noReply) return undefined
    if (context.connection.isClosed) {
      releaseRegions(result)
      return undefined
    }
    try {
      const answer = encodeResponse(api.response, context.apiVersion, context.correlationId, result as object)
      this.#metrics.of(api.key).responseBytes += answer.sizeInBytes
      return answer
    } catch (error) {
      releaseRegions(result)
      return this.#answerFailure(api, served, request, context, error)
    }
  }

  /** An error for the whole request: the handler's KafkaError, or UNKNOWN_SERVER_ERROR for an exception that is our fault. */
  #answerFailure(api: Api, served: ServedApi, request: object, context: RequestContext, error: unknown): Answer {
    if (error instanceof CloseConnection)
      throw new Refusal(`${describeRequest(api, context)}: ${(error as Error).message}`)
    const kafkaError = error instanceof KafkaError ? error : this.#reportFailure(api, context, error)
    const response = errorResponse(api, served, request, context, kafkaError)
    if (response === undefined)
      throw new Refusal(`${describeRequest(api, context)} failed with ${kafkaError.error}, which its answer cannot say`)
    return encodeResponse(api.response, context.apiVersion, context.correlationId, response)
  }

  #reportFailure(api: Api, context: RequestContext, error: unknown): KafkaError {
    this.#metrics.of(api.key).failureCount++
    this.#logger.error(`${describeRequest(api, context)} failed unexpectedly`, {
      client: `${context.connection.clientHost}:${context.connection.clientPort}`,
      clientId: context.clientId,
      stack: error instanceof Error ? error.stack : String(error),
    })
    return new KafkaError(
      'UNKNOWN_SERVER_ERROR',
      'The server experienced an unexpected error when processing the request.',
    )
  }

  #answerUnknownApiVersions(api: Api, { minVersion, maxVersion }: ServedApi, header: DecodedRequestHeader): Answer {
    const answer = unsupportedApiVersions({ apiKey: api.key, minVersion, maxVersion })
    return encodeResponse(api.response, 0, header.correlationId, answer as object)
  }
}

/** `Produce v13`, for log lines. */
export function describeRequest(api: Api, request: { readonly apiVersion: number }): string {
  return `${api.name} v${request.apiVersion}`
}
