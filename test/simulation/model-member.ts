/**
 * A member of a consumer group (the classic protocol): it joins, is given its share by the member that leads the
 * generation, commits and says that it lives, leaves or falls silent, and joins again. Now and then it commits in a
 * generation that is over, as a request that was long under way would. Once a member of a later generation has its share
 * nothing more may be committed in an earlier one, and each generation has one who leads it.
 */
import { assert } from '../../src/base/assert.ts'
import type { OffsetCommitResponse } from '../../src/protocol/api/08-offset-commit.ts'
import type { JoinGroupResponse } from '../../src/protocol/api/11-join-group.ts'
import type { SyncGroupResponse } from '../../src/protocol/api/14-sync-group.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { type ClientSurroundings, type Endpoint, ModelClient } from './model-client.ts'

const groupId = 'crew'
const topicName = 'orders'
const protocolType = 'consumer'
const rebalanceTimeoutMs = 1500
const sessionTimeoutMs = 6000

/** What all members together know of the generations of their group. */
export class Generations {
  /** The last one in which a member was given its share. */
  newest = -1
  readonly #leaders = new Map<number, string>()

  onShare(generation: number, leader: string): void {
    this.newest = Math.max(this.newest, generation)
    const known = this.#leaders.get(generation)
    assert(known === undefined || known === leader, `${groupId} has in generation ${generation} ${known} and ${leader}`)
    this.#leaders.set(generation, leader)
  }
}

export class ModelMember extends ModelClient {
  readonly #generations: Generations
  #memberId = ''
  #generation = -1
  /** The one before, in which this member had the same id. */
  #earlier: number | undefined
  sharesCount = 0

  constructor(name: string, surroundings: ClientSurroundings, generations: Generations) {
    super(name, surroundings)
    this.#generations = generations
  }

  start(): void {
    void this.#run()
  }

  async #run(): Promise<void> {
    while (!this.isStopped) {
      await this.sleep(50 + this.random.next() * 200)
      if (this.topic(topicName) === undefined) await this.refresh([topicName])
      const coordinator = await this.coordinatorOf(groupId).catch(() => undefined)
      if (coordinator === undefined) continue
      const isIn = await this.#join(coordinator).catch(() => false)
      if (isIn) await this.#takePart(coordinator).catch(() => undefined)
    }
  }

  async #join(coordinator: Endpoint): Promise<boolean> {
    const request = {
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: this.#memberId,
      protocolType,
      protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
    }
    const options = { lane: 'join', waitMs: rebalanceTimeoutMs }
    const joined = await this.ask<JoinGroupResponse>(coordinator, apiKeys.JoinGroup, request, options)
    if (joined.errorCode === errorCodes.UNKNOWN_MEMBER_ID) this.#forget()
    if (joined.errorCode === errorCodes.MEMBER_ID_REQUIRED) this.#memberId = joined.memberId
    if (joined.errorCode !== 0) return false
    this.#memberId = joined.memberId
    this.#earlier = this.#generation >= 0 ? this.#generation : undefined
    this.#generation = joined.generationId
    return this.#sync(coordinator, joined)
  }

  /** The share says who dealt it out. */
  async #sync(coordinator: Endpoint, { generationId, memberId, leader, members }: JoinGroupResponse): Promise<boolean> {
    const isLeader = leader === memberId
    const share = Buffer.from(`${generationId} ${memberId}`)
    const assignments = isLeader ? members.map((member) => ({ memberId: member.memberId, assignment: share })) : []
    const request = { groupId, generationId, memberId, protocolType, protocolName: 'range', assignments }
    const options = { lane: 'join', waitMs: rebalanceTimeoutMs }
    const answer = await this.ask<SyncGroupResponse>(coordinator, apiKeys.SyncGroup, request, options)
    if (answer.errorCode === errorCodes.UNKNOWN_MEMBER_ID) this.#forget()
    if (answer.errorCode !== 0) return false
    this.sharesCount++
    this.#expect(() => {
      const [generation, dealer] = answer.assignment.toString().split(' ')
      assert(Number(generation) === generationId, `${this.name} is given a share of ${generation} in ${generationId}`)
      this.#generations.onShare(generationId, dealer!)
    })
    return true
  }

  /** Until the group changes, or this member has enough of it. */
  async #takePart(coordinator: Endpoint): Promise<void> {
    for (let turns = 1 + this.random.integer(8); turns > 0 && !this.isStopped; turns--) {
      await this.sleep(50 + this.random.next() * 400)
      if (this.#earlier !== undefined && this.random.next() < 0.3) await this.#commit(coordinator, this.#earlier)
      await this.#commit(coordinator, this.#generation)
      const isMember = await this.#heartbeat(coordinator)
      if (!isMember) return
    }
    const luck = this.random.next()
    if (luck < 0.3) await this.#leave(coordinator)
    else if (luck < 0.4) await this.sleep(sessionTimeoutMs)
  }

  async #commit(coordinator: Endpoint, generation: number): Promise<void> {
    const { newest } = this.#generations
    const topic = this.topic(topicName)
    if (topic === undefined) return
    const partitions = [{ partitionIndex: 0, committedOffset: BigInt(generation), committedMetadata: '' }]
    const topics = [{ name: topicName, topicId: topic.id, partitions }]
    const request = { groupId, generationIdOrMemberEpoch: generation, memberId: this.#memberId, topics }
    const options = { lane: 'commit' }
    const answer = await this.ask<OffsetCommitResponse>(coordinator, apiKeys.OffsetCommit, request, options)
    if (answer.topics[0]?.partitions[0]?.errorCode !== 0 || generation >= newest) return
    this.#expect(() => assert(false, `${this.name} commits in generation ${generation}, ${groupId} is in ${newest}`))
  }

  async #heartbeat(coordinator: Endpoint): Promise<boolean> {
    const request = { groupId, generationId: this.#generation, memberId: this.#memberId }
    const answer = await this.ask<{ readonly errorCode: number }>(coordinator, apiKeys.Heartbeat, request)
    if (answer.errorCode === errorCodes.UNKNOWN_MEMBER_ID) this.#forget()
    return answer.errorCode === 0
  }

  async #leave(coordinator: Endpoint): Promise<void> {
    const request = { groupId, members: [{ memberId: this.#memberId }] }
    await this.ask(coordinator, apiKeys.LeaveGroup, request)
    this.#forget()
  }

  #forget(): void {
    this.#memberId = ''
    this.#generation = -1
    this.#earlier = undefined
  }

  #expect(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.world.violate(error as Error)
    }
  }
}
