/**
 * The way to the controller for the broker in the same process. Requests pass through their bytes once, so that defaults
 * and versions are what they would be over the network. A request waits while this node is not yet the active controller.
 */
import type { Clock } from '../base/clock.ts'
import { apiKeys, apis } from '../protocol/api/index.ts'
import { decode, encode } from '../protocol/compile.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { ControllerChannel } from './controller-channel.ts'
import type { ControllerRuntime } from './controller-runtime.ts'

export interface LocalControllerChannelOptions {
  readonly controller: ControllerRuntime
  readonly clock: Clock
  /** How long a request waits for a controller. */
  readonly timeoutMs: number
}

export class LocalControllerChannel implements ControllerChannel {
  readonly #options: LocalControllerChannelOptions

  constructor(options: LocalControllerChannelOptions) {
    this.#options = options
  }

  async send<Response>(apiKey: number, request: object): Promise<Response> {
    const { clock, timeoutMs } = this.#options
    const deadlineMs = clock.monotonic() + timeoutMs
    for (;;) {
      await this.#untilActive(deadlineMs)
      try {
        return (await this.#handle(apiKey, request)) as Response
      } catch (error) {
        const mayRetry =
          error instanceof KafkaError && error.error === 'NOT_CONTROLLER' && clock.monotonic() < deadlineMs
        if (!mayRetry) throw error
      }
    }
  }

  async #handle(apiKey: number, request: object): Promise<object> {
    const api = apis.get(apiKey)
    if (api === undefined) throw new KafkaError('UNSUPPORTED_VERSION', `no API has the key ${apiKey}`)
    const version = api.request.maxVersion
    const decoded = decode(api.request, version, encode(api.request, version, request))
    // One process has the broker id and the controller: whoever had the id before is dead.
    const origin = { isPredecessorGone: apiKey === apiKeys.BrokerRegistration }
    try {
      return await this.#options.controller.handle(apiKey, decoded, origin)
    } catch (error) {
      if (!(error instanceof KafkaError) || error.error === 'NOT_CONTROLLER' || !hasErrorCode(api.response)) throw error
      // What the controller refuses as a whole is an answer.
      const refusal = { errorCode: error.code, errorMessage: error.message }
      return decode(api.response, version, encode(api.response, version, refusal))
    }
  }

  #untilActive(deadlineMs: number): Promise<void> {
    const { controller, clock } = this.#options
    if (controller.isActive) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = clock.schedule(Math.max(0, deadlineMs - clock.monotonic()), () => {
        reject(new KafkaError('NOT_CONTROLLER', 'No controller answered in time'))
      })
      void controller.whenActive().then(() => {
        timer.cancel()
        resolve()
      })
    })
  }
}

function hasErrorCode(response: {
  readonly root: { readonly fields: readonly (readonly [string, unknown])[] }
}): boolean {
  return response.root.fields.some(([name]) => name === 'errorCode')
}
