/**
 * What the parts of one group coordinator share: hard state, the groups that live on it, deadlines, and where records
 * and replies go. `now` is the time of the input at hand; every entry sets it.
 *
 * Invariant: a living group exists in the hard state too. Groups that wait for nothing need not live: they are made from
 * their record when somebody asks.
 */

import type { Timer } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Random } from '../../base/random.ts'
import { TimerHeap } from '../../base/timer-heap.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { CoordinatorOutbox, type CoordinatorWrite, type Instant, type ReplyToken } from '../coordinator-machine.ts'
import { ClassicGroup } from './classic-group.ts'
import {
  type ClassicGroupRecord,
  encodeClassicGroupRecord,
  encodeOffsetRecord,
  type OffsetRecord,
} from './group-record.ts'
import type { GroupSettings } from './group-settings.ts'
import { GroupState } from './group-state.ts'

export interface GroupContextOptions {
  readonly settings: () => GroupSettings
  readonly logger: Logger
  /** For member ids. */
  readonly random: Random
}

/** A new member's id ends in a UUID as Java prints it. */
function javaUuid(bytes: Buffer): string {
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

export class GroupContext {
  readonly state: GroupState
  readonly outbox = new CoordinatorOutbox()
  readonly logger: Logger
  now: Instant = { wallMs: 0, monotonicMs: 0 }
  readonly #timers = new TimerHeap()
  readonly #options: GroupContextOptions
  readonly #living = new Map<string, ClassicGroup>()

  constructor(options: GroupContextOptions) {
    this.#options = options
    this.logger = options.logger
    this.state = new GroupState((groupId) => this.forget(groupId))
  }

  get settings(): GroupSettings {
    return this.#options.settings()
  }

  newMemberId(prefix: string): string {
    return `${prefix}-${javaUuid(this.#options.random.bytes(16))}`
  }

  /** The classic group as it is now, to look at; undefined when there is none of that type. */
  viewGroup(groupId: string): ClassicGroup | undefined {
    const living = this.#living.get(groupId)
    if (living !== undefined) return living
    const stored = this.state.group(groupId)
    return stored?.type === 'classic' ? ClassicGroup.fromRecord(groupId, stored.metadata) : undefined
  }

  /** The classic group, living from now on; undefined when there is none of that type. */
  liveGroup(groupId: string): ClassicGroup | undefined {
    const group = this.viewGroup(groupId)
    if (group !== undefined) this.#living.set(groupId, group)
    return group
  }

  createGroup(groupId: string): ClassicGroup {
    const group = new ClassicGroup(groupId)
    group.stateTimestampMs = this.now.wallMs
    this.#living.set(groupId, group)
    return group
  }

  livingGroup(groupId: string): ClassicGroup | undefined {
    return this.#living.get(groupId)
  }

  livingGroups(): Iterable<ClassicGroup> {
    return this.#living.values()
  }

  /** Its soft state is gone. */
  forget(groupId: string): void {
    this.#living.get(groupId)?.cancelTimers()
    this.#living.delete(groupId)
  }

  /** Runs `callback` in `delayMs`, with `now` set. */
  schedule(delayMs: number, callback: () => void): Timer {
    return this.#timers.add(this.now.monotonicMs + Math.max(0, delayMs), callback)
  }

  nextDueMs(): number | undefined {
    return this.#timers.nextDueMs()
  }

  runDue(): void {
    this.#timers.runDue(this.now.monotonicMs)
  }

  /** Replays the records and has them written. */
  write(
    records: readonly (OffsetRecord | ClassicGroupRecord)[],
    onSettled?: (error: KafkaError | undefined) => void,
  ): void {
    for (const record of records) this.state.replay(this.state.endOffset, -1n, record)
    const write: CoordinatorWrite = {
      records: records.map((record) =>
        record.kind === 'offset' ? encodeOffsetRecord(record) : encodeClassicGroupRecord(record),
      ),
      onSettled:
        onSettled === undefined
          ? undefined
          : (now, error) => {
              this.now = now
              onSettled(error)
            },
    }
    this.outbox.write(write)
  }

  reply(token: ReplyToken | undefined, response: object): void {
    if (token !== undefined) this.outbox.reply(token, response)
  }
}

/** Refuses a request as a whole. */
export function refuse(error: KafkaError['error'], message?: string): never {
  throw new KafkaError(error, message)
}
