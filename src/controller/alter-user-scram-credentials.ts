/**
 * AlterUserScramCredentials (51) at the controller: users by themselves, one change of each at most. Of a salted password
 * only the stored key and the server key of RFC 5802 are kept; nobody can log in with them.
 *
 *   StoredKey = H(HMAC(SaltedPassword, "Client Key"))    ServerKey = HMAC(SaltedPassword, "Server Key")
 */
import type { HashAlgorithm } from '../base/hashing.ts'
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-record.ts'
import type {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse,
  ScramCredentialUpsertion,
} from '../protocol/api/51-alter-user-scram-credentials.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { ControllerResult } from './controller-result.ts'
import type { ControllerState } from './controller-state.ts'

/** By Kafka's number of ScramMechanism. */
const algorithms: ReadonlyMap<number, HashAlgorithm> = new Map([
  [1, 'sha256'],
  [2, 'sha512'],
])
const iterationsMin = 4096
const iterationsMax = 16_384

type Change = () => MetadataRecord

export function alterUserScramCredentials(
  state: ControllerState,
  request: AlterUserScramCredentialsRequest,
): ControllerResult<AlterUserScramCredentialsResponse> {
  const changes: [user: string, change: Change][] = [
    ...request.deletions.map(({ name, mechanism }): [string, Change] => [name, () => deletion(state, name, mechanism)]),
    ...request.upsertions.map((wanted): [string, Change] => [wanted.name, () => upsertion(state, wanted)]),
  ]
  const outcomes = new Map<string, MetadataRecord | KafkaError>()
  for (const [user, change] of changes) {
    const known = outcomes.get(user)
    if (known instanceof KafkaError) continue
    outcomes.set(user, known === undefined ? outcomeOf(change) : altered())
  }
  const results = [...outcomes].map(([user, outcome]) => {
    if (!(outcome instanceof KafkaError)) return { user, errorCode: 0, errorMessage: null }
    // A message that says no more than its code is left out.
    const errorMessage = outcome.message === outcome.error ? null : outcome.message
    return { user, errorCode: outcome.code, errorMessage }
  })
  const records: MetadataRecord[] = []
  for (const outcome of outcomes.values()) if (!(outcome instanceof KafkaError)) records.push(outcome)
  return { records, response: { throttleTimeMs: 0, results } }
}

function altered(): KafkaError {
  return new KafkaError('DUPLICATE_RESOURCE', 'A user credential cannot be altered twice in the same request')
}

function outcomeOf(change: Change): MetadataRecord | KafkaError {
  try {
    return change()
  } catch (error) {
    if (error instanceof KafkaError) return error
    throw error
  }
}

function algorithmFor(name: string, mechanism: number): HashAlgorithm {
  if (name === '') throw new KafkaError('UNACCEPTABLE_CREDENTIAL', 'Username must not be empty')
  const algorithm = algorithms.get(mechanism)
  if (algorithm === undefined) throw new KafkaError('UNSUPPORTED_SASL_MECHANISM', 'Unknown SCRAM mechanism')
  return algorithm
}

function deletion(state: ControllerState, name: string, mechanism: number): MetadataRecord {
  algorithmFor(name, mechanism)
  const credentials = [...state.image.security.scramCredentials()]
  if (!credentials.some((known) => known.name === name && known.mechanism === mechanism)) {
    throw new KafkaError('RESOURCE_NOT_FOUND', 'Attempt to delete a user credential that does not exist')
  }
  return metadataRecord('RemoveUserScramCredentialRecord', 0, { name, mechanism })
}

function upsertion({ hashing }: ControllerState, wanted: ScramCredentialUpsertion): MetadataRecord {
  const { name, mechanism, iterations, salt, saltedPassword } = wanted
  const algorithm = algorithmFor(name, mechanism)
  if (iterations < iterationsMin) throw new KafkaError('UNACCEPTABLE_CREDENTIAL', 'Too few iterations')
  if (iterations > iterationsMax) throw new KafkaError('UNACCEPTABLE_CREDENTIAL', 'Too many iterations')
  // Java's HMAC takes no empty key; it is a mistake that gets no better name.
  if (saltedPassword.length === 0) throw new KafkaError('UNKNOWN_SERVER_ERROR')
  const clientKey = hashing.hmac(algorithm, saltedPassword, Buffer.from('Client Key'))
  return metadataRecord('UserScramCredentialRecord', 0, {
    ...{ name, mechanism, salt, iterations },
    storedKey: hashing.hash(algorithm, clientKey),
    serverKey: hashing.hmac(algorithm, saltedPassword, Buffer.from('Server Key')),
  })
}
