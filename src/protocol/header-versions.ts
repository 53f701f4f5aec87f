/**
 * Which version of the header stands before which version of a message. Apart from frames.ts so that a client that uses
 * a few APIs does not load the schemas of all.
 */
import type { Schema } from './schema.ts'

const apiVersionsKey = 18

export function requestHeaderVersion(request: Schema, version: number): 1 | 2 {
  return version >= request.flexibleSince ? 2 : 1
}

/** `response` is the schema of an answer; the one of ApiVersions keeps header version 0 for ever. */
export function responseHeaderVersion(response: Schema, version: number): 0 | 1 {
  return version >= response.flexibleSince && response.apiKey !== apiVersionsKey ? 1 : 0
}
