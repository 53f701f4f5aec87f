/**
 * Whose log a directory holds: the topic id in `partition.metadata`, written when a log is made and checked when it is
 * opened, so that no topic inherits the records of a deleted one of its name.
 */
import { type Uuid, zeroUuid } from '../base/uuid.ts'
import { KafkaError } from '../protocol/errors.ts'
import { decodePartitionMetadata, encodePartitionMetadata } from './checkpoint-text.ts'
import { joinPath, partitionMetadataName } from './file-names.ts'
import type { LogEnvironment } from './log-environment.ts'
import type { LogFiles } from './log-loader.ts'
import { readIfThere } from './segment-indexes.ts'

/** The topic id of the directory; written when it has none. Rejects with INCONSISTENT_TOPIC_ID when it is another topic's. */
export async function openTopicId(
  files: LogFiles,
  options: { readonly environment: LogEnvironment; readonly directory: string; readonly topicId: Uuid | undefined },
): Promise<Uuid> {
  const { fileSystem } = options.environment
  const path = joinPath(options.directory, partitionMetadataName)
  const bytes = files.names.has(partitionMetadataName) ? await readIfThere(fileSystem, path) : undefined
  const stored = bytes === undefined ? undefined : decodePartitionMetadata(bytes.toString())
  const { topicId } = options
  if (stored === undefined) {
    if (topicId !== undefined) await fileSystem.replaceFile(path, encodePartitionMetadata(topicId))
    return topicId ?? zeroUuid
  }
  if (topicId !== undefined && topicId !== stored) {
    throw new KafkaError('INCONSISTENT_TOPIC_ID', `${options.directory} is of topic ${stored}, not ${topicId}`)
  }
  return stored
}
