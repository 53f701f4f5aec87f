/**
 * IncrementalAlterConfigs (44)
 *
 * *Behavior.* Sets, deletes, appends to or subtracts from single keys of each resource. This broker checks what concerns
 * itself, the controller everything else; the answer leaves when the change is committed and this broker has applied it.
 * Levels of loggers are this node's alone and change at once.
 *
 * *Version notes.* None that a handler sees.
 */
import { findBrokerKey } from '../config/broker-keys.ts'
import { configResourceTypes } from '../metadata/config-resource.ts'
import type {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
  IncrementalAlterConfigsResponseInput,
} from '../protocol/api/44-incremental-alter-configs.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { NodeServices } from './broker.ts'
import {
  type ConfigResourceRequest,
  changeConfigs,
  checkBrokerValues,
  isBroker,
  isLogger,
  refuseNulls,
} from './config-changes.ts'
import type { RequestContext } from './handler.ts'
import { applyLoggerChanges, checkLoggerChanges, configOperations } from './logger-changes.ts'

type Config = IncrementalAlterConfigsRequest['resources'][number]['configs'][number]

export async function handleIncrementalAlterConfigs(
  broker: NodeServices,
  request: IncrementalAlterConfigsRequest,
  context: RequestContext,
): Promise<IncrementalAlterConfigsResponseInput> {
  const responses = await changeConfigs<Config>({
    broker,
    context,
    resources: request.resources,
    check(resource) {
      const { resourceType, configs } = resource
      if (new Set(configs.map(({ name }) => name)).size < configs.length) {
        throw new KafkaError('INVALID_REQUEST', 'Error due to duplicate config keys')
      }
      refuseNulls(configs.filter(({ configOperation }) => configOperation !== configOperations.delete))
      refuseUnknownOperation(resource)
      if (isLogger(resourceType)) checkLoggerChanges(broker, resource)
      if (isBroker(resourceType))
        checkBrokerValues(broker, resource.resourceName, resultingValues(broker, resource), context)
    },
    decideHere(resource) {
      if (!isLogger(resource.resourceType)) return false
      if (!request.validateOnly) applyLoggerChanges(broker, resource)
      return true
    },
    async send(resources) {
      const forwarded = { resources, validateOnly: request.validateOnly }
      return (
        await broker.controller.send<IncrementalAlterConfigsResponse>(
          apiKeys.IncrementalAlterConfigs,
          forwarded,
          context,
        )
      ).responses
    },
  })
  return { throttleTimeMs: 0, responses }
}

/** What the broker resource would set after the change, less what it sets already: old values are not judged again. */
function resultingValues(broker: NodeServices, { resourceType, resourceName, configs }: ConfigResourceRequest<Config>) {
  const current = broker.image.configs.get(resourceType, resourceName)
  const values = new Map<string, string>()
  for (const { name, value, configOperation } of configs) {
    if (configOperation === configOperations.delete) continue
    const list = (current.get(name) ?? findBrokerKey(name)?.defaultText ?? '').split(',').filter((part) => part !== '')
    const parts = value!.split(',')
    if (configOperation === configOperations.set) values.set(name, value!)
    else if (configOperation === configOperations.append) values.set(name, [...new Set([...list, ...parts])].join(','))
    else values.set(name, list.filter((part) => !parts.includes(part)).join(','))
  }
  return values
}

const knownTypes: readonly number[] = Object.values(configResourceTypes).filter(
  (type) => type !== configResourceTypes.unknown,
)

/** Apache Kafka has words for it only where the resource is a broker. */
function refuseUnknownOperation({ resourceType, configs }: ConfigResourceRequest<Config>): void {
  if (!knownTypes.includes(resourceType)) {
    throw new KafkaError('INVALID_REQUEST', `Unknown resource type ${resourceType}`)
  }
  for (const { configOperation } of configs) {
    if (configOperation >= configOperations.set && configOperation <= configOperations.subtract) continue
    if (!isBroker(resourceType)) throw new KafkaError('UNKNOWN_SERVER_ERROR')
    throw new KafkaError('INVALID_REQUEST', `Unknown operations type ${configOperation}`)
  }
}
