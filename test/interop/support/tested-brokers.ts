/** What a client's test needs of the brokers: one node by itself, or a cluster of three, of which one can be killed. */
import { BrokerProcess } from './broker-process.ts'
import { Cluster, combinedNodes } from './cluster.ts'

export const layouts = ['one node', 'three nodes'] as const
export type Layout = (typeof layouts)[number]

export interface TestedBrokers {
  readonly bootstrap: string
  readonly addresses: readonly string[]
  /** kill -9 of one broker. */
  kill(): Promise<void>
  restart(): Promise<void>
  dispose(): Promise<void>
}

export async function startBrokers(layout: Layout): Promise<TestedBrokers> {
  if (layout === 'one node') {
    const broker = await BrokerProcess.start()
    const { bootstrap } = broker
    return {
      bootstrap,
      addresses: [bootstrap],
      kill: () => broker.kill(),
      restart: () => broker.restart(),
      dispose: () => broker.dispose(),
    }
  }
  const cluster = await Cluster.start({ nodes: combinedNodes(3) })
  const first = cluster.node(1)
  return {
    bootstrap: cluster.bootstrap,
    addresses: cluster.brokers.map(({ bootstrap }) => bootstrap),
    kill: () => first.kill(),
    restart: async () => {
      await first.start()
    },
    dispose: () => cluster.dispose(),
  }
}
