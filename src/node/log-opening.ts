/** Opens a broker's log directories, as its configuration says, and tells the node when they fail. */
import { LogManager } from '../log/log-manager.ts'
import type { NodeEnvironment } from './node-environment.ts'

const producerExpirationCheckMs = 600_000
const flushCheckMs = 1000

/** `onDirectoryFailure`: one directory of several failed; the controller is to be told. */
export async function openLogManager(
  { config, clusterId, machine, loggers, codecs, halt }: NodeEnvironment,
  onDirectoryFailure: () => void,
): Promise<LogManager> {
  const { fileSystem, clock, random } = machine
  const manager = await LogManager.open({
    directories: config.logDirs,
    clusterId,
    nodeId: config.nodeId,
    fileSystem,
    clock,
    random,
    logger: loggers.logger('ottla.log'),
    codecs,
    producerIdExpirationMs: () => config.producerIdExpirationMs,
    intervals: {
      checkpointMs: config.logFlushOffsetCheckpointIntervalMs,
      highWatermarkMs: config.replicaHighWatermarkCheckpointIntervalMs,
      retentionMs: config.logRetentionCheckIntervalMs,
      producerExpirationCheckMs,
      flushCheckMs,
    },
    leavesCompactedToCleaner: config.logCleanerEnable,
    isCordoned: (path) => config.isLogDirCordoned(path),
    onDirectoryFailure: ({ path }, error) => {
      if (!manager.directories.some(({ isOnline }) => isOnline)) halt(`no log directory is left: ${error.message}`)
      else if (path === config.metadataLogDir) halt(`the directory of its metadata failed: ${error.message}`)
      else onDirectoryFailure()
    },
  })
  return manager
}
