/**
 * Rules that the simulation must notice when they are broken: each names what is changed in which source, which must be
 * there exactly once. `seed` is the first, counted from 0, that finds it, or says how far none does; the list in
 * docs/TESTING.md is the same.
 */
export const plantedBugs = [
  {
    name: 'hasty-isr',
    what: 'a leader counts on the smaller ISR that it proposed before the controller has decided',
    seed: 2,
    changes: [
      {
        file: 'src/replication/leader-replicas.ts',
        find: 'const committed = this.#assignment.inSyncReplicas',
        replace:
          'const committed = this.#proposal?.inSyncReplicas.map((one) => one.brokerId) ?? this.#assignment.inSyncReplicas',
      },
    ],
  },
  {
    name: 'lonely-high-watermark',
    what: "the high watermark follows the leader's own log, whatever the followers have",
    seed: 0,
    changes: [
      {
        file: 'src/replication/leader-replicas.ts',
        find: 'if (follower.logEndOffset < offset && this.#holdsBack(follower, nowMs)) offset',
        replace: 'if (follower.logEndOffset < offset && nowMs < 0) offset',
      },
    ],
  },
  {
    name: 'vote-counted-twice',
    what: 'a candidate counts one vote twice',
    seed: 0,
    changes: [
      {
        file: 'src/raft/vote-tally.ts',
        find: 'return this.grantingIds.length >= this.voters.majorityCount',
        replace: 'return this.grantingIds.length + 1 >= this.voters.majorityCount',
      },
    ],
  },
  {
    name: 'forgotten-vote',
    what: 'votes and epochs are not written to quorum-state',
    seed: 19,
    changes: [
      {
        file: 'src/runtime/raft/raft-storage.ts',
        find: '    this.#election = { state, settings }',
        replace: '    this.#election = state.epoch < 0 ? { state, settings } : undefined',
      },
    ],
  },
  {
    name: 'missing-fsync',
    what: 'the metadata log says that it is flushed when it is only written',
    seed: 4,
    changes: [
      {
        file: 'src/log/log-writer.ts',
        find: '      if (mustFlush && this.#flushAlways) await this.#flushUpTo(segment)',
        replace: '',
      },
    ],
  },
  {
    name: 'no-truncation',
    what: 'a follower keeps what its new leader does not have',
    seed: 0,
    changes: [
      {
        file: 'src/runtime/replica/replica-answers.ts',
        find: 'await following.partition.changeEnd(() => log.truncateTo(offset))',
        replace: 'await following.partition.changeEnd(() => Promise.resolve(void offset))',
      },
    ],
  },
  {
    name: 'stale-leader',
    what: 'the controller takes an ISR from a leader of an earlier epoch',
    seed: '3 once, none of 65 now',
    changes: [
      {
        file: 'src/controller/alter-partition.ts',
        find: "if (request.leaderEpoch < partition.leaderEpoch) return 'FENCED_LEADER_EPOCH'",
        replace: 'if (request.leaderEpoch < partition.leaderEpoch) return undefined',
      },
    ],
  },
  {
    name: 'fenced-leader',
    what: 'a fenced broker may be elected',
    seed: 2,
    changes: [
      {
        file: 'src/controller/broker-transitions.ts',
        find: 'if (brokerId !== inMotion.arriving && !isActive(broker)) return false',
        replace: '',
      },
    ],
  },
  {
    name: 'unclean-stays',
    what: 'a broker that comes back after an end that was not clean stays in the ISR and may lead',
    seed: 0,
    changes: [
      {
        file: 'src/controller/broker-transitions.ts',
        find: 'updatePartitions(state, isAffected, { unclean: brokerId }, records)',
        replace: 'void isAffected',
      },
    ],
  },
  {
    name: 'doubled-batch',
    what: 'a batch that an idempotent producer sends again is appended again',
    seed: 0,
    changes: [
      {
        file: 'src/log/log-append.ts',
        find: 'const duplicate = checkProducers(state, records, options)',
        replace: 'const duplicate = undefined as ReturnType<typeof checkProducers>',
      },
    ],
  },
  {
    name: 'early-acknowledgement',
    what: 'acks=all is answered when the leader alone has written',
    seed: 0,
    changes: [
      {
        file: 'src/runtime/replica/delayed-produce.ts',
        find: 'const queue = this.requiredAcks === -1 ? partition.replicatedWaits : partition.writtenWaits',
        replace: 'const queue = partition.writtenWaits',
      },
    ],
  },
  {
    name: 'forgotten-batches',
    what: 'a broker that was started anew knows the last batch of a producer alone',
    seed: 32,
    changes: [
      {
        file: 'src/log/producer-recall.ts',
        find: 'if (entry === undefined) return undefined',
        replace: 'if (entry !== undefined || this.#pending.size === 0) return undefined',
      },
    ],
  },
  {
    name: 'undurable-cut',
    what: 'what a recovery cut off a log is not flushed and may come back behind what is written in its place',
    seed: '861 once',
    changes: [
      {
        file: 'src/log/log-replay.ts',
        find: 'await handle.sync()',
        replace: '',
      },
    ],
  },
  {
    name: 'early-isr',
    what: 'a follower is let into the ISR before it has all that its leader has committed',
    seed: 1,
    changes: [
      {
        file: 'src/replication/leader-replicas.ts',
        find: 'follower.logEndOffset < this.#highWatermark || follower.logEndOffset < this.#leaderEpochStartOffset',
        replace: 'follower.logEndOffset < this.#leaderEpochStartOffset',
      },
    ],
  },
  {
    name: 'early-epoch-isr',
    what: 'a follower is let into the ISR before it has all that its leader found in the log when its epoch began',
    seed: 8,
    changes: [
      {
        file: 'src/replication/leader-replicas.ts',
        find: ' || follower.logEndOffset < this.#leaderEpochStartOffset',
        replace: '',
      },
    ],
  },
  {
    name: 'stale-generation',
    what: 'a member of a group commits in a generation that is over',
    seed: 0,
    changes: [
      {
        file: 'src/coordinator/group/offset-requests.ts',
        find: "      if (generationId !== group.generationId) refuse('ILLEGAL_GENERATION')\n",
        replace: '',
      },
    ],
  },
  {
    name: 'moved-away',
    what: 'a replica that is moved away stays an eligible leader, and begins with nothing when it is moved back',
    seed: '128 once, none of 250 now',
    changes: [
      {
        file: 'src/controller/partition-change.ts',
        find: 'target.replicas.includes(id) && !target.isr',
        replace: '!target.isr',
      },
    ],
  },
]
