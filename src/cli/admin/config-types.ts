/** What `ottla configs` knows settings of. */
export const configTypes = ['topic', 'broker', 'broker-logger', 'group', 'client-metrics'] as const
export type ConfigType = (typeof configTypes)[number]
