/**
 * DescribeClientQuotas (48)
 *
 * *Behavior.* The quotas that are set, of all entities that have every part that is asked for: by name, the default, or
 * whichever. `strict` leaves out entities that have further parts. Needs the right to describe the cluster's configuration.
 * They are kept and told, not enforced.
 *
 * *Version notes.* 1 is flexible.
 */
import type { ClientQuotas } from '../metadata/security-image.ts'
import type {
  ComponentData,
  DescribeClientQuotasRequest,
  DescribeClientQuotasResponseInput,
} from '../protocol/api/48-describe-client-quotas.ts'
import { KafkaError } from '../protocol/errors.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

const matchTypes = { exact: 0, default: 1, specified: 2 } as const

export function handleDescribeClientQuotas(
  broker: Broker,
  request: DescribeClientQuotasRequest,
  context: RequestContext,
): DescribeClientQuotasResponseInput {
  try {
    if (!broker.authorize(context, 'DescribeConfigs', 'Cluster', clusterResourceName)) {
      throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED')
    }
    checkComponents(request.components)
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { errorCode: error.code, errorMessage: error.message, entries: null }
  }
  const entries = [...broker.image.security.clientQuotas()]
    .filter((quotas) => matches(quotas, request))
    .map(({ entity, values }) => ({ entity, values: [...values].map(([key, value]) => ({ key, value })) }))
  // Apache Kafka leaves the message of a success empty, not null.
  return { errorCode: 0, errorMessage: '', entries }
}

function checkComponents(components: readonly ComponentData[]): void {
  const invalid = (message: string) => new KafkaError('INVALID_REQUEST', message)
  const types = new Set<string>()
  for (const { entityType, matchType, match } of components) {
    if (entityType === '') throw invalid('Invalid empty entity type.')
    if (types.has(entityType)) throw invalid(`Entity type ${entityType} cannot appear more than once in the filter.`)
    types.add(entityType)
    if (!['user', 'client-id', 'ip'].includes(entityType)) {
      throw new KafkaError('UNSUPPORTED_VERSION', `Unsupported entity type ${entityType}`)
    }
    if (matchType < matchTypes.exact || matchType > matchTypes.specified) {
      throw invalid(`Unknown match type ${matchType}`)
    }
    if (matchType === matchTypes.exact && match === null) {
      throw invalid('Request specified MATCH_TYPE_EXACT, but set match string to null.')
    }
    if (matchType !== matchTypes.exact && match !== null) {
      const name = matchType === matchTypes.default ? 'MATCH_TYPE_DEFAULT' : 'MATCH_TYPE_SPECIFIED'
      throw invalid(`Request specified ${name}, but also specified a match string.`)
    }
  }
  if (types.has('ip') && types.size > 1) {
    throw invalid(
      'Invalid entity filter component combination. IP filter component should not be used with user or clientId ' +
        'filter component.',
    )
  }
}

function matches({ entity }: ClientQuotas, { components, strict }: DescribeClientQuotasRequest): boolean {
  if (strict && entity.length !== components.length) return false
  return components.every(({ entityType, matchType, match }) =>
    entity.some(
      (part) => part.entityType === entityType && (matchType === matchTypes.specified || part.entityName === match),
    ),
  )
}
