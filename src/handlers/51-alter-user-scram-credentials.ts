/**
 * AlterUserScramCredentials (51)
 *
 * *Behavior.* Sets and deletes the SCRAM credentials of users; the controller decides for each user. Needs the right to
 * alter the cluster. They are kept in the metadata log; no listener asks for them yet.
 *
 * *Version notes.* There is one.
 */
import type {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse,
  AlterUserScramCredentialsResponseInput,
} from '../protocol/api/51-alter-user-scram-credentials.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { KafkaError } from '../protocol/errors.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

export async function handleAlterUserScramCredentials(
  broker: NodeServices,
  request: AlterUserScramCredentialsRequest,
  context: RequestContext,
): Promise<AlterUserScramCredentialsResponseInput> {
  if (!broker.authorize(context, 'Alter', 'Cluster', clusterResourceName)) {
    return refuseAlterUserScramCredentials(request, new KafkaError('CLUSTER_AUTHORIZATION_FAILED'))
  }
  return broker.controller.send<AlterUserScramCredentialsResponse>(apiKeys.AlterUserScramCredentials, request, context)
}

/** The same error for each user. */
export function refuseAlterUserScramCredentials(
  { deletions, upsertions }: AlterUserScramCredentialsRequest,
  error: KafkaError,
): AlterUserScramCredentialsResponseInput {
  const users = new Set([...deletions, ...upsertions].map(({ name }) => name))
  return { results: [...users].map((user) => ({ user, errorCode: error.code, errorMessage: error.message })) }
}
