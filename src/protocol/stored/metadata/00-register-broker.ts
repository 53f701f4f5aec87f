/**
 * RegisterBrokerRecord (0). A broker has registered: incarnation, listeners, features, log directories. It starts
 * out fenced.
 *
 * Version 1: gains inControlledShutdown.
 * Version 2: gains isMigratingZkBroker.
 * Version 3: gains logDirs.
 * Version 4: gains cordonedLogDirs.
 */
import {
  arrayOf,
  bool,
  type Infer,
  type InferInput,
  int16,
  int32,
  int64Number,
  metadataRecord,
  string,
  struct,
  uint16,
  uuid,
} from '../../schema.ts'

export const brokerEndpoint = struct('BrokerEndpoint', {
  name: string({ mapKey: true }),
  host: string(),
  port: uint16(),
  securityProtocol: int16(),
})
export type BrokerEndpoint = Infer<typeof brokerEndpoint>

export const brokerFeature = struct('BrokerFeature', {
  name: string({ mapKey: true }),
  minSupportedVersion: int16(),
  maxSupportedVersion: int16(),
})
export type BrokerFeature = Infer<typeof brokerFeature>

export const registerBrokerRecord = metadataRecord(
  { name: 'RegisterBrokerRecord', apiKey: 0, versions: [0, 4], flexibleSince: 0 },
  {
    brokerId: int32(),
    isMigratingZkBroker: bool({ since: 2 }),
    incarnationId: uuid(),
    brokerEpoch: int64Number(),
    endPoints: arrayOf(brokerEndpoint),
    features: arrayOf(brokerFeature),
    rack: string({ nullableSince: 0 }),
    fenced: bool({ default: true }),
    inControlledShutdown: bool({ since: 1 }),
    logDirs: arrayOf(uuid(), { since: 3, tag: 0 }),
    cordonedLogDirs: arrayOf(uuid(), { since: 4, nullableSince: 4, tag: 1, default: null }),
  },
)
export type RegisterBrokerRecord = Infer<typeof registerBrokerRecord>
export type RegisterBrokerRecordInput = InferInput<typeof registerBrokerRecord>
