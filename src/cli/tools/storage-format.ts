/** kafka-storage format: what `ottla format` does, with the flags and words of the stock tool. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { BrokerConfig } from '../../config/broker-config.ts'
import { ConfigError } from '../../config/config-value.ts'
import { defaultFeatureLevels } from '../../runtime/raft/raft-format.ts'
import { initialControllersOf } from '../initial-controllers.ts'
import { OperatorError } from '../operator-error.ts'
import { checkFeatures, checkRelease, metadataLevel, releaseVersion } from './storage-features.ts'
import type { StorageArguments } from './storage-flags.ts'
import { directoriesOf } from './storage-info.ts'
import { printLine } from './tool.ts'
import { readProperties } from './tool-client.ts'

/** Throws OperatorError. */
export async function formatDirectories(given: StorageArguments, output: Writable): Promise<void> {
  const properties = readProperties(given.text('config'))
  const config = configOf(properties)
  const hasStaticVoters = config.controllerQuorumVoters.length > 0
  const text = given.text('initial-controllers')
  const initialControllers = initialControllersOf(config, {
    standalone: given.has('standalone'),
    noInitialControllers: given.has('no-initial-controllers'),
    initialControllers: text,
  })
  if (config.isController && !hasStaticVoters && initialControllers === undefined)
    throw new OperatorError(
      'Because controller.quorum.voters is not set on this controller, you must specify one of the following: --standalone, --initial-controllers, or --no-initial-controllers.',
    )
  checkRelease(given.text('release-version'))
  checkFeatures(given.texts('feature'), hasStaticVoters)
  const directories = directoriesOf(properties)
  const isFormatted = (path: string): boolean => existsSync(join(path, 'meta.properties'))
  const formatted = directories.filter(isFormatted)
  const open = directories.filter((path) => !isFormatted(path))
  if (formatted.length > 0 && !given.has('ignore-formatted'))
    throw new OperatorError(
      `Log directory ${formatted[0]} is already formatted. Use --ignore-formatted to ignore this directory and format the others.`,
    )
  if (open.length === 0) return printLine(output, 'All of the log directories are already formatted.')
  printLine(output, `Bootstrap metadata: ${bootstrapText()}`)
  const { formatStorage } = await import('../../node.ts')
  const clusterId = given.text('cluster-id')!
  await formatStorage({
    config,
    clusterId,
    ignoreFormatted: true,
    initialControllers: initialControllers ?? 'none',
  })
  const isVoter =
    initialControllers === 'standalone' ||
    (Array.isArray(initialControllers) && initialControllers.some(({ id }) => id === config.nodeId))
  const kind = isVoter ? 'dynamic metadata voter' : text === undefined ? 'metadata' : 'dynamic metadata'
  for (const path of open) {
    const what = path === config.metadataLogDir ? kind : 'data'
    printLine(output, `Formatting ${what} directory ${path} with metadata.version ${releaseVersion}.`)
  }
}

function configOf(properties: Map<string, string>): BrokerConfig {
  try {
    return BrokerConfig.from(properties, () => {})
  } catch (error) {
    if (error instanceof ConfigError) throw new OperatorError(error.message)
    throw error
  }
}

/** As Java prints the records. */
function bootstrapText(): string {
  const records = defaultFeatureLevels.map(
    ({ name, level }) => `ApiMessageAndVersion(FeatureLevelRecord(name='${name}', featureLevel=${level}) at version 0)`,
  )
  return `BootstrapMetadata(records=[${records.join(', ')}], metadataVersionLevel=${metadataLevel}, source=format command)`
}
