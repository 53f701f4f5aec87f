/**
 * Envelope (58)
 *
 * *Behavior.* A broker passes on what a client asked, with the client's principal and address (KIP-590). The request inside is
 * served as if it had come to this listener from that client; its whole answer goes back inside. Errors of the envelope: the
 * sender is no node of the cluster (CLUSTER_AUTHORIZATION_FAILED), what is inside is malformed or may not be forwarded
 * (INVALID_REQUEST) or is of a version that is not served (UNSUPPORTED_VERSION), and NOT_CONTROLLER where this node is not the
 * active controller: the sender looks for another and sends it again.
 *
 * *Version notes.* There is one.
 */
import type { EnvelopeRequest, EnvelopeResponseInput } from '../protocol/api/58-envelope.ts'
import { apiKeys } from '../protocol/api/index.ts'
import {
  decodeAddress,
  decodePrincipal,
  discloseRequest,
  type EnclosedRequest,
  encloseResponse,
} from '../protocol/envelope.ts'
import { errorCodes, KafkaError, ProtocolError } from '../protocol/errors.ts'
import { checkClusterAction } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import { errorResponse } from './error-response.ts'
import type { ConnectionInfo, RequestContext } from './handler.ts'

/** What a handler's entry in the table of APIs says. */
interface EnclosedApi {
  handle(services: never, request: never, context: RequestContext): unknown
  readonly minVersion: number
  readonly maxVersion: number
  refuse?(request: never, error: KafkaError, context: RequestContext): object
}

const forwardable: ReadonlySet<number> = new Set([
  apiKeys.CreateTopics,
  apiKeys.DeleteTopics,
  apiKeys.CreateAcls,
  apiKeys.DeleteAcls,
  apiKeys.AlterConfigs,
  apiKeys.CreatePartitions,
  apiKeys.CreateDelegationToken,
  apiKeys.RenewDelegationToken,
  apiKeys.ExpireDelegationToken,
  apiKeys.ElectLeaders,
  apiKeys.IncrementalAlterConfigs,
  apiKeys.AlterPartitionReassignments,
  apiKeys.ListPartitionReassignments,
  apiKeys.AlterClientQuotas,
  apiKeys.AlterUserScramCredentials,
  apiKeys.DescribeQuorum,
  apiKeys.UpdateFeatures,
  apiKeys.UnregisterBroker,
  apiKeys.AllocateProducerIds,
  apiKeys.AddRaftVoter,
  apiKeys.RemoveRaftVoter,
])

/** Of the leader of the metadata log; others say NOT_LEADER_OR_FOLLOWER where the controller would say NOT_CONTROLLER. */
const askedOfTheLeader: ReadonlySet<number> = new Set([
  apiKeys.DescribeQuorum,
  apiKeys.AddRaftVoter,
  apiKeys.RemoveRaftVoter,
])

interface Enclosed extends EnclosedRequest {
  readonly api: ReturnType<typeof discloseRequest>['api']
  readonly message: object
  readonly served: EnclosedApi
}

/** `servedApi` finds the handler of what is inside. */
export function envelopeHandler(servedApi: (apiKey: number) => EnclosedApi | undefined) {
  return async (
    services: NodeServices,
    request: EnvelopeRequest,
    context: RequestContext,
  ): Promise<EnvelopeResponseInput> => {
    checkClusterAction(services, context)
    const enclosed = open(request, servedApi)
    const inner = innerContext(request, enclosed, context)
    const answer = await serve(services, enclosed, inner)
    if (isFromWrongController(enclosed.apiKey, answer)) throw new KafkaError('NOT_CONTROLLER')
    return { errorCode: 0, responseData: encloseResponse(enclosed, answer) }
  }
}

function open({ requestData }: EnvelopeRequest, servedApi: (apiKey: number) => EnclosedApi | undefined): Enclosed {
  let enclosed: ReturnType<typeof discloseRequest>
  try {
    enclosed = discloseRequest(requestData)
  } catch (error) {
    if (error instanceof ProtocolError) throw new KafkaError('INVALID_REQUEST', error.message)
    throw error
  }
  const served = servedApi(enclosed.apiKey)
  if (served === undefined || !forwardable.has(enclosed.apiKey)) throw new KafkaError('INVALID_REQUEST')
  const { apiVersion } = enclosed
  if (apiVersion < served.minVersion || apiVersion > served.maxVersion) throw new KafkaError('UNSUPPORTED_VERSION')
  return { ...enclosed, served }
}

function innerContext(
  { requestData, requestPrincipal, clientHostAddress }: EnvelopeRequest,
  { apiKey, apiVersion, correlationId, clientId }: EnclosedRequest,
  context: RequestContext,
): RequestContext {
  const connection = forwardedConnection(
    context.connection,
    readPrincipal(requestPrincipal),
    readAddress(clientHostAddress),
  )
  const { receivedAtMs } = context
  return { apiKey, apiVersion, correlationId, clientId, connection, receivedAtMs, sizeInBytes: requestData.length }
}

function readPrincipal(bytes: Buffer | null): string {
  try {
    if (bytes !== null) return decodePrincipal(bytes)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
  throw new KafkaError('PRINCIPAL_DESERIALIZATION_FAILURE')
}

function readAddress(bytes: Buffer): string {
  try {
    return decodeAddress(bytes)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw new KafkaError('INVALID_REQUEST', error.message)
  }
}

/** The broker's connection, as the client's: what waits for it ends with it. */
function forwardedConnection(connection: ConnectionInfo, principal: string, clientHost: string): ConnectionInfo {
  const { id, listenerName, clientPort, localHost, localPort } = connection
  return {
    id,
    listenerName,
    clientHost,
    clientPort,
    localHost,
    localPort,
    principal,
    clientSoftwareName: '',
    clientSoftwareVersion: '',
    get isClosed() {
      return connection.isClosed
    },
    onClose: (callback) => connection.onClose(callback),
  }
}

async function serve(services: NodeServices, enclosed: Enclosed, context: RequestContext): Promise<object> {
  const { api, served, message } = enclosed
  try {
    return (await served.handle(services as never, message as never, context)) as object
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    const answer = errorResponse(api, served, message, context, error)
    if (answer === undefined) throw error
    return answer
  }
}

/** Looks for the code anywhere in an answer: some APIs say it of each part. */
function isFromWrongController(apiKey: number, answer: unknown): boolean {
  const codes: number[] = [errorCodes.NOT_CONTROLLER]
  if (askedOfTheLeader.has(apiKey)) codes.push(errorCodes.NOT_LEADER_OR_FOLLOWER)
  return hasErrorCode(answer, codes)
}

function hasErrorCode(part: unknown, codes: readonly number[]): boolean {
  if (Array.isArray(part)) return part.some((each) => hasErrorCode(each, codes))
  if (typeof part !== 'object' || part === null || Buffer.isBuffer(part)) return false
  const { errorCode } = part as { readonly errorCode?: unknown }
  if (typeof errorCode === 'number' && codes.includes(errorCode)) return true
  return Object.values(part).some((each) => typeof each === 'object' && hasErrorCode(each, codes))
}
