/**
 * Whether a resource may be configured so: its name, and everything that it would set. What values mean is in config/;
 * here it gets Kafka's error codes.
 */
import type { BrokerConfig } from '../config/broker-config.ts'
import { findBrokerKey } from '../config/broker-keys.ts'
import type { ConfigKey } from '../config/config-key.ts'
import { ConfigError } from '../config/config-value.ts'
import { validateClientMetricsConfigs, validateGroupConfigs } from '../config/dynamic-config-checks.ts'
import { validateTopicConfigs } from '../config/topic-config.ts'
import { clientMetricsKeysByName, groupKeysByName, topicKeysByName } from '../config/topic-keys.ts'
import { type ConfigResource, configResourceTypes } from '../metadata/config-resource.ts'
import { topicNameProblem } from '../metadata/topic-name.ts'
import { type ErrorName, KafkaError } from '../protocol/errors.ts'

export function findConfigKey(resourceType: number, name: string): ConfigKey | undefined {
  switch (resourceType) {
    case configResourceTypes.topic:
      return topicKeysByName.get(name)
    case configResourceTypes.broker:
      return findBrokerKey(name)
    case configResourceTypes.group:
      return groupKeysByName.get(name)
    case configResourceTypes.clientMetrics:
      return clientMetricsKeysByName.get(name)
    default:
      return undefined
  }
}

/** Throws KafkaError unless the resource may have exactly `values`. */
export function checkResourceConfigs(
  resource: ConfigResource,
  values: ReadonlyMap<string, string>,
  config: BrokerConfig,
): void {
  checkResourceName(resource)
  try {
    if (resource.type === configResourceTypes.topic) validateTopicConfigs(values, config)
    else if (resource.type === configResourceTypes.group) validateGroupConfigs(values, config)
    else if (resource.type === configResourceTypes.clientMetrics) validateClientMetricsConfigs(values)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new KafkaError(refusalOf(resource, error), error.message)
  }
}

/** Kafka calls a wrong subscription an invalid request, except for its matching pattern. */
function refusalOf(resource: ConfigResource, error: ConfigError): ErrorName {
  if (resource.type !== configResourceTypes.clientMetrics) return 'INVALID_CONFIG'
  return error.message.startsWith('Illegal client matching pattern') ? 'INVALID_CONFIG' : 'INVALID_REQUEST'
}

function checkResourceName({ type, name }: ConfigResource): void {
  const refuse = (message: string) => new KafkaError('INVALID_REQUEST', message)
  switch (type) {
    case configResourceTypes.topic: {
      if (name === '') throw refuse('Default topic resources are not allowed.')
      const problem = topicNameProblem(name)
      if (problem !== undefined) throw new KafkaError('INVALID_TOPIC_EXCEPTION', problem)
      return
    }
    case configResourceTypes.broker:
      if (name === '') return
      if (!/^[+-]?\d{1,10}$/.test(name)) throw refuse('Unable to parse broker name as a base 10 number.')
      if (Number(name) < 0) throw refuse('Invalid negative broker ID.')
      return
    case configResourceTypes.group:
      if (name === '') throw refuse('Default group resources are not allowed.')
      return
    case configResourceTypes.clientMetrics:
      if (name === '') throw refuse("Subscription name can't be empty")
      return
    default:
      throw refuse(`Unknown resource type ${type}`)
  }
}
