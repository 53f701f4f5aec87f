/**
 * What the server counts for each API: requests, their bytes, the bytes of answers, and answers that are errors of ours.
 * The dispatcher writes, who renders metrics reads; counting costs an index and an addition.
 */
export class ApiCounters {
  requestCount = 0
  requestBytes = 0
  responseBytes = 0
  /** Handlers that threw what is no KafkaError. */
  failureCount = 0
}

export class RequestMetrics {
  readonly #byKey: (ApiCounters | undefined)[] = []
  /** Connections that were closed because of what their client sent. */
  protocolErrorCount = 0
  acceptedConnectionCount = 0
  refusedConnectionCount = 0

  of(apiKey: number): ApiCounters {
    let counters = this.#byKey[apiKey]
    if (counters === undefined) {
      counters = new ApiCounters()
      this.#byKey[apiKey] = counters
    }
    return counters
  }

  /** Keys that were asked for, ascending, with their counters. */
  *entries(): Generator<readonly [apiKey: number, counters: ApiCounters]> {
    for (const [apiKey, counters] of this.#byKey.entries()) if (counters !== undefined) yield [apiKey, counters]
  }
}
