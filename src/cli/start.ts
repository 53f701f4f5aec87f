/**
 * `ottla start`: runs a broker, a controller or both until a signal stops it. The first SIGTERM or SIGINT stops cleanly,
 * a second one at once. An exception that nobody caught ends the process: a broker that has lost its own invariants must
 * not go on writing to disk.
 */
import { resolve } from 'node:path'
import type { Logger } from '../base/logger.ts'
import { isEveryAddress } from '../config/listeners.ts'
import { createLogger, type LogFormat, type LogLevel } from '../io/pino-logger.ts'
import { readEnvironment } from './environment.ts'
import { loadNodeConfiguration, type NodeConfiguration, type NodeOptions } from './node-configuration.ts'
import type { RunningNode, StartNode } from './running-node.ts'
import { sizeThreadPool } from './thread-pool.ts'
import { packageVersion } from './version.ts'

export interface StartOptions extends NodeOptions {
  readonly logFormat: LogFormat
  /** Default: the environment's, else info. */
  readonly logLevel?: LogLevel | undefined
}

/** What of the process is used. */
export interface Host {
  once(event: 'SIGTERM' | 'SIGINT' | 'disconnect', listener: () => void): unknown
  on(event: 'uncaughtException', listener: (error: Error) => void): unknown
  exit(code: number): void
  /** There when another process started this one and wants to hear that it is ready. */
  send?(message: unknown): unknown
}

/** Exit codes, as documented in the help. */
export const exitCodes = { stopped: 0, failed: 1, usage: 2 } as const

/** Resolves with the exit code when the node has stopped; throws OperatorError when it cannot start. */
export async function start(
  options: StartOptions,
  loadStartNode: () => Promise<StartNode>,
  host: Host = process,
): Promise<number> {
  const loading = loadStartNode()
  // Whatever fails first is reported below; this only keeps the other from being unhandled.
  loading.catch(() => {})
  const level = options.logLevel ?? readEnvironment(process.env).logLevel ?? 'info'
  const logger = await createLogger({ format: options.logFormat, level })
  const configuration = loadNodeConfiguration(options, (message) => logger.warn(message))
  sizeThreadPool(configuration.config.logDirs)
  endOnUncaught(logger, host)
  // Who read the log may go away; the broker stays.
  process.stdout.on('error', () => {})
  const signal = nextSignal(host)
  const startNode = await loading
  const { clusterId } = configuration.environment
  const starting = startNode({ config: configuration.config, logger, clusterId })
  const early = await Promise.race([signal, starting])
  if (typeof early === 'string') {
    // A start may recover logs for minutes. What it has done so far is as good as after a crash.
    logger.info(`ending on ${early} before the start was over`)
    return signalExitCodes[early]
  }
  const node = early
  announce(logger, configuration, node, options.logFormat)
  host.send?.('ready')
  const reason = await Promise.race([signal, node.halted ?? new Promise<never>(() => {})])
  if (!isSignal(reason)) {
    logger.error(`stopping: ${reason}`)
    // What failed may fail again as it is closed, and was told.
    await node.stop().catch((error: Error) => logger.debug('not everything could be closed', { error: error.message }))
    return exitCodes.failed
  }
  logger.info(`stopping on ${reason}; once more stops at once`)
  nextSignal(host).then((second) => host.exit(signalExitCodes[second]))
  await node.stop()
  logger.info('stopped')
  return exitCodes.stopped
}

const signals = ['SIGTERM', 'SIGINT'] as const
export const signalExitCodes = { SIGTERM: 143, SIGINT: 130 } as const

function isSignal(reason: string): reason is (typeof signals)[number] {
  return (signals as readonly string[]).includes(reason)
}

/** SIGTERM, SIGINT, or the end of the process that started this one together with others. */
export function nextSignal(host: Pick<Host, 'once'>): Promise<(typeof signals)[number]> {
  return new Promise((resolveSignal) => {
    for (const signal of signals) host.once(signal, () => resolveSignal(signal))
    host.once('disconnect', () => resolveSignal('SIGTERM'))
  })
}

function endOnUncaught(logger: Logger, host: Host): void {
  host.on('uncaughtException', (error) => {
    logger.error('ending after an unexpected error', { stack: error?.stack ?? String(error) })
    host.exit(exitCodes.failed)
  })
}

/** Says where to connect and where the data is. */
function announce(
  logger: Logger,
  { config, file, isFirstRun, environment }: NodeConfiguration,
  node: RunningNode,
  format: LogFormat,
): void {
  if (isFirstRun) logger.info(`first run: wrote ${resolve(file!)}`)
  else if (file !== undefined) logger.info(`configuration from ${resolve(file)}`)
  const { size } = environment.settings
  if (size > 0) logger.info(`${size} ${size === 1 ? 'setting' : 'settings'} from environment variables`)
  const advertised = config.advertisedListeners
  for (const { name, host, port } of node.listeners) {
    const outer = advertised?.find((listener) => listener.name === name)
    const address = outer === undefined ? `${shownHost(host)}:${port}` : `${shownHost(outer.host)}:${outer.port}`
    const isForControllers = config.controllerListenerNames.includes(name)
    logger.info(
      `${isForControllers ? 'controllers' : 'clients'} connect to ${address} (${name}${isEveryAddress(host) ? ', every address of this machine' : ''})`,
    )
  }
  if (config.isBroker && advertised === undefined)
    logger.info('clients are told the address by which they came; behind a mapped port set advertised.listeners')
  logger.info(`data in ${node.dataDirectories.map((directory) => resolve(directory)).join(', ')}`)
  // A script reads the ports here, which it does not know when it asked for port 0.
  const facts = { listeners: node.listeners, dataDirectories: node.dataDirectories, pid: process.pid }
  logger.info(`ottla ${packageVersion()} is ready`, format === 'json' ? facts : undefined)
}

function shownHost(host: string): string {
  if (isEveryAddress(host)) return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
