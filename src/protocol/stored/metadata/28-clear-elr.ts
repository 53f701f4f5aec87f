/**
 * ClearElrRecord (28). All eligible leader replicas of a topic, or of all topics, are forgotten (KIP-966).
 */
import { type Infer, type InferInput, metadataRecord, string } from '../../schema.ts'

export const clearElrRecord = metadataRecord(
  { name: 'ClearElrRecord', apiKey: 28, versions: [0, 0], flexibleSince: 0 },
  {
    topicName: string(),
  },
)
export type ClearElrRecord = Infer<typeof clearElrRecord>
export type ClearElrRecordInput = InferInput<typeof clearElrRecord>
