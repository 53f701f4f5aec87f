/**
 * DescribeConfigs (32)
 *
 * *Behavior.* The configuration of topics, of this broker or of all brokers (an empty name), of consumer groups and of
 * client metrics subscriptions: each key with its value in force, where that comes from, and on request everything that
 * it hides. Groups and subscriptions need not exist. Documentation is not kept here: where it is asked for it is empty.
 * Loggers have their levels.
 *
 * *Version notes.* 3 tells types and documentation.
 */

import { configSources } from '../config/config-layers.ts'
import {
  type DescribedConfig,
  describeBrokerConfigs,
  describeClientMetricsConfigs,
  describeClusterConfigs,
  describeGroupConfigs,
  describeTopicConfigs,
} from '../config/describe-configs.ts'
import { configResourceTypes } from '../metadata/config-resource.ts'
import { topicNameProblem } from '../metadata/topic-name.ts'
import type {
  DescribeConfigsRequest,
  DescribeConfigsResource,
  DescribeConfigsResponseInput,
} from '../protocol/api/32-describe-configs.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { NodeServices } from './broker.ts'
import { authorizeResource } from './config-authorization.ts'
import type { RequestContext } from './handler.ts'

type Result = NonNullable<DescribeConfigsResponseInput['results']>[number]

export function handleDescribeConfigs(
  broker: NodeServices,
  request: DescribeConfigsRequest,
  context: RequestContext,
): DescribeConfigsResponseInput {
  const results = request.resources.map((resource): Result => {
    const { resourceType, resourceName } = resource
    try {
      authorizeResource(broker, context, 'DescribeConfigs', resourceType, resourceName)
      const configs = describeResource(broker, resource).map((config) => ({
        ...config,
        synonyms: request.includeSynonyms ? config.synonyms : [],
        documentation: request.includeDocumentation || resourceType === configResourceTypes.brokerLogger ? '' : null,
      }))
      return { errorCode: 0, errorMessage: '', resourceType, resourceName, configs }
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      return { errorCode: error.code, errorMessage: error.message, resourceType, resourceName, configs: [] }
    }
  })
  return { throttleTimeMs: 0, results }
}

function describeResource(broker: NodeServices, resource: DescribeConfigsResource): DescribedConfig[] {
  const { resourceType: type, resourceName: name, configurationKeys: keys } = resource
  const { image, config } = broker
  switch (type) {
    case configResourceTypes.topic: {
      const problem = topicNameProblem(name)
      if (problem !== undefined) throw new KafkaError('INVALID_TOPIC_EXCEPTION', problem)
      if (image.topics.getByName(name) === undefined) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', '')
      return describeTopicConfigs(image.configs.topic(name), config, keys)
    }
    case configResourceTypes.broker:
      if (name === '') return describeClusterConfigs(config, keys)
      checkOwnId(broker, name, `expected ${broker.nodeId} or empty string,`)
      return describeBrokerConfigs(config, keys)
    case configResourceTypes.brokerLogger:
      if (name === '') throw invalid('Broker id must not be empty')
      checkOwnId(broker, name, `expected ${broker.nodeId}`)
      return describeLoggers(broker, keys)
    case configResourceTypes.group:
      if (name === '') throw invalid('Group name must not be empty')
      return describeGroupConfigs(image.configs.get(type, name), config, keys)
    case configResourceTypes.clientMetrics:
      if (name === '') throw invalid('Client metrics subscription name must not be empty')
      return describeClientMetricsConfigs(image.configs.get(type, name), keys)
    default:
      throw invalid(
        'This most likely occurs because of a request being malformed by the client library or the message was sent to ' +
          'an incompatible broker. See the broker logs for more details.',
      )
  }
}

/** All loggers of this node, or those of `keys`, each with the level that counts for it. */
function describeLoggers({ loggers }: NodeServices, keys: readonly string[] | null): DescribedConfig[] {
  const names = keys === null || keys.length === 0 ? loggers.names : loggers.names.filter((name) => keys.includes(name))
  return names.map((name) => ({
    name,
    value: loggers.level(name)!,
    readOnly: false,
    configSource: configSources.brokerLogger,
    isSensitive: false,
    synonyms: [],
    configType: 0,
  }))
}

function invalid(message: string): KafkaError {
  return new KafkaError('INVALID_REQUEST', message)
}

/** A broker tells of itself only. */
function checkOwnId(broker: NodeServices, name: string, expectation: string): void {
  if (!/^[+-]?\d+$/.test(name)) throw invalid(`Broker id must be an integer, but it is: ${name}`)
  if (Number(name) !== broker.nodeId) {
    throw invalid(`Unexpected broker id, ${expectation} but received ${name}`)
  }
}
