/**
 * ProducerIdsRecord (15). Producer ids below nextProducerId are handed out to brokers.
 */
import { type Infer, type InferInput, int32, int64, int64Number, metadataRecord } from '../../schema.ts'

export const producerIdsRecord = metadataRecord(
  { name: 'ProducerIdsRecord', apiKey: 15, versions: [0, 0], flexibleSince: 0 },
  {
    brokerId: int32(),
    brokerEpoch: int64Number({ default: -1 }),
    nextProducerId: int64(),
  },
)
export type ProducerIdsRecord = Infer<typeof producerIdsRecord>
export type ProducerIdsRecordInput = InferInput<typeof producerIdsRecord>
