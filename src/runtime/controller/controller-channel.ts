/**
 * How a broker speaks to the active controller: the same requests that Kafka's brokers send, answered by the
 * controller in this process or, in a cluster, over the network. Rejects with KafkaError when no controller answers in
 * time; the caller retries.
 */
export interface ControllerChannel {
  /**
   * Sends a request of `apiKey` at the newest version that both sides know; resolves with the decoded response, all fields
   * in it. With a requester, what a client asked for is forwarded in that client's name (Envelope, KIP-590); without, this
   * node asks for itself.
   */
  send<Response>(apiKey: number, request: object, requester?: Requester): Promise<Response>

  /** The callback runs when another controller may have become the active one. Returns how to leave. */
  onControllerChange?(callback: () => void): () => void
}

/** The request by which a client or another node asked: a handler's RequestContext is one. */
export interface Requester {
  readonly correlationId: number
  readonly clientId: string | null
  readonly connection: RequesterConnection
}

export interface RequesterConnection {
  /** Unique within the process's life. */
  readonly id: number
  /** `User:ANONYMOUS` until there is authentication. */
  readonly principal: string
  /** Numeric address of the client. */
  readonly clientHost: string
  /** True once the socket is gone. */
  readonly isClosed: boolean
  /** Runs once when the connection closes. */
  onClose(callback: () => void): void
}
