/**
 * How a node is formatted and started, for the command line, the library and simulations. A node is formatted if it is
 * new; node/assembled-node.ts puts it together.
 */
import { hostname } from 'node:os'
import type { Logger } from './base/logger.ts'
import { randomUuid, type Uuid } from './base/uuid.ts'
import type { BrokerConfig } from './config/broker-config.ts'
import { ConfigError } from './config/config-value.ts'
import { checkServedConfiguration, namesWithoutEffect } from './config/served-configuration.ts'
import type { Broker } from './handlers/broker.ts'
import { NodeClock } from './io/node-clock.ts'
import { NodeFileSystem } from './io/node-file-system.ts'
import { NodeRandom } from './io/node-random.ts'
import { formatLogDirectory, isDiskError, readMetaProperties } from './log/log-directory.ts'
import { AssembledNode } from './node/assembled-node.ts'
import { controllerEndpoints, isClustered } from './node/endpoints.ts'
import { type Machine, realMachine } from './node/machine.ts'
import type { QuorumMember } from './node/quorum-member.ts'
import type { Voter } from './raft/voter-set.ts'
import { formatMetadataDirectory } from './runtime/raft/raft-format.ts'

export interface RunningNode {
  readonly listeners: readonly { readonly name: string; readonly host: string; readonly port: number }[]
  readonly dataDirectories: readonly string[]
  /** Stops cleanly: answers what is in flight, flushes, marks a clean shutdown. */
  stop(): Promise<void>
  /** Resolves with the reason when the node cannot go on. */
  readonly halted: Promise<string>
  /** Undefined on a node that is no broker. */
  readonly broker: Broker | undefined
  /** Its part in the quorum of the metadata log, and what it has read of it. */
  readonly quorum: QuorumMember
}

/**
 * The voters that a new metadata directory knows: this node alone, none (it joins a quorum that is there, or the
 * configuration names the voters), or these. Undefined: this node alone where it has no cluster.
 */
export type InitialControllers = 'standalone' | 'none' | readonly Voter[]

type FormattingMachine = Pick<Machine, 'fileSystem' | 'random' | 'clock' | 'hostName'>

export interface FormatStorageOptions {
  readonly config: BrokerConfig
  readonly clusterId?: string | undefined
  readonly ignoreFormatted: boolean
  readonly initialControllers?: InitialControllers | undefined
  /** This machine's when missing. */
  readonly machine?: FormattingMachine
}

/** Formats what is new, then starts; resolves when clients are served. `machine` is this one unless the caller has another. */
export async function startNode(options: {
  readonly config: BrokerConfig
  readonly logger: Logger
  readonly clusterId?: string | undefined
  readonly machine?: Machine
}): Promise<RunningNode> {
  const { config, logger } = options
  const machine = options.machine ?? realMachine(config)
  const { fileSystem } = machine
  checkServedConfiguration(config)
  const idle = namesWithoutEffect(config)
  if (idle.length > 0) logger.warn(`set, but without effect in this version: ${idle.join(', ')}`)
  const clusterId = await formatStorage({ config, clusterId: options.clusterId, ignoreFormatted: true, machine })
  const meta = await readMetaProperties(fileSystem, config.metadataLogDir)
  const node = new AssembledNode({ config, logger, clusterId, directoryId: meta!.directoryId, machine })
  const listeners = await node.start()
  return {
    listeners,
    dataDirectories: config.logDirs,
    stop: () => node.stop(),
    halted: node.halted,
    broker: node.broker,
    quorum: node.quorum!,
  }
}

/** Gives each new directory its identity, and the metadata directory its quorum of one. Resolves with the cluster's id. */
export async function formatStorage(options: FormatStorageOptions): Promise<Uuid> {
  const { config, clusterId, ignoreFormatted } = options
  const { fileSystem, random, clock, hostName } = options.machine ?? plainMachine()
  checkServedConfiguration(config)
  const paths = [...new Set([config.metadataLogDir, ...config.logDirs])]
  const broken = new Set<string>()
  const found = await Promise.all(
    paths.map((path) =>
      readMetaProperties(fileSystem, path).catch((error: Error) => {
        // The log manager does without it and says so; without the metadata there is nothing to start.
        if (path === config.metadataLogDir || !isDiskError(error)) throw error
        broken.add(path)
        return undefined
      }),
    ),
  )
  const known = found.find((meta) => meta !== undefined)
  if (known !== undefined && !ignoreFormatted)
    throw new ConfigError(`${paths[found.indexOf(known)]} is formatted already; --ignore-formatted leaves it as it is`)
  if (known === undefined && clusterId === undefined && isClustered(config))
    throw new ConfigError(
      `${paths[0]} is new, and this node belongs to a cluster: give all its nodes the same id, as in ottla format --cluster-id ${randomUuid(random)}`,
    )
  const id = known?.clusterId ?? clusterId ?? randomUuid(random)
  if (clusterId !== undefined && clusterId !== id)
    throw new ConfigError(`the data directories belong to cluster ${id}, not to ${clusterId}`)
  for (const [index, path] of paths.entries()) {
    if (found[index] !== undefined || broken.has(path)) continue
    const voters = path === config.metadataLogDir ? initialVoters(options, hostName, randomUuid(random)) : []
    const own = voters.find((voter) => voter.id === config.nodeId)
    const directoryId = own?.directoryId ?? randomUuid(random)
    await fileSystem.makeDirectory(path)
    await formatMetadataDirectory({ fileSystem, clock, logDirectory: path, voters })
    // Last: a directory is formatted once this file is there.
    await formatLogDirectory(fileSystem, path, { clusterId: id, nodeId: config.nodeId, directoryId })
  }
  return id
}

function plainMachine(): FormattingMachine {
  return { fileSystem: new NodeFileSystem(), random: new NodeRandom(), clock: new NodeClock(), hostName: hostname() }
}

/** `directoryId` is for this node, where it is the only voter. */
function initialVoters(
  { config, initialControllers }: FormatStorageOptions,
  hostName: string,
  directoryId: Uuid,
): readonly Voter[] {
  const given = initialControllers ?? (isClustered(config) ? 'none' : 'standalone')
  if (given === 'none') return []
  if (given !== 'standalone') return given
  const endpoints = controllerEndpoints(config, hostName).map(({ name, host, port }) => ({ name, host, port }))
  return [{ id: config.nodeId, directoryId, endpoints, kraftVersionMin: 0, kraftVersionMax: 1 }]
}
