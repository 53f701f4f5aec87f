/** kafka-configs for users, clients and addresses: quotas, and the SCRAM credentials of users. */
import {
  alterQuotas,
  alterScramCredentials,
  describeQuotas,
  describeScramCredentials,
  type QuotaEntityPart,
  type QuotaEntityType,
  type ScramMechanism,
  scramIterationsMin,
  scramMechanisms,
} from '../../client/admin-quotas.ts'
import { NotServedError } from '../../client/client-errors.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { OperatorError } from '../operator-error.ts'
import type { Entities, EntityType } from './configs-arguments.ts'
import { inHashMapOrder } from './java-order.ts'
import { printLine, type ToolStreams } from './tool.ts'

const quotaTypes: Partial<Record<EntityType, QuotaEntityType>> = { users: 'user', clients: 'client-id', ips: 'ip' }
const titles: Readonly<Record<QuotaEntityType, string>> = { user: 'user-principal', 'client-id': 'client-id', ip: 'ip' }
const clientQuotas = new Set([
  'producer_byte_rate',
  'consumer_byte_rate',
  'request_percentage',
  'controller_mutation_rate',
])
const addressQuotas = new Set(['connection_creation_rate'])
const iterationsByDefault = 4096

export interface QuotaChanges {
  readonly added: ReadonlyMap<string, string>
  readonly deleted: readonly string[]
}

export async function describeQuotaEntities(
  client: KafkaClient,
  { types, names }: Entities,
  { output }: ToolStreams,
): Promise<void> {
  if (names.length > types.length) throw new OperatorError('More entity names specified than entity types')
  const filters = types.map((type, index) => ({ type: quotaTypes[type]!, name: nameOf(names[index]) }))
  for (const { entity, values } of await describeQuotas(client, filters)) {
    const parts = (['user', 'client-id', 'ip'] as const).flatMap((type) => {
      const part = entity.find((each) => each.type === type)
      if (part === undefined) return []
      return [part.name === null ? `the default ${titles[type]}` : `${titles[type]} '${part.name}'`]
    })
    const settings = inHashMapOrder(values.keys(), values.size).map((key) => `${key}=${javaDouble(values.get(key)!)}`)
    printLine(output, `Quota configs for ${parts.join(', ')} are ${settings.join(', ')}`)
  }
  if (!types.includes('users') || types.includes('clients') || names.includes('')) return
  const users = await describeScramCredentials(client, names.length === 0 ? null : names).catch((error: unknown) => {
    if (error instanceof NotServedError) return []
    throw error
  })
  for (const { user, credentials } of users) {
    const shown = credentials.map(({ mechanism, iterations }) => `${mechanism}=iterations=${iterations}`)
    printLine(output, `SCRAM credential configs for user-principal '${user}' are ${shown.join(', ')}`)
  }
}

function nameOf(name: string | undefined): string | null | undefined {
  return name === '' ? null : name
}

export async function alterQuotaEntities(
  client: KafkaClient,
  { types, names }: Entities,
  changes: QuotaChanges,
): Promise<void> {
  checkKeys(types, names, changes)
  const isScram = (key: string): boolean => key in scramMechanisms
  const { added, deleted } = changes
  if ([...added.keys(), ...deleted].some(isScram)) {
    const set = [...added].map(([mechanism, text]) => credentialOf(mechanism as ScramMechanism, text))
    return alterScramCredentials(client, names[0]!, set, deleted as ScramMechanism[])
  }
  const entity = types.map(
    (type, index): QuotaEntityPart => ({
      type: quotaTypes[type]!,
      name: names[index] === '' ? null : names[index]!,
    }),
  )
  const [present] = await describeQuotas(client, entity)
  const missing = deleted.filter((key) => !present?.values.has(key))
  if (missing.length > 0) throw new OperatorError(`Invalid config(s): ${missing.join(',')}`)
  const set = new Map<string, number>()
  for (const [key, text] of added) {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (Number.isNaN(value)) throw new OperatorError(`Cannot parse quota configuration value for ${key}: ${text}`)
    set.set(key, value)
  }
  return alterQuotas(client, entity, set, deleted)
}

function checkKeys(types: readonly EntityType[], names: readonly string[], { added, deleted }: QuotaChanges): void {
  const [type] = types
  const isScram = (key: string): boolean => key in scramMechanisms
  const isOfUser = type === 'users' && types.length === 1
  const isAllowed = (key: string): boolean =>
    type === 'ips' ? addressQuotas.has(key) : clientQuotas.has(key) || (isOfUser && isScram(key))
  const what = type === 'ips' ? 'connection quota' : isOfUser ? 'quota and SCRAM credential' : 'quota'
  const unknownAdded = [...added.keys()].filter((key) => !isAllowed(key))
  const unknownDeleted = deleted.filter((key) => !isAllowed(key))
  if (type === 'ips' && unknownAdded.length + unknownDeleted.length > 0)
    throw new OperatorError(
      `Only ${what} configs can be added for 'ips' using --bootstrap-server. Unexpected config names: ${[...unknownAdded, ...unknownDeleted].join(',')}`,
    )
  const entity = isOfUser ? 'users' : 'clients'
  if (unknownAdded.length > 0)
    throw new OperatorError(
      `Only ${what} configs can be added for '${entity}' using --bootstrap-server. Unexpected config names: Set(${unknownAdded.join(', ')})`,
    )
  if (unknownDeleted.length > 0)
    throw new OperatorError(
      `Only ${what} configs can be deleted for '${entity}' using --bootstrap-server. Unexpected config names: ArrayBuffer(${unknownDeleted.join(', ')})`,
    )
  const keys = [...added.keys(), ...deleted]
  if (!keys.some(isScram)) return
  if (names.includes(''))
    throw new OperatorError(
      'The use of --entity-default or --user-defaults is not allowed with User SCRAM Credentials using --bootstrap-server.',
    )
  if (!keys.every(isScram))
    throw new OperatorError(
      "Cannot alter both quota and SCRAM credential configs simultaneously for 'users' using --bootstrap-server.",
    )
}

function credentialOf(mechanism: ScramMechanism, text: string) {
  const match = /^(?:iterations=(-?\d*),)?password=(.*)$/.exec(text)
  if (match === null) throw new OperatorError(`Invalid credential property ${mechanism}=${text}`)
  const iterations = match[1] === undefined || match[1] === '-1' ? iterationsByDefault : Number(match[1])
  if (iterations < scramIterationsMin)
    throw new OperatorError(
      `Iterations ${iterations} is less than the minimum ${scramIterationsMin} required for ${mechanism}`,
    )
  return { mechanism, iterations, password: match[2]! }
}

/** A number as Java prints a double. */
export function javaDouble(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    const [mantissa, exponent] = value.toExponential().split('e')
    return `${mantissa!.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`
  }
  return Number.isInteger(value) ? value.toFixed(1) : `${value}`
}
