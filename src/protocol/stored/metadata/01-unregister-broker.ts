/**
 * UnregisterBrokerRecord (1). A broker's registration is gone.
 */
import { type Infer, type InferInput, int32, int64Number, metadataRecord } from '../../schema.ts'

export const unregisterBrokerRecord = metadataRecord(
  { name: 'UnregisterBrokerRecord', apiKey: 1, versions: [0, 0], flexibleSince: 0 },
  {
    brokerId: int32(),
    brokerEpoch: int64Number(),
  },
)
export type UnregisterBrokerRecord = Infer<typeof unregisterBrokerRecord>
export type UnregisterBrokerRecordInput = InferInput<typeof unregisterBrokerRecord>
