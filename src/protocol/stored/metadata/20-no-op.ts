/**
 * NoOpRecord (20). Nothing happened: the leader writes it so that a quiet log moves on.
 */
import { type Infer, type InferInput, metadataRecord } from '../../schema.ts'

export const noOpRecord = metadataRecord({ name: 'NoOpRecord', apiKey: 20, versions: [0, 0], flexibleSince: 0 }, {})
export type NoOpRecord = Infer<typeof noOpRecord>
export type NoOpRecordInput = InferInput<typeof noOpRecord>
