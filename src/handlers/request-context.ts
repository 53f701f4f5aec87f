/**
 * Who asks, and how: what the dispatcher knows of a request beside its content, and the question whether its principal
 * may do what it wants.
 */

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
