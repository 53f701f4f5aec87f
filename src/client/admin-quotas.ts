/** Quotas of users, clients and addresses, and the SCRAM credentials of users. */
import { pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { describeClientQuotasRequest, describeClientQuotasResponse } from '../protocol/api/48-describe-client-quotas.ts'
import { alterClientQuotasRequest, alterClientQuotasResponse } from '../protocol/api/49-alter-client-quotas.ts'
import {
  describeUserScramCredentialsRequest,
  describeUserScramCredentialsResponse,
} from '../protocol/api/50-describe-user-scram-credentials.ts'
import {
  alterUserScramCredentialsRequest,
  alterUserScramCredentialsResponse,
} from '../protocol/api/51-alter-user-scram-credentials.ts'
import { errorName } from '../protocol/errors.ts'
import { adminError, throwFirst, throwPassing } from './admin-error.ts'
import type { KafkaClient } from './kafka-client.ts'

export type QuotaEntityType = 'user' | 'client-id' | 'ip'

export interface QuotaEntityPart {
  readonly type: QuotaEntityType
  /** null is the default of all. */
  readonly name: string | null
}

export interface Quotas {
  readonly entity: readonly QuotaEntityPart[]
  readonly values: ReadonlyMap<string, number>
}

/** What to look for: undefined means any name. */
export interface QuotaFilter {
  readonly type: QuotaEntityType
  readonly name: string | null | undefined
}

const describeExchange = { request: describeClientQuotasRequest, response: describeClientQuotasResponse }
const alterExchange = { request: alterClientQuotasRequest, response: alterClientQuotasResponse }
const describeScramExchange = {
  request: describeUserScramCredentialsRequest,
  response: describeUserScramCredentialsResponse,
}
const alterScramExchange = { request: alterUserScramCredentialsRequest, response: alterUserScramCredentialsResponse }

const matchTypes = { exact: 0, default: 1, any: 2 } as const

/** Quotas of entities that have just the parts of `filters`. */
export async function describeQuotas(client: KafkaClient, filters: readonly QuotaFilter[]): Promise<Quotas[]> {
  const components = filters.map(({ type, name }) => ({
    entityType: type,
    matchType: name === undefined ? matchTypes.any : name === null ? matchTypes.default : matchTypes.exact,
    match: name ?? null,
  }))
  const answer = await client.ask(describeExchange, { components, strict: true })
  throwFirst([answer])
  return (answer.entries ?? []).map(({ entity, values }) => ({
    entity: entity.map(({ entityType, entityName }) => ({ type: entityType as QuotaEntityType, name: entityName })),
    values: new Map(values.map(({ key, value }) => [key, value])),
  }))
}

/** Sets some quotas of an entity and removes others. */
export async function alterQuotas(
  client: KafkaClient,
  entity: readonly QuotaEntityPart[],
  set: ReadonlyMap<string, number>,
  remove: readonly string[],
): Promise<void> {
  const ops = [
    ...[...set].map(([key, value]) => ({ key, value, remove: false })),
    ...remove.map((key) => ({ key, value: 0, remove: true })),
  ]
  const parts = entity.map(({ type, name }) => ({ entityType: type, entityName: name }))
  const judge = (answer: { readonly entries: readonly { readonly errorCode: number }[] }): void =>
    throwPassing(answer.entries)
  const { entries } = await client.ask(alterExchange, { entries: [{ entity: parts, ops }] }, 'controller', { judge })
  throwFirst(entries)
}

/** Mechanisms by their numbers on the wire, with their digests. */
export const scramMechanisms = {
  'SCRAM-SHA-256': { type: 1, digest: 'sha256', size: 32 },
  'SCRAM-SHA-512': { type: 2, digest: 'sha512', size: 64 },
} as const
export type ScramMechanism = keyof typeof scramMechanisms
export const scramIterationsMin = 4096

export interface ScramCredential {
  readonly mechanism: ScramMechanism
  readonly iterations: number
}

/** Users with credentials, all of them for null. Unknown users are left out. */
export async function describeScramCredentials(
  client: KafkaClient,
  users: readonly string[] | null,
): Promise<{ readonly user: string; readonly credentials: readonly ScramCredential[] }[]> {
  const message = { users: users === null ? null : users.map((name) => ({ name })) }
  const answer = await client.ask(describeScramExchange, message)
  throwFirst([answer])
  const found = answer.results.filter(({ errorCode }) => errorName(errorCode) !== 'RESOURCE_NOT_FOUND')
  return found.map(({ user, errorCode, errorMessage, credentialInfos }) => {
    if (errorCode !== 0) throw adminError(errorCode, errorMessage)
    const credentials = credentialInfos.map(({ mechanism, iterations }) => ({
      mechanism: mechanism === 1 ? ('SCRAM-SHA-256' as const) : ('SCRAM-SHA-512' as const),
      iterations,
    }))
    return { user, credentials }
  })
}

/** Only what a password hashes to leaves this process. */
export async function alterScramCredentials(
  client: KafkaClient,
  user: string,
  set: readonly (ScramCredential & { readonly password: string })[],
  remove: readonly ScramMechanism[],
): Promise<void> {
  const upsertions = await Promise.all(
    set.map(async ({ mechanism, iterations, password }) => {
      const { type, digest, size } = scramMechanisms[mechanism]
      const salt = randomBytes(size)
      const saltedPassword = await promisify(pbkdf2)(password, salt, iterations, size, digest)
      return { name: user, mechanism: type, iterations, salt, saltedPassword }
    }),
  )
  const deletions = remove.map((mechanism) => ({ name: user, mechanism: scramMechanisms[mechanism].type }))
  const judge = (answer: { readonly results: readonly { readonly errorCode: number }[] }): void =>
    throwPassing(answer.results)
  const { results } = await client.ask(alterScramExchange, { deletions, upsertions }, 'controller', { judge })
  throwFirst(results)
}
