/** Where ottla answers otherwise on purpose: the steps by probe. docs/COMPATIBILITY.md says why. */
export const acceptedDifferences: ReadonlyMap<string, readonly string[]> = new Map([
  // It says what is wrong where Apache Kafka has no message.
  ['configs', ['operation 9 [IncrementalAlterConfigs v1]']],
])
