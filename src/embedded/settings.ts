/** Settings of the library's brokers, before the caller's own. */

/** A test process wants small things soon: one partition of offsets, no wait for members that may still come, and no records that only show that time goes by. */
export const ownDefaults: Readonly<Record<string, string>> = {
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'group.initial.rebalance.delay.ms': '0',
  'metadata.max.idle.interval.ms': '0',
}

/** Where the files of a broker in memory seem to be. */
export const memoryDirectory = '/memory'

/** `host:port`, with the brackets that an IPv6 address needs. */
export function addressOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The caller's settings count over the library's. */
export function joinSettings(
  own: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string | number | boolean>>,
): Map<string, string> {
  const texts = Object.entries(given).map(([name, value]) => [name, String(value)] as const)
  return new Map([...Object.entries(own), ...texts])
}
