/**
 * BrokerRegistrationChangeRecord (17). A broker's fencing, shutdown, or directories changed.
 *
 * Version 1: gains inControlledShutdown.
 * Version 2: gains logDirs.
 * Version 3: gains cordonedLogDirs.
 */
import { arrayOf, type Infer, type InferInput, int8, int32, int64Number, metadataRecord, uuid } from '../../schema.ts'

export const brokerRegistrationChangeRecord = metadataRecord(
  { name: 'BrokerRegistrationChangeRecord', apiKey: 17, versions: [0, 3], flexibleSince: 0 },
  {
    brokerId: int32(),
    brokerEpoch: int64Number(),
    fenced: int8({ tag: 0 }),
    inControlledShutdown: int8({ since: 1, tag: 1 }),
    logDirs: arrayOf(uuid(), { since: 2, tag: 2 }),
    cordonedLogDirs: arrayOf(uuid(), { since: 3, nullableSince: 3, tag: 3, default: null }),
  },
)
export type BrokerRegistrationChangeRecord = Infer<typeof brokerRegistrationChangeRecord>
export type BrokerRegistrationChangeRecordInput = InferInput<typeof brokerRegistrationChangeRecord>
