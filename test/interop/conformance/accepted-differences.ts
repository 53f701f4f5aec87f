/** Where ottla answers otherwise on purpose, and what is not asked at all. docs/COMPATIBILITY.md says why. */

/** Steps by probe; of those that match a pattern some may be answered alike. */
export const acceptedDifferences: ReadonlyMap<string, readonly RegExp[]> = new Map([
  // What is there twice is refused.
  ['every version of Produce', [/ twice /]],
  // Apache Kafka fails where it asks who may see a topic without a name.
  ['every version of DescribeTopicPartitions', [/topics\[0\]\.name = {2}(\[|and )/]],
])

/** Which of two errors counts, where it is neither's promise: by probe. */
export const acceptedPairs: ReadonlyMap<string, RegExp> = new Map([
  ['every version of Produce', /acks = .* and .*records = |records = .* and acks = /],
  // Apache Kafka gathers what is refused, and answers it first.
  ['every version of OffsetCommit', / and topics twice/],
])

/** What the sweep does not ask, by API: steps that both brokers cannot answer alike. */
const leftOut: Readonly<Record<string, readonly RegExp[]>> = {
  Produce: [
    // Nothing is answered.
    /acks = 0$/,
    /^defaults$/,
    // Apache Kafka gives no answer to null records.
    /records = null$/,
    // Transactions are not served.
    /^transactionalId = /,
  ],
  // Transactions are not served.
  InitProducerId: [/^transactionalId = /, /^defaults$/],
  // The coordinator of transactions is not served.
  FindCoordinator: [/keyType = 1$/],
  // Creates what it names, at its leisure.
  Metadata: [/allowAutoTopicCreation = true$/],
  // Apache Kafka gives no answer to what is named twice.
  AlterConfigs: [/^resources twice$/],
  // It gives none to a protocol that is there twice; a second member of a group would wait for the first.
  JoinGroup: [/^protocols twice$/, /^groupId = ./],
  // The one that both run as.
  UnregisterBroker: [/brokerId = 1$/],
}

export function isLeftOut(api: string, version: number, step: string): boolean {
  return step.split(' and ').some((part) => {
    // The versions before 4 create what they name.
    if (api === 'Metadata' && version < 4 && /name = .*none$/.test(part)) return true
    return leftOut[api]?.some((pattern) => pattern.test(part)) ?? false
  })
}
