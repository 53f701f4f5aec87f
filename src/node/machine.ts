/**
 * What a node takes of its surroundings: time, disk, network and randomness. This machine's for a process of its own; an
 * embedded node has some of them in memory, a simulated one all.
 */
import { hostname } from 'node:os'
import type { Clock } from '../base/clock.ts'
import type { Network } from '../base/network.ts'
import type { Random } from '../base/random.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import { IoLanes } from '../io/io-lanes.ts'
import { NodeClock } from '../io/node-clock.ts'
import { NodeFileSystem } from '../io/node-file-system.ts'
import { NodeNetwork } from '../io/node-network.ts'
import { NodeRandom } from '../io/node-random.ts'
import { metadataPartitionName } from '../log/file-names.ts'
import type { FileSystem } from '../log/file-system.ts'

export interface Machine {
  /** Closed with the node. */
  readonly clock: Clock & { close(): void }
  readonly fileSystem: FileSystem
  readonly network: Network
  readonly random: Random
  /** By which the other nodes of a cluster find this one when a listener has no address. */
  readonly hostName: string
}

/** This machine's clock, disks and network. */
export function realMachine({ logDirs, metadataLogDir }: BrokerConfig): Machine {
  const lanes = new IoLanes(logDirs, `${metadataLogDir}/${metadataPartitionName}`)
  return {
    clock: new NodeClock(),
    fileSystem: new NodeFileSystem(lanes),
    network: new NodeNetwork(),
    random: new NodeRandom(),
    hostName: hostname(),
  }
}
