/** The client of an administrator's command: where the cluster is, and how long to wait for it. */
import type { KafkaClient } from '../../client/kafka-client.ts'
import { createClient, readProperties, withClient } from '../tools/tool-client.ts'

export interface ClusterOptions {
  /** host:port,... */
  readonly bootstrap: string
  readonly settingsFile?: string | undefined
}

/** Runs `use` with a client of that cluster. */
export function withCluster<T>(
  { bootstrap, settingsFile }: ClusterOptions,
  use: (client: KafkaClient) => Promise<T>,
): Promise<T> {
  return withClient(createClient(bootstrap, readProperties(settingsFile), 'ottla-admin'), use)
}
