/**
 * What travels in an Envelope (58, KIP-590): a whole request with its header, the principal that asked, and its address;
 * back comes a whole response. The broker that forwards seals and opens; the controller does the reverse.
 *
 *   RequestPrincipal  | int16 version 0 | DefaultPrincipalData |     ClientHostAddress  | 4 or 16 bytes, as on the wire |
 */
import { type Api, apis } from './api/index.ts'
import { decode, encodeAfterInt16 } from './compile.ts'
import { ProtocolError } from './errors.ts'
import { decodeRequest, decodeRequestHeader, decodeResponse, encodeRequest, encodeResponse } from './frames.ts'
import { type DefaultPrincipalData, defaultPrincipalData } from './stored/principal.ts'
import type { Encoded } from './writer.ts'

const sizeBytes = 4
const principalVersionMax = 0
const unspecifiedAddress = Buffer.alloc(4)

export interface EnclosedRequest {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
}

/** A request as it stands in an envelope. */
export function encloseRequest(request: EnclosedRequest, message: object): Buffer {
  const { request: schema } = apis.get(request.apiKey)!
  return joined(encodeRequest(schema, request.apiVersion, request.correlationId, request.clientId, message as never))
}

/** Throws ProtocolError, or KafkaError UNSUPPORTED_VERSION for a version that Kafka does not have. */
export function discloseRequest(bytes: Buffer): EnclosedRequest & { readonly api: Api; readonly message: object } {
  const header = decodeRequestHeader(bytes)
  const { message } = decodeRequest(header.apiKey, header.apiVersion, bytes, header.endOffset)
  return { ...header, api: apis.get(header.apiKey)!, message }
}

/** An answer as it stands in an envelope. */
export function encloseResponse(request: EnclosedRequest, message: object): Buffer {
  const { response } = apis.get(request.apiKey)!
  return joined(encodeResponse(response, request.apiVersion, request.correlationId, message as never))
}

/** Throws ProtocolError. */
export function discloseResponse(request: EnclosedRequest, bytes: Buffer): object {
  const { response } = apis.get(request.apiKey)!
  const { correlationId, message } = decodeResponse(response, request.apiVersion, bytes)
  if (correlationId !== request.correlationId) {
    throw new ProtocolError(`an envelope answers request ${correlationId}, not ${request.correlationId}`)
  }
  return message as object
}

/** `principal` is `User:name`. */
export function encodePrincipal(principal: string): Buffer {
  const colon = principal.indexOf(':')
  const message = { type: principal.slice(0, colon), name: principal.slice(colon + 1), tokenAuthenticated: false }
  return encodeAfterInt16(principalVersionMax, defaultPrincipalData, principalVersionMax, message)
}

/** Throws ProtocolError. */
export function decodePrincipal(bytes: Buffer): string {
  if (bytes.length < 2) throw new ProtocolError(`a principal of ${bytes.length} bytes`)
  const version = bytes.readInt16BE(0)
  if (version < 0 || version > principalVersionMax) throw new ProtocolError(`a principal of version ${version}`)
  const { type, name }: DefaultPrincipalData = decode(defaultPrincipalData, version, bytes, 2)
  return `${type}:${name}`
}

/** What is no numeric address, as of a connection that has none, becomes 0.0.0.0. */
export function encodeAddress(address: string): Buffer {
  const host = address.split('%', 1)[0]!
  if (!host.includes(':')) return ipv4Bytes(host) ?? unspecifiedAddress
  const bytes = ipv6Bytes(host)
  if (bytes === undefined) return unspecifiedAddress
  // As in Java, an IPv4 address in IPv6's clothes is one of IPv4.
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes.readUInt16BE(10) === 0xffff
  return isMapped ? bytes.subarray(12) : bytes
}

/** Throws ProtocolError for what is neither 4 nor 16 bytes. */
export function decodeAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) throw new ProtocolError(`an address of ${bytes.length} bytes`)
  return Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16)).join(':')
}

function ipv4Bytes(host: string): Buffer | undefined {
  const parts = host.split('.')
  const isAddress = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)
  return isAddress ? Buffer.from(parts.map(Number)) : undefined
}

function ipv6Bytes(host: string): Buffer | undefined {
  const halves = host.split('::')
  if (halves.length > 2) return undefined
  const [head = [], tail = []] = halves.map(groupsOf)
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 0) return undefined
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail]
  if (groups.some((group) => Number.isNaN(group))) return undefined
  const bytes = Buffer.alloc(16)
  groups.forEach((group, index) => {
    bytes.writeUInt16BE(group, 2 * index)
  })
  return bytes
}

function groupsOf(half: string): number[] {
  if (half === '') return []
  return half.split(':').flatMap((part) => {
    const ipv4 = part.includes('.') ? ipv4Bytes(part) : undefined
    if (ipv4 !== undefined) return [ipv4.readUInt16BE(0), ipv4.readUInt16BE(2)]
    return [/^[\da-f]{1,4}$/i.test(part) ? Number.parseInt(part, 16) : Number.NaN]
  })
}

/** Without the size in front. */
function joined({ chunks, sizeInBytes }: Encoded): Buffer {
  return Buffer.concat(chunks as readonly Buffer[], sizeInBytes).subarray(sizeBytes)
}
