/**
 * Sends the same requests to two brokers and writes down what each answers, so that the two accounts can be compared.
 * What must differ between brokers (ids, addresses, clocks) is replaced by what it stands for: the same id has the same
 * name in the whole account. Texts of errors are the broker's own; that there is one is compared, what it says is not.
 */
import { handlers } from '../../../src/handlers/index.ts'
import { apiKeys, apis } from '../../../src/protocol/api/index.ts'
import { errorName } from '../../../src/protocol/errors.ts'
import { decodeResponse } from '../../../src/protocol/frames.ts'
import { forEachBatch } from '../../../src/protocol/record/batch-cursor.ts'
import { TestClient } from '../../server/server-harness.ts'

export type ApiName = keyof typeof apiKeys
/** Decoded answers, read by the probes without their types. */
export type Answer = { readonly [field: string]: Value }
export type Value = null | boolean | number | bigint | string | Buffer | Answer | readonly Value[]

/** A line of the account. */
export interface Observation {
  readonly step: string
  readonly answer: string
}

export interface Probe {
  readonly name: string
  run(prober: Prober): Promise<void>
}

/** Without the fields that this version has no room for. */
function known(api: ApiName, version: number, message: object): object {
  const { root } = apis.get(apiKeys[api])!.request
  const has = (name: string): boolean =>
    root.fields.some(([field, { since, until }]) => field === name && since <= version && version <= until)
  return Object.fromEntries(Object.entries(message).filter(([name]) => has(name)))
}

const answerTimeoutMs = 60_000
const settledTimeoutMs = 120_000
const nameFields = ['name', 'topic', 'groupId', 'transactionalId', 'resourceName']
/** What other probes have made, and what a broker makes for itself. */
const othersName = /^(c\d+[-._]|__consumer_offsets|__transaction_state)/
const dayMs = 86_400_000

export class Prober {
  readonly observations: Observation[] = []
  /** Begins the names of what the probe makes, on both brokers alike. */
  readonly prefix: string
  readonly #port: number
  readonly #names = new Map<string, string>()
  #client: TestClient | undefined
  #correlationId = 0

  constructor(port: number, prefix: string) {
    this.#port = port
    this.prefix = prefix
  }

