/**
 * RemoveTopicRecord (9). A topic and all its partitions are gone.
 */
import { type Infer, type InferInput, metadataRecord, uuid } from '../../schema.ts'

export const removeTopicRecord = metadataRecord(
  { name: 'RemoveTopicRecord', apiKey: 9, versions: [0, 0], flexibleSince: 0 },
  {
    topicId: uuid(),
  },
)
export type RemoveTopicRecord = Infer<typeof removeTopicRecord>
export type RemoveTopicRecordInput = InferInput<typeof removeTopicRecord>
