/**
 * What the controller makes of a request: records to append, and the answer to give once they are committed. Nothing
 * has changed yet when it is returned: the caller appends the records, replays them, and answers when they are safe.
 */
import type { MetadataRecord } from '../metadata/metadata-record.ts'

export interface ControllerResult<Response> {
  readonly records: MetadataRecord[]
  /** The raft layer is to finalize this kraft.version before the records are appended. */
  readonly kraftVersion?: number
  readonly response: Response
}

/** What a user's request may write at most; Kafka refuses larger ones. */
export const maxRecordsPerUserOperation = 10_000
