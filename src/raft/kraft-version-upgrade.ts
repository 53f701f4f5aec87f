/**
 * The upgrade of kraft.version at the leader (KIP-853): one control batch with the version and the voters, who are known by
 * id and directory from then on. It counts from its append, as a change of voters does.
 */
import { zeroUuid } from '../base/uuid.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { RaftCore } from './raft-core.ts'
import type { Leader } from './roles.ts'
import { appendControlRecords, ownVoter } from './transitions.ts'
import { VoterSet } from './voter-set.ts'

/** Throws KafkaError: NOT_CONTROLLER, or INVALID_UPDATE_VERSION when the voters cannot go to that version. */
export function upgradeKraftVersion(core: RaftCore, kraftVersion: number): void {
  if (core.role.name !== 'leader') throw new KafkaError('NOT_CONTROLLER', `${core.self.id} is ${core.role.name}`)
  const { latest } = core.history
  if (kraftVersion === latest.kraftVersion) return
  const invalid = (message: string) => new KafkaError('INVALID_UPDATE_VERSION', message)
  if (kraftVersion < latest.kraftVersion) {
    throw invalid(
      `Invalid upgrade of kraft.version from version ${latest.kraftVersion} to ${kraftVersion} because the new version ` +
        'is a downgrade',
    )
  }
  const voters = knownVoters(core, core.leader)
  const isSupported = voters.voters.every(
    (voter) => voter.kraftVersionMin <= kraftVersion && kraftVersion <= voter.kraftVersionMax,
  )
  if (!isSupported) {
    throw invalid(`Invalid upgrade of kraft.version to ${kraftVersion} because not all of the voters support it`)
  }
  // The others' directories are told with their endpoints once they speak to a leader that asks for them.
  if (voters.voters.some(({ directoryId }) => directoryId === zeroUuid)) {
    throw invalid(`kraft.version cannot go to ${kraftVersion}: the directories of some voters are not known`)
  }
  appendControlRecords(core, [
    { type: 'kraftVersion', kraftVersion },
    { type: 'kraftVoters', voters },
  ])
}

/** The voters with what they told of themselves: a static quorum knows them by id alone. */
function knownVoters(core: RaftCore, { toldVoters }: Leader): VoterSet {
  const own = ownVoter(core)
  return new VoterSet(
    core.voters.voters.map((voter) => (voter.id === own.id ? own : (toldVoters.get(voter.id) ?? voter))),
  )
}
