/** What the parts of one node share while it is put together; see assembled-node.ts. */
import type { NamedLoggers } from '../base/logger.ts'
import type { Uuid } from '../base/uuid.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { NodeServices } from '../handlers/broker.ts'
import type { Codecs } from '../protocol/record/compression.ts'
import type { Machine } from './machine.ts'

export interface NodeEnvironment {
  readonly config: BrokerConfig
  readonly clusterId: Uuid
  /** Of the directory that holds the metadata log. */
  readonly directoryId: Uuid
  readonly machine: Machine
  readonly loggers: NamedLoggers
  readonly codecs: Codecs
  /** Ends the node: it cannot go on. */
  readonly halt: (reason: string) => void
  /** How to take apart what was built: the last first. */
  readonly stops: (() => Promise<void> | void)[]
}

/** What handlers on all listeners of a node are given alike. */
export type SharedServices = Omit<NodeServices, 'topicReadiness' | 'controller' | 'logger'>

/** `own` with all that `shared` has; getters stay getters. */
export function joinServices<Own extends object>(own: Own, shared: SharedServices): Own & SharedServices {
  return Object.defineProperties(own, Object.getOwnPropertyDescriptors(shared)) as Own & SharedServices
}
