/**
 * What the command line needs of node.ts: how a node is started and formatted, and what a running one offers.
 */
import type { Logger } from '../base/logger.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { Voter } from '../raft/voter-set.ts'

export interface StartNodeOptions {
  readonly config: BrokerConfig
  readonly logger: Logger
  /** What is formatted gets it; random when missing. */
  readonly clusterId?: string | undefined
}

export interface RunningNode {
  /** Open listeners with the ports that they have. */
  readonly listeners: readonly { readonly name: string; readonly host: string; readonly port: number }[]
  readonly dataDirectories: readonly string[]
  /** Stops cleanly: answers what is in flight, flushes, marks a clean shutdown. */
  stop(): Promise<void>
  /** Resolves with the reason when the node cannot go on (its last data directory is gone). */
  readonly halted?: Promise<string>
}

export type StartNode = (options: StartNodeOptions) => Promise<RunningNode>

export interface FormatOptions {
  readonly config: BrokerConfig
  readonly logger: Logger
  /** Random when missing. */
  readonly clusterId?: string | undefined
  /** Directories that are formatted already are left as they are; otherwise they are an error. */
  readonly ignoreFormatted: boolean
  readonly initialControllers?: 'standalone' | 'none' | readonly Voter[] | undefined
}

/** Resolves with the cluster's id. */
export type FormatStorage = (options: FormatOptions) => Promise<string>
