/**
 * The way to the controller in the same process. What this node asks for itself passes through its bytes once, so that
 * defaults and versions are what they would be over the network; what others asked is decoded already, in their version.
 *
 * The broker beside a controller waits while this node is not yet the active one. What comes in on a controller's
 * listener is answered by this node or not at all (`timeoutMs` 0): who asks finds the active controller by himself.
 */
import type { Clock } from '../../base/clock.ts'
import { apiKeys, apis } from '../../protocol/api/index.ts'
import { decode, encode } from '../../protocol/compile.ts'
import { KafkaError } from '../../protocol/errors.ts'
import type { ControllerChannel, Requester } from './controller-channel.ts'
import type { ControllerRuntime } from './controller-runtime.ts'

export interface LocalControllerChannelOptions {
  readonly controller: Pick<ControllerRuntime, 'handle' | 'isActive' | 'whenActive'>
  readonly clock: Clock
  /** How long a request waits for this node to become the active controller; 0 on controllers' listeners. */
  readonly timeoutMs: number
}

export class LocalControllerChannel implements ControllerChannel {
  readonly #options: LocalControllerChannelOptions

  constructor(options: LocalControllerChannelOptions) {
    this.#options = options
  }

  async send<Response>(apiKey: number, request: object, requester?: Requester): Promise<Response> {
    const { clock, timeoutMs } = this.#options
    const deadlineMs = clock.monotonic() + timeoutMs
    for (;;) {
      if (!this.#options.controller.isActive) await this.#untilActive(deadlineMs)
      try {
        return (await askLocally(this.#options.controller, apiKey, request, requester)) as Response
      } catch (error) {
        const mayRetry = isNotController(error) && clock.monotonic() < deadlineMs
        if (!mayRetry) throw error
      }
    }
  }

  #untilActive(deadlineMs: number): Promise<void> {
    const { controller, clock } = this.#options
    const leftMs = deadlineMs - clock.monotonic()
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new KafkaError('NOT_CONTROLLER', 'This server is not the active controller.'))
      if (leftMs <= 0) return giveUp()
      const timer = clock.schedule(leftMs, giveUp)
      void controller.whenActive().then(() => {
        timer.cancel()
        resolve()
      })
    })
  }
}

export function isNotController(error: unknown): boolean {
  return error instanceof KafkaError && error.error === 'NOT_CONTROLLER'
}

/** Rejects with NOT_CONTROLLER when this node is not the active controller; other refusals of a whole request are answers. */
export async function askLocally(
  controller: Pick<ControllerRuntime, 'handle'>,
  apiKey: number,
  request: object,
  requester: Requester | undefined,
): Promise<object> {
  const api = apis.get(apiKey)
  if (api === undefined) throw new KafkaError('UNSUPPORTED_VERSION', `no API has the key ${apiKey}`)
  const version = api.request.maxVersion
  const isOwn = requester === undefined
  const decoded = isOwn ? decode(api.request, version, encode(api.request, version, request)) : request
  // One process has the broker id and the controller: whoever had the id before is dead.
  const isPredecessorGone = isOwn && apiKey === apiKeys.BrokerRegistration
  const origin = { isPredecessorGone, ...(isOwn ? {} : { connection: requester.connection }) }
  try {
    return await controller.handle(apiKey, decoded, origin)
  } catch (error) {
    if (!(error instanceof KafkaError) || isNotController(error) || !hasErrorCode(api.response)) throw error
    // What the controller refuses as a whole is an answer.
    const refusal = { errorCode: error.code, errorMessage: error.message }
    return decode(api.response, version, encode(api.response, version, refusal))
  }
}

function hasErrorCode(response: {
  readonly root: { readonly fields: readonly (readonly [string, unknown])[] }
}): boolean {
  return response.root.fields.some(([name]) => name === 'errorCode')
}
