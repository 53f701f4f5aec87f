/**
 * The answer that carries one error for a whole request: the API's own where its response has no error code at its top.
 * For requests in frames and in envelopes.
 */
import type { Api } from '../protocol/api/index.ts'
import type { KafkaError } from '../protocol/errors.ts'
import type { RequestContext } from './request-context.ts'

interface Refusing {
  refuse?(request: never, error: KafkaError, context: RequestContext): object
}

/** Undefined where this version of the API cannot say it. */
export function errorResponse(
  api: Api,
  served: Refusing,
  request: object,
  context: RequestContext,
  error: KafkaError,
): object | undefined {
  return served.refuse?.(request as never, error, context) ?? plainErrorResponse(api, context.apiVersion, error)
}

function plainErrorResponse(api: Api, version: number, error: KafkaError): object | undefined {
  const has = (wanted: string): boolean =>
    api.response.root.fields.some(
      ([name, field]) => name === wanted && field.since <= version && version <= field.until,
    )
  if (!has('errorCode')) return undefined
  return has('errorMessage') ? { errorCode: error.code, errorMessage: error.message } : { errorCode: error.code }
}
