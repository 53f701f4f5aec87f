/**
 * The library: a broker or a cluster inside the caller's process, for tests and tools.
 *
 *     import { startBroker } from 'ottla'
 *     await using broker = await startBroker({ topics: ['orders'] })
 *     new Kafka({ brokers: [broker.bootstrapServers] })
 *
 * It is a whole node on real sockets, on a free port of the loopback address; its data is in memory unless a directory is
 * given. Several run side by side and share nothing. It installs no signal handlers, writes no logs unless asked to, and
 * leaves nothing behind when it is stopped.
 */
import { silentLogger } from './base/logger.ts'
import { BrokerConfig } from './config/broker-config.ts'
import { CallbackLogger, type LogEntry } from './embedded/callback-logger.ts'
import { EmbeddedBroker, type NewTopic } from './embedded/embedded-broker.ts'
import { addressOf, joinSettings, memoryDirectory, ownDefaults } from './embedded/settings.ts'
import { MemoryFileSystem } from './io/memory-file-system.ts'
import { SkippingClock } from './io/skipping-clock.ts'
import { type Machine, realMachine } from './node/machine.ts'
import { startNode } from './node.ts'

export type { LogEntry } from './embedded/callback-logger.ts'
export { EmbeddedCluster, type StartClusterOptions, startCluster } from './embedded/cluster.ts'
export { type BrokerClock, EmbeddedBroker, type NewTopic } from './embedded/embedded-broker.ts'
export { KafkaError } from './protocol/errors.ts'

export interface StartBrokerOptions {
  /** Where its data lies and is found by the next start. Without one it is in memory, and gone with the broker. */
  readonly directory?: string
  /** Default: any free port. */
  readonly port?: number
  /** The address that it listens on. Default 127.0.0.1. */
  readonly host?: string
  /** Created before it is ready, and anew by `reset`. A name alone has the default number of partitions. */
  readonly topics?: readonly (string | NewTopic)[]
  /** Kafka's own configuration: `{ 'auto.create.topics.enable': false }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
  /** Default: nobody hears what it says. Warnings about unknown settings come here too. */
  readonly onLog?: (entry: LogEntry) => void
  /** Bytes of data in memory; beyond, it behaves as a broker with a full disk. Default 1 GiB. */
  readonly memoryBytesMax?: number
}

/**
 * Starts a broker; resolves when it serves clients. Rejects with an Error whose message is one line when a setting is
 * wrong, the port is taken, the directory is in use or a topic cannot be created.
 */
export async function startBroker(options: StartBrokerOptions = {}): Promise<EmbeddedBroker> {
  const settings = settingsOf(options)
  const logger = options.onLog === undefined ? silentLogger : new CallbackLogger(options.onLog)
  const config = BrokerConfig.from(settings, (message) => logger.warn(message))
  const clock = new SkippingClock()
  const machine = machineOf(options, config, clock)
  const node = await startNode({ config, logger, machine })
  const broker = new EmbeddedBroker(node, clock, options)
  try {
    await broker.createTopics(options.topics ?? [])
  } catch (error) {
    await broker.stop()
    throw error
  }
  return broker
}

function settingsOf({
  directory,
  port = 0,
  host = '127.0.0.1',
  settings = {},
}: StartBrokerOptions): Map<string, string> {
  const listeners = `PLAINTEXT://${addressOf(host, port)}`
  return joinSettings({ ...ownDefaults, 'log.dirs': directory ?? memoryDirectory, listeners }, settings)
}

function machineOf(options: StartBrokerOptions, config: BrokerConfig, clock: SkippingClock): Machine {
  if (options.directory !== undefined) return { ...realMachine(config), clock }
  const bytesMax = options.memoryBytesMax ?? 1024 ** 3
  return { ...realMachine(config), clock, fileSystem: new MemoryFileSystem({ bytesMax, now: () => clock.now() }) }
}
