/**
 * AlterConfigs (33)
 *
 * *Behavior.* Replaces the whole dynamic configuration of each resource: what is not named goes. The old API; clients use
 * IncrementalAlterConfigs. A resource that is named twice is refused (Apache Kafka 4.3.1 gives no answer at all then).
 *
 * *Version notes.* None that a handler sees.
 */
import type {
  AlterConfigsRequest,
  AlterConfigsResponse,
  AlterConfigsResponseInput,
} from '../protocol/api/33-alter-configs.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { NodeServices } from './broker.ts'
import { changeConfigs, checkBrokerValues, isBroker, isLogger, refuseNulls } from './config-changes.ts'
import type { RequestContext } from './handler.ts'

export async function handleAlterConfigs(
  broker: NodeServices,
  request: AlterConfigsRequest,
  context: RequestContext,
): Promise<AlterConfigsResponseInput> {
  const responses = await changeConfigs({
    broker,
    context,
    resources: request.resources,
    check({ resourceType, resourceName, configs }) {
      refuseNulls(configs)
      if (isLogger(resourceType)) throw new KafkaError('INVALID_REQUEST', `Unknown resource type ${resourceType}`)
      if (!isBroker(resourceType)) return
      checkBrokerValues(broker, resourceName, new Map(configs.map(({ name, value }) => [name, value!])), context)
    },
    async send(resources) {
      const forwarded = { resources, validateOnly: request.validateOnly }
      return (await broker.controller.send<AlterConfigsResponse>(apiKeys.AlterConfigs, forwarded, context)).responses
    },
  })
  return { throttleTimeMs: 0, responses }
}
