/**
 * What a handler is. The dispatcher decodes a request, calls the one handler of its API in the order in which the
 * connection's requests arrived, and sends what it returns in that same order. A handler validates, authorizes and
 * appends before it returns (stage one); if it must wait for replicas or data it returns a promise (stage two).
 * It throws or rejects with KafkaError only where the whole response carries one error; per-part errors it returns.
 */
import type { Broker } from './broker.ts'

/** One client connection, as handlers see it. */
export interface ConnectionInfo {
  /** Unique within the process's life. */
  readonly id: number
  readonly listenerName: string
  /** Numeric address of the client. */
  readonly clientHost: string
  readonly clientPort: number
  /** The address by which the client reached this broker; what it is told to connect to when nothing is advertised. */
  readonly localHost: string
  readonly localPort: number
  /** `User:ANONYMOUS` until there is authentication. */
  readonly principal: string
  /** What ApiVersions v3+ said; empty before. */
  clientSoftwareName: string
  clientSoftwareVersion: string
  /** True once the socket is gone; what waits for this client may be dropped. */
  readonly isClosed: boolean
  /** Runs once when the connection closes. */
  onClose(callback: () => void): void
}

export interface RequestContext {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  readonly connection: ConnectionInfo
  /** Bytes of the frame, header included. */
  readonly sizeInBytes: number
  /** clock.monotonic() when the frame was complete. */
  readonly receivedAtMs: number
}

/** Returned instead of a response where the protocol has none (Produce with acks=0). */
export const noReply = Symbol('no reply')

/** Thrown (with a reason) where Kafka closes the connection instead of answering. */
export class CloseConnection extends Error {
  override name = 'CloseConnection'
}

export type Handler<Request, Response> = (
  broker: Broker,
  request: Request,
  context: RequestContext,
) => Response | Promise<Response> | typeof noReply

/** Asks whether a principal may do an operation; allows all until there is an authorizer. */
export type Authorize = (
  context: RequestContext,
  operation:
    | 'Read'
    | 'Write'
    | 'Create'
    | 'Delete'
    | 'Alter'
    | 'Describe'
    | 'ClusterAction'
    | 'DescribeConfigs'
    | 'AlterConfigs'
    | 'IdempotentWrite',
  resourceType: 'Topic' | 'Group' | 'Cluster' | 'TransactionalId',
  resourceName: string,
) => boolean
