/**
 * TopicRecord (2). A topic exists. Its partitions follow as PartitionRecords.
 */
import { type Infer, type InferInput, metadataRecord, string, uuid } from '../../schema.ts'

export const topicRecord = metadataRecord(
  { name: 'TopicRecord', apiKey: 2, versions: [0, 0], flexibleSince: 0 },
  {
    name: string(),
    topicId: uuid(),
  },
)
export type TopicRecord = Infer<typeof topicRecord>
export type TopicRecordInput = InferInput<typeof topicRecord>
