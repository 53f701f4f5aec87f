/**
 * `ottla format`: gives data directories their identity on purpose, with a cluster's id. `ottla start` does the same by
 * itself for a single node on an empty directory.
 */
import { createPlainLogger } from '../io/pino-logger.ts'
import { loadNodeConfiguration, type NodeOptions } from './node-configuration.ts'
import { OperatorError } from './operator-error.ts'
import type { FormatStorage } from './running-node.ts'
import { exitCodes } from './start.ts'

export interface FormatCommandOptions extends NodeOptions {
  readonly clusterId: string | undefined
  readonly ignoreFormatted: boolean
}

export async function format(
  options: FormatCommandOptions,
  loadFormatStorage: () => Promise<FormatStorage>,
): Promise<number> {
  const { clusterId, ignoreFormatted } = options
  if (clusterId !== undefined && !/^[A-Za-z0-9_-]{22}$/.test(clusterId))
    throw new OperatorError(
      `--cluster-id ${clusterId}: a cluster's id is 22 characters of base64url; leave the option out to get a new one`,
    )
  const logger = createPlainLogger({ format: 'plain', level: 'warn' })
  const { config, file, isFirstRun } = loadNodeConfiguration(options, (message) => logger.warn(message))
  const formatStorage = await loadFormatStorage()
  const id = await formatStorage({ config, logger, clusterId, ignoreFormatted })
  if (isFirstRun) process.stdout.write(`wrote ${file}\n`)
  process.stdout.write(`formatted ${config.logDirs.join(', ')} with cluster.id ${id}\n`)
  return exitCodes.stopped
}
