/**
 * `ottla format`: gives data directories their identity on purpose, with a cluster's id. `ottla start` does the same by
 * itself for a single node on an empty directory.
 */
import { createPlainLogger } from '../io/pino-logger.ts'
import { readEnvironment } from './environment.ts'
import { initialControllersOf } from './initial-controllers.ts'
import { loadNodeConfiguration, type NodeOptions } from './node-configuration.ts'
import { OperatorError } from './operator-error.ts'
import type { FormatStorage } from './running-node.ts'
import { exitCodes } from './start.ts'

export interface FormatCommandOptions extends NodeOptions {
  readonly clusterId: string | undefined
  readonly ignoreFormatted: boolean
  /** This controller is the only voter of a new quorum. */
  readonly standalone?: boolean
  /** It joins a quorum that is there. */
  readonly noInitialControllers?: boolean
  /** id@host:port:directoryId,...: the voters of a new quorum. */
  readonly initialControllers?: string | undefined
}

export async function format(
  options: FormatCommandOptions,
  loadFormatStorage: () => Promise<FormatStorage>,
): Promise<number> {
  const { ignoreFormatted } = options
  const clusterId = options.clusterId ?? readEnvironment(process.env).clusterId
  if (clusterId !== undefined && !/^[!-~]{1,249}$/.test(clusterId))
    throw new OperatorError(
      `cluster id '${clusterId}': it is 1 to 249 printable characters without spaces; leave it out to get a new one`,
    )
  const logger = createPlainLogger({ format: 'plain', level: 'warn' })
  const { config, file, isFirstRun } = loadNodeConfiguration(options, (message) => logger.warn(message))
  const { standalone = false, noInitialControllers = false } = options
  const said = { standalone, noInitialControllers, initialControllers: options.initialControllers }
  const initialControllers = initialControllersOf(config, said)
  const formatStorage = await loadFormatStorage()
  const id = await formatStorage({ config, logger, clusterId, ignoreFormatted, initialControllers })
  if (isFirstRun) process.stdout.write(`wrote ${file}\n`)
  process.stdout.write(`formatted ${config.logDirs.join(', ')} with cluster.id ${id}\n`)
  return exitCodes.stopped
}
