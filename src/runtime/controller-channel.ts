/**
 * How a broker speaks to the active controller: the same requests that Kafka's brokers send, answered by the
 * controller in this process (combined mode) or, in a cluster, over the network. Rejects with KafkaError when no
 * controller answers in time; the caller retries.
 */
export interface ControllerChannel {
  /** Sends a request of `apiKey` at its newest version; resolves with the decoded response. */
  send<Response>(apiKey: number, request: object): Promise<Response>
}
