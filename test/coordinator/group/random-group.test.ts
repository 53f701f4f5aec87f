/**
 * Groups under random requests, lost appends and restarts: whatever happens, the log alone gives the hard state, and
 * nobody is answered twice (the harness checks that).
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KafkaError } from '../../../src/protocol/errors.ts'
import { GroupHarness, range, sticky } from './group-harness.ts'

type Step =
  | {
      readonly kind: 'join'
      readonly who: number
      readonly isStatic: boolean
      readonly version: number
      readonly both: boolean
    }
  | { readonly kind: 'sync' | 'leave' | 'heartbeat' | 'commit'; readonly who: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'restart' | 'hold' | 'commitAll' | 'loseAll' | 'failNext' | 'delete' }

const who = fc.nat({ max: 3 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('join' as const),
      who,
      isStatic: fc.boolean(),
      version: fc.constantFrom(3, 8, 9),
      both: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constantFrom('sync' as const, 'heartbeat' as const, 'commit' as const), who }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), who }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      ms: fc.constantFrom(0, 100, 5_000, 61_000, 700_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'restart' as const,
        'hold' as const,
        'commitAll' as const,
        'loseAll' as const,
        'failNext' as const,
        'delete' as const,
      ),
    }),
  },
)

/** Plays clients that believe the last answer that they got. */
class Clients {
  readonly group = new GroupHarness({ maxSize: 3, initialRebalanceDelayMs: 50, offsetsRetentionMs: 60_000 })
  readonly #tokens = new Map<number, number>()

  play(step: Step): void {
    const { group } = this
    switch (step.kind) {
      case 'join':
        this.#join(step)
        break
      case 'sync': {
        const { memberId, generationId, members } = this.#belief(step.who)
        group.sync(
          `m${step.who}`,
          memberId,
          generationId,
          members.map((id) => [id, 'x'] as const),
        )
        break
      }
      case 'leave':
        group.leave([this.#belief(step.who).memberId])
        break
      case 'heartbeat': {
        const { memberId, generationId } = this.#belief(step.who)
        group.heartbeat(memberId, generationId)
        break
      }
      case 'commit': {
        const { memberId, generationId } = this.#belief(step.who)
        group.commit(memberId, generationId, group.elapsedMs, `t${step.who}`)
        break
      }
      case 'advance':
        group.advance(step.ms)
        break
      default:
        this.#disturb(step.kind)
    }
  }

  #disturb(kind: 'restart' | 'hold' | 'commitAll' | 'loseAll' | 'failNext' | 'delete'): void {
    const { group } = this
    if (kind === 'restart') {
      group.commitAll()
      group.restart()
    } else if (kind === 'hold') group.holdsCommits = true
    else if (kind === 'commitAll') group.commitAll()
    else if (kind === 'loseAll') group.loseAll()
    else if (kind === 'failNext') group.nextWriteError = new KafkaError('NOT_ENOUGH_REPLICAS')
    else {
      group.machine.deleteGroup('g', group.now)
      group.advance(0)
      group.heartbeat('', 0)
    }
  }

  #join({ who, isStatic, version, both }: Extract<Step, { kind: 'join' }>): void {
    const { memberId } = this.#belief(who)
    const token = this.group.join(`m${who}`, {
      memberId: isStatic ? '' : memberId,
      groupInstanceId: isStatic ? `i${who}` : null,
      version,
      protocols: both ? [sticky, range] : [range],
    })
    this.#tokens.set(who, token)
  }

  #belief(who: number): { memberId: string; generationId: number; members: string[] } {
    const token = this.#tokens.get(who)
    if (token === undefined || this.group.isWaiting(token)) return { memberId: '', generationId: -1, members: [] }
    const { memberId, generationId, members } = this.group.joined(token)
    return { memberId, generationId, members: members.map((member) => member.memberId) }
  }
}

test('the log alone gives the state', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const clients = new Clients()
      for (const one of steps) {
        clients.play(one)
        clients.group.expectReplayed()
      }
      clients.group.commitAll()
      clients.group.expectReplayed()
      expect(clients.group.machine.takeOutput()).toEqual({ replies: [], writes: [] })
    }),
    { numRuns: 80, seed: 4_3_1 },
  )
})

test('in the end a group with living members is stable', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const clients = new Clients()
      for (const one of steps) clients.play(one)
      const { group } = clients
      group.nextWriteError = undefined
      group.commitAll()
      // Nobody speaks any more: sessions and rebalances run out, and the group with them.
      group.advance(1_000_000)
      expect(group.describe()).toMatch(/^(Dead|Empty)$/)
      const memberId = group.member('late')
      group.advance(100)
      const token = group.join('late', { memberId })
      group.advance(100)
      group.sync('late', memberId, group.joined(token).generationId, [[memberId, 'x']])
      expect(group.describe()).toMatch(/^Stable /)
    }),
    { numRuns: 60, seed: 4_3_1 },
  )
})
