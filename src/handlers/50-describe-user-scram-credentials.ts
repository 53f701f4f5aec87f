/**
 * DescribeUserScramCredentials (50)
 *
 * *Behavior.* The SCRAM mechanisms and iterations of users, of all for null or none. Keys and salts are not told. Needs
 * the right to describe the cluster.
 *
 * *Version notes.* There is one.
 */
import type {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponseInput,
} from '../protocol/api/50-describe-user-scram-credentials.ts'
import { errorCodes, KafkaError } from '../protocol/errors.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

type Result = NonNullable<DescribeUserScramCredentialsResponseInput['results']>[number]

export function handleDescribeUserScramCredentials(
  broker: NodeServices,
  request: DescribeUserScramCredentialsRequest,
  context: RequestContext,
): DescribeUserScramCredentialsResponseInput {
  if (!broker.authorize(context, 'Describe', 'Cluster', clusterResourceName)) {
    throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED')
  }
  const credentials = [...broker.image.security.scramCredentials()]
  const asked = request.users?.map(({ name }) => name) ?? []
  const names = asked.length > 0 ? asked : credentials.map(({ name }) => name)
  const results = [...new Set(names)].sort().map((user): Result => {
    if (asked.filter((name) => name === user).length > 1) return refusal(user, 'DUPLICATE_RESOURCE')
    const infos = credentials.filter(({ name }) => name === user)
    if (infos.length === 0) return refusal(user, 'RESOURCE_NOT_FOUND')
    const credentialInfos = infos.map(({ mechanism, iterations }) => ({ mechanism, iterations }))
    return { user, errorCode: 0, errorMessage: '', credentialInfos }
  })
  // Apache Kafka leaves the message of a success empty, not null.
  return { errorCode: 0, errorMessage: '', results }
}

const reasons = {
  DUPLICATE_RESOURCE: 'Cannot describe SCRAM credentials for the same user twice in a single request',
  RESOURCE_NOT_FOUND: 'Attempt to describe a user credential that does not exist',
} as const

function refusal(user: string, error: keyof typeof reasons): Result {
  return { user, errorCode: errorCodes[error], errorMessage: `${reasons[error]}: ${user}`, credentialInfos: [] }
}
