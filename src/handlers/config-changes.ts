/**
 * What AlterConfigs and IncrementalAlterConfigs have in common on a broker: resources that can be judged here are (this
 * broker's own configuration, its loggers, what is plainly wrong), the rest goes to the controller, and the answers come
 * together in the order of the request.
 */
import { ConfigError } from '../config/config-value.ts'
import { validateBrokerConfigs } from '../config/dynamic-config-checks.ts'
import { configResourceKey, configResourceTypes } from '../metadata/config-resource.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { NodeServices } from './broker.ts'
import { authorizeResource } from './config-authorization.ts'
import type { RequestContext } from './handler.ts'

interface NamedValue {
  readonly name: string
  readonly value: string | null
}

export interface ConfigResourceRequest<Config extends NamedValue> {
  readonly resourceType: number
  readonly resourceName: string
  readonly configs: readonly Config[]
}

export interface ConfigResourceAnswer {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly resourceType: number
  readonly resourceName: string
}

export interface ConfigChangesInput<Config extends NamedValue> {
  readonly broker: NodeServices
  readonly context: RequestContext
  readonly resources: readonly ConfigResourceRequest<Config>[]
  /** Throws KafkaError for a resource that needs no controller to be refused. */
  readonly check: (resource: ConfigResourceRequest<Config>) => void
  /** True for a resource that is this broker's alone, and done now. */
  readonly decideHere?: (resource: ConfigResourceRequest<Config>) => boolean
  /** Asks the controller; the answers are in the order of the resources. */
  readonly send: (resources: readonly ConfigResourceRequest<Config>[]) => Promise<readonly ConfigResourceAnswer[]>
}

export async function changeConfigs<Config extends NamedValue>(
  input: ConfigChangesInput<Config>,
): Promise<ConfigResourceAnswer[]> {
  const { broker, context, resources } = input
  const counts = new Map<string, number>()
  const keyOf = ({ resourceType, resourceName }: ConfigResourceRequest<Config>) =>
    configResourceKey(resourceType, resourceName)
  for (const resource of resources) counts.set(keyOf(resource), (counts.get(keyOf(resource)) ?? 0) + 1)
  const decided = new Map<ConfigResourceRequest<Config>, ConfigResourceAnswer>()
  const forwarded = resources.filter((resource) => {
    try {
      if (counts.get(keyOf(resource))! > 1) {
        throw new KafkaError('INVALID_REQUEST', 'Each resource must appear at most once.')
      }
      authorizeResource(broker, context, 'AlterConfigs', resource.resourceType, resource.resourceName)
      input.check(resource)
      if (input.decideHere?.(resource) !== true) return true
      const { resourceType, resourceName } = resource
      decided.set(resource, { errorCode: 0, errorMessage: null, resourceType, resourceName })
      return false
    } catch (error) {
      decided.set(resource, refusal(resource, error))
      return false
    }
  })
  const answers = forwarded.length === 0 ? [] : await sendOrRefuse(input, forwarded)
  const answered = new Map(forwarded.map((resource, index) => [resource, answers[index]!]))
  return resources.map((resource) => decided.get(resource) ?? answered.get(resource)!)
}

async function sendOrRefuse<Config extends NamedValue>(
  input: ConfigChangesInput<Config>,
  resources: readonly ConfigResourceRequest<Config>[],
): Promise<readonly ConfigResourceAnswer[]> {
  try {
    return await input.send(resources)
  } catch (error) {
    return resources.map((resource) => refusal(resource, error))
  }
}

function refusal(
  { resourceType, resourceName }: ConfigResourceRequest<NamedValue>,
  error: unknown,
): ConfigResourceAnswer {
  if (!(error instanceof KafkaError)) throw error
  // A message that says no more than its code is left out.
  const errorMessage = error.message === error.error ? null : error.message
  return { errorCode: error.code, errorMessage, resourceType, resourceName }
}

/** Throws INVALID_REQUEST when one of `configs` that needs a value has none. */
export function refuseNulls(configs: readonly NamedValue[]): void {
  const names = configs.filter(({ value }) => value === null).map(({ name }) => name)
  if (names.length > 0) {
    throw new KafkaError('INVALID_REQUEST', `Null value not supported for : ${names.join(',')}`)
  }
}

/**
 * Checks what would be the dynamic configuration of this broker, or with an empty name of all; throws INVALID_REQUEST. A
 * controller is asked for any broker: each judged its own values before it passed them on.
 */
export function checkBrokerValues(
  broker: NodeServices,
  name: string,
  values: ReadonlyMap<string, string>,
  { connection }: RequestContext,
): void {
  if (name !== '') {
    if (!/^[+-]?\d+$/.test(name)) {
      throw new KafkaError('INVALID_REQUEST', `Node id must be an integer, but it is: ${name}`)
    }
    if (broker.config.controllerListenerNames.includes(connection.listenerName)) return
    if (Number(name) !== broker.nodeId) {
      throw new KafkaError('INVALID_REQUEST', `Unexpected broker id, expected ${broker.nodeId}, but received ${name}`)
    }
  }
  try {
    validateBrokerConfigs(values, broker.config, name !== '')
  } catch (error) {
    if (error instanceof ConfigError) throw new KafkaError('INVALID_REQUEST', error.message)
    throw error
  }
}

export const isBroker = (type: number): boolean => type === configResourceTypes.broker
export const isLogger = (type: number): boolean => type === configResourceTypes.brokerLogger
