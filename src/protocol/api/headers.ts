/**
 * What stands before every request and response. A request's header is version 2 when the version of its API is
 * flexible, else 1; a response's 1 or 0 likewise, but the one of ApiVersions is always 0, because the client
 * cannot know yet what the broker speaks. The client id keeps its old length prefix in all versions, so that a
 * broker can read it whatever follows.
 */
import { header, type Infer, type InferInput, int16, int32, string } from '../schema.ts'

export const requestHeader = header(
  { name: 'RequestHeader', versions: [1, 2], flexibleSince: 2 },
  {
    requestApiKey: int16(),
    requestApiVersion: int16(),
    correlationId: int32(),
    clientId: string({ nullableSince: 0, neverFlexible: true }),
  },
)
export type RequestHeader = Infer<typeof requestHeader>
export type RequestHeaderInput = InferInput<typeof requestHeader>

export const responseHeader = header(
  { name: 'ResponseHeader', versions: [0, 1], flexibleSince: 1 },
  {
    correlationId: int32(),
  },
)
export type ResponseHeader = Infer<typeof responseHeader>
export type ResponseHeaderInput = InferInput<typeof responseHeader>