  /** A second conversation with the same broker, written into the same account. */
  beside(): Prober {
    const other = new Prober(this.#port, this.prefix)
    Object.assign(other, { observations: this.observations })
    return other
  }

  close(): void {
    this.#client?.socket.destroy()
    this.#client = undefined
  }

  /** Sends and writes down the answer, or that there was none because the connection was closed. */
  async probe(step: string, api: ApiName, version: number, message: object): Promise<Answer | undefined> {
    const answer = await this.ask(api, version, message).catch((error: unknown) => {
      throw new Error(`${step}: ${String(error)}`)
    })
    this.#observe(step, api, version, answer)
    return answer
  }

  /** Every version in turn. */
  async probeVersions(
    step: string,
    api: ApiName,
    message: (version: number) => object,
    from = apis.get(apiKeys[api])!.request.minVersion,
  ): Promise<void> {
    const { maxVersion } = apis.get(apiKeys[api])!.request
    for (let version = from; version <= maxVersion; version++) await this.probe(step, api, version, message(version))
  }

  /** The bytes of a request that no encoder writes, on a connection of its own. */
  async probeBytes(step: string, api: ApiName, version: number, frame: Buffer): Promise<void> {
    const client = await TestClient.connect(this.#port)
    client.write(frame)
    const answer = await client.frame()
    client.socket.destroy()
    const decoded = answer && decodeResponse(apis.get(apiKeys[api])!.response, version, answer).message
    this.#observe(step, api, version, decoded as Answer | undefined)
  }

  #observe(step: string, api: ApiName, version: number, answer: Answer | undefined): void {
    const told = answer === undefined ? 'closed' : JSON.stringify(this.#normal(answer, ''))
    this.observations.push({ step: `${step.replace(this.prefix, '~')} [${api} v${version}]`, answer: told })
  }

  /** Bytes that no schema describes; what is written down is whether the connection is closed. */
  async probeFrame(step: string, frame: Buffer): Promise<void> {
    const client = await TestClient.connect(this.#port)
    client.write(frame)
    const answer = await client.frame()
    this.observations.push({ step, answer: answer === undefined ? 'closed' : answer.toString('latin1') })
    client.socket.destroy()
  }

  note(step: string, told: Value): void {
    this.observations.push({ step, answer: JSON.stringify(this.#normal(told, '')) })
  }

  /** Sends without writing anything down. */
  async ask(api: ApiName, version: number, message: object): Promise<Answer | undefined> {
    this.#client ??= await TestClient.connect(this.#port)
    const client = this.#client
    client.send(apiKeys[api], version, ++this.#correlationId, known(api, version, message))
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`no answer to ${api} v${version} from port ${this.#port}`)),
        answerTimeoutMs,
      )
    })
    try {
      const { message: answer } = await Promise.race([client.response(apiKeys[api], version), late])
      return answer as Answer
    } catch (error) {
      this.close()
      if (error instanceof Error && error.message.includes('closed the connection')) return undefined
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Waits until `isSettled` says so: Apache Kafka's brokers hear a little later of what its controller has answered. */
  async settled(isSettled: () => Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + settledTimeoutMs
    while (!(await isSettled())) {
      if (performance.now() > deadlineMs)
        throw new Error(`port ${this.#port}: not settled after ${this.observations.at(-1)?.step}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** All at once on one connection; what is marked has no answer. */
  async pipeline(
    step: string,
    requests: readonly (readonly [ApiName, number, object, 'unanswered'?])[],
  ): Promise<void> {
    this.#client ??= await TestClient.connect(this.#port)
    const client = this.#client
    const first = this.#correlationId + 1
    for (const [api, version, message] of requests) {
      client.send(apiKeys[api], version, ++this.#correlationId, known(api, version, message))
    }
    for (const [index, [api, version, , isUnanswered]] of requests.entries()) {
      if (isUnanswered !== undefined) continue
      const { correlationId, message } = await client.response(apiKeys[api], version)
      this.note(`${step}, place`, correlationId - first)
      this.#observe(`${step}, ${index}`, api, version, message as Answer)
    }
  }

  /** Sends what has no answer. */
  async tell(api: ApiName, version: number, message: object): Promise<void> {
    this.#client ??= await TestClient.connect(this.#port)
    this.#client.send(apiKeys[api], version, ++this.#correlationId, known(api, version, message))
  }

  /** Not a topic, a group or the like that others have made, nor what is known to be otherwise. */
  #isOwn(element: Value, field: string): boolean {
    if (element === null || typeof element !== 'object' || Buffer.isBuffer(element)) return true
    const { apiKey, name: feature } = element as Answer
    if (typeof apiKey === 'number' && !handlers.has(apiKey)) return false
    // The reference has static voters, which kraft.version 0 means.
    if (field === 'finalizedFeatures' && feature === 'kraft.version') return false
    const name = nameFields.map((key) => (element as Answer)[key]).find((value) => typeof value === 'string')
    return !othersName.test(String(name)) || String(name).startsWith(this.prefix)
  }

  #name(kind: string, value: string): string {
    const known = this.#names.get(value)
    if (known !== undefined) return known
    const count = [...this.#names.values()].filter((name) => name.startsWith(kind)).length
    const name = `${kind}${count + 1}`
    this.#names.set(value, name)
    return name
  }

  #normal(value: Value | undefined, field: string): unknown {
    if (field === 'documentation') return field
    if (value === null || value === undefined) return null
    if (Buffer.isBuffer(value)) return field === 'records' ? this.#batches(value) : value.toString('latin1')
    if (Array.isArray(value)) {
      const own = (value as readonly Value[]).filter((element) => this.#isOwn(element, field))
      return this.#ordered(own.map((element) => this.#normal(element, field)))
    }
    if (typeof value === 'object') {
      const entries = Object.entries(value as Answer)
      return Object.fromEntries(entries.map(([name, inner]) => [name, this.#normal(inner, name)]))
    }
    return this.#normalScalar(value, field)
  }

  /** The order of topics, partitions, keys and members in an answer is nobody's promise. */
  #ordered(elements: unknown[]): unknown[] {
    if (elements.length < 2 || typeof elements[0] !== 'object') return elements
    return elements
      .map((element) => JSON.stringify(element))
      .sort()
      .map((text) => JSON.parse(text) as unknown)
  }

  #normalScalar(value: boolean | number | bigint | string, field: string): unknown {
    if (field === 'errorCode' || field === 'configErrorCode') return errorName(value as number)
    if (/^(errorMessage|batchIndexErrorMessage|topicConfigErrorMessage)$/.test(field)) return 'text'
    if (field === 'topicId' && value !== 'AAAAAAAAAAAAAAAAAAAAAA') return this.#name('topicId', String(value))
    if (/^(clusterId|host|port|logDir|totalBytes|usableBytes)$/.test(field)) return field
    if (typeof value === 'string' && /-[0-9a-f]{8}-[0-9a-f]{4}-/.test(value)) return this.#name('memberId', value)
    if (field === 'producerId' && Number(value) >= 0) return this.#name('producerId', `pid${value}`)
    if (field === 'sessionId' && value !== 0) return 'session'
    if (field === 'finalizedFeaturesEpoch' && Number(value) >= 0) return 'epoch'
    const isTime =
      (typeof value === 'bigint' || typeof value === 'number') && Math.abs(Number(value) - Date.now()) < dayMs
    if (isTime) return 'now'
    if (typeof value === 'string') return value.replace(this.prefix, '~')
    return typeof value === 'bigint' ? Number(value) : value
  }

  #batches(records: Buffer): unknown[] {
    const batches: unknown[] = []
    forEachBatch(records, (bytes, position, size) => {
      const attributes = bytes.readInt16BE(position + 21)
      // Two encoders of gzip may well differ in size. Leader epoch, CRC and times are left out.
      const told = (attributes & 7) === 0 ? size : 'compressed'
      batches.push({ baseOffset: Number(bytes.readBigInt64BE(position)), size: told, attributes })
    })
    return batches
  }
}
