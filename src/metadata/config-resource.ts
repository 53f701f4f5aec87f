/**
 * What can have a dynamic configuration, with Kafka's numbers. A broker resource with an empty name is the default of
 * all brokers.
 */
export const configResourceTypes = {
  unknown: 0,
  topic: 2,
  broker: 4,
  brokerLogger: 8,
  clientMetrics: 16,
  group: 32,
} as const

export interface ConfigResource {
  /** One of configResourceTypes. */
  readonly type: number
  readonly name: string
}

/** The resource as a Map key. */
export function configResourceKey(type: number, name: string): string {
  return `${type}:${name}`
}

/** The cluster-wide default of all brokers. */
export const defaultBrokerResource: ConfigResource = { type: configResourceTypes.broker, name: '' }

/** As Kafka's error messages print it. */
export function describeConfigResource(resource: ConfigResource): string {
  const name = Object.entries(configResourceTypes).find(([, type]) => type === resource.type)?.[0] ?? 'unknown'
  const typeName = name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
  return `ConfigResource(type=${typeName}, name='${resource.name}')`
}
