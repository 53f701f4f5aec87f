/** Which groups and client metrics there are, for kafka-configs to go through them. */
import { listConfigResources, type ResourceType, resourceTypes } from '../../client/admin-configs.ts'
import { listConsumerGroups } from '../../client/admin-groups.ts'
import { NotServedError } from '../../client/client-errors.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'

/** Groups that live, and what has settings of its own. A broker that cannot list the latter is asked for the former. */
export async function namesWithConfigs(client: KafkaClient, type: ResourceType): Promise<string[]> {
  const names = new Set<string>()
  if (type === resourceTypes.group) for (const { groupId } of await listConsumerGroups(client)) names.add(groupId)
  try {
    for (const { name } of await listConfigResources(client, [type])) names.add(name)
  } catch (error) {
    if (!(error instanceof NotServedError)) throw error
  }
  return [...names]
}
