/**
 * Client quotas, SCRAM credentials, access control entries and delegation tokens of the image. Nothing serves them yet;
 * they are kept and snapshotted, so that a cluster that has them loses none. MetadataImage replays into it.
 */
import type { MetadataDelta } from './metadata-delta.ts'
import type { MetadataRecordData, MetadataRecordOf } from './metadata-record.ts'
import { UndoableMap, type UndoLog } from './undo-log.ts'

type QuotaData = MetadataRecordData<'ClientQuotaRecord'>
type ScramData = MetadataRecordData<'UserScramCredentialRecord'>
type AclData = MetadataRecordData<'AccessControlEntryRecord'>
type TokenData = MetadataRecordData<'DelegationTokenRecord'>

export type SecurityRecord =
  | MetadataRecordOf<'ClientQuotaRecord'>
  | MetadataRecordOf<'UserScramCredentialRecord'>
  | MetadataRecordOf<'RemoveUserScramCredentialRecord'>
  | MetadataRecordOf<'AccessControlEntryRecord'>
  | MetadataRecordOf<'RemoveAccessControlEntryRecord'>
  | MetadataRecordOf<'DelegationTokenRecord'>
  | MetadataRecordOf<'RemoveDelegationTokenRecord'>

export interface ClientQuotas {
  readonly entity: QuotaData['entity']
  /** producer_byte_rate, consumer_byte_rate, request_percentage, controller_mutation_rate ... */
  readonly values: ReadonlyMap<string, number>
}

function entityKey(entity: QuotaData['entity']): string {
  const parts = entity.map((each) => [each.entityType, each.entityName])
  return JSON.stringify(parts.sort((a, b) => (a[0]! < b[0]! ? -1 : 1)))
}

/** Decoded bytes are views of the log's buffer, which must not be kept alive by them. */
function ownBytes(data: ScramData): ScramData {
  return {
    ...data,
    salt: Buffer.from(data.salt),
    storedKey: Buffer.from(data.storedKey),
    serverKey: Buffer.from(data.serverKey),
  }
}

export class SecurityImage {
  readonly #clientQuotas: UndoableMap<string, ClientQuotas>
  readonly #scram: UndoableMap<string, ScramData>
  readonly #acls: UndoableMap<string, AclData>
  readonly #delegationTokens: UndoableMap<string, TokenData>

  constructor(undoLog: UndoLog, delta: () => MetadataDelta | undefined) {
    this.#clientQuotas = new UndoableMap(undoLog, () => delta()?.onOtherChange('clientQuotas'))
    this.#scram = new UndoableMap(undoLog, () => delta()?.onOtherChange('scram'))
    this.#acls = new UndoableMap(undoLog, () => delta()?.onOtherChange('acls'))
    this.#delegationTokens = new UndoableMap(undoLog, () => delta()?.onOtherChange('delegationTokens'))
  }

  clientQuotas(): MapIterator<ClientQuotas> {
    return this.#clientQuotas.values()
  }

  /** The quotas of exactly this entity, in whatever order its parts are named; undefined when it has none. */
  clientQuotasOf(entity: QuotaData['entity']): ClientQuotas | undefined {
    return this.#clientQuotas.get(entityKey(entity))
  }

  scramCredentials(): MapIterator<ScramData> {
    return this.#scram.values()
  }

  acls(): MapIterator<AclData> {
    return this.#acls.values()
  }

  delegationTokens(): MapIterator<TokenData> {
    return this.#delegationTokens.values()
  }

  replay(record: SecurityRecord): void {
    switch (record.type) {
      case 'ClientQuotaRecord':
        this.#replayQuota(record.data)
        break
      case 'UserScramCredentialRecord':
        this.#scram.set(`${record.data.mechanism}:${record.data.name}`, ownBytes(record.data))
        break
      case 'RemoveUserScramCredentialRecord':
        this.#scram.delete(`${record.data.mechanism}:${record.data.name}`)
        break
      case 'AccessControlEntryRecord':
        this.#acls.set(record.data.id, record.data)
        break
      case 'RemoveAccessControlEntryRecord':
        this.#acls.delete(record.data.id)
        break
      case 'DelegationTokenRecord':
        this.#delegationTokens.set(record.data.tokenId, record.data)
        break
      case 'RemoveDelegationTokenRecord':
        this.#delegationTokens.delete(record.data.tokenId)
        break
    }
  }

  #replayQuota(data: QuotaData): void {
    const key = entityKey(data.entity)
    const existing = this.#clientQuotas.get(key)
    const values = new Map(existing?.values)
    if (data.remove) values.delete(data.key)
    else values.set(data.key, data.value)
    if (values.size === 0) this.#clientQuotas.delete(key)
    else this.#clientQuotas.set(key, { entity: existing?.entity ?? data.entity, values })
  }
}
