/**
 * The file `quorum-state` beside the metadata log: one line of JSON with epoch, leader and vote. Kafka's tools and
 * controllers read ours and we theirs. Version 0 belongs to kraft.version 0, version 1 (with the voted directory) to 1.
 */
import { isUuid, zeroUuid } from '../../base/uuid.ts'
import type { FileSystem } from '../../log/file-system.ts'
import type { ElectionState } from '../../raft/raft-io.ts'

const fileName = 'quorum-state'
const nobody = -1

/** Undefined when there is none. Throws when it is there but cannot be what Kafka writes: guessing could vote twice. */
export async function readQuorumState(fileSystem: FileSystem, directory: string): Promise<ElectionState | undefined> {
  const path = `${directory}/${fileName}`
  if ((await fileSystem.size(path)) === undefined) return undefined
  const text = (await fileSystem.readFile(path)).toString()
  return decodeQuorumState(text, path)
}

export async function writeQuorumState(
  fileSystem: FileSystem,
  directory: string,
  election: ElectionState,
  settings: { readonly kraftVersion: number; readonly voterIds: readonly number[] },
): Promise<void> {
  await fileSystem.replaceFile(`${directory}/${fileName}`, encodeQuorumState(election, settings))
}

export function encodeQuorumState(
  election: ElectionState,
  settings: { readonly kraftVersion: number; readonly voterIds: readonly number[] },
): string {
  const { leaderId, epoch, votedKey } = election
  if (settings.kraftVersion < 1) {
    return JSON.stringify({
      clusterId: '',
      leaderId,
      leaderEpoch: epoch,
      votedId: votedKey?.id ?? nobody,
      appliedOffset: 0,
      currentVoters: settings.voterIds.map((voterId) => ({ voterId })),
      data_version: 0,
    })
  }
  return JSON.stringify({
    leaderId,
    leaderEpoch: epoch,
    votedId: votedKey?.id ?? nobody,
    votedDirectoryId: votedKey?.directoryId ?? zeroUuid,
    data_version: 1,
  })
}

export function decodeQuorumState(text: string, path = fileName): ElectionState {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new Error(`${path} is not JSON`)
  }
  if (typeof parsed !== 'object' || parsed === null) throw new Error(`${path} is no JSON object`)
  const fields = parsed as Readonly<Record<string, unknown>>
  const { data_version: version, leaderId, leaderEpoch: epoch, votedId, votedDirectoryId: stored = zeroUuid } = fields
  if (version !== 0 && version !== 1) throw new Error(`${path} has data_version ${version}`)
  if (!isInteger(leaderId) || !isInteger(epoch) || !isInteger(votedId) || epoch < 0) {
    throw new Error(`${path} lacks leaderId, leaderEpoch or votedId`)
  }
  if (typeof stored !== 'string' || !isUuid(stored)) throw new Error(`${path} has votedDirectoryId ${stored}`)
  return { epoch, leaderId, votedKey: votedId < 0 ? undefined : { id: votedId, directoryId: stored } }
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value)
}
