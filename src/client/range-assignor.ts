/**
 * Kafka's range assignor: each topic's partitions in consecutive ranges over its subscribers, in the order of their ids
 * (static members' instance ids first). Every consumer has it, so groups of mixed clients agree on it.
 */
import type { JoinGroupResponseMember } from '../protocol/api/11-join-group.ts'
import { decode, encodeAfterInt16 } from '../protocol/compile.ts'
import { consumerProtocolAssignment, consumerProtocolSubscription } from '../protocol/stored/consumer-protocol.ts'

export const rangeProtocol = 'range'
const protocolVersion = 1
const sizeOfVersion = 2

export interface TopicPartitions {
  readonly topic: string
  readonly partitions: readonly number[]
}

export function encodeSubscription(topics: readonly string[]): Buffer {
  const message = { topics: [...topics].sort(), userData: null, ownedPartitions: [] }
  return encodeAfterInt16(protocolVersion, consumerProtocolSubscription, protocolVersion, message)
}

/** Versions that are not known yet begin like the last one that is. */
export function decodeSubscribedTopics(metadata: Buffer): readonly string[] {
  if (metadata.length < sizeOfVersion) return []
  const version = Math.min(metadata.readInt16BE(0), consumerProtocolSubscription.maxVersion)
  return decode(consumerProtocolSubscription, version, metadata, sizeOfVersion).topics
}

export function encodeAssignment(assigned: readonly TopicPartitions[]): Buffer {
  const message = {
    assignedPartitions: assigned.map(({ topic, partitions }) => ({ topic, partitions })),
    userData: null,
  }
  return encodeAfterInt16(protocolVersion, consumerProtocolAssignment, protocolVersion, message)
}

/** Empty for a member that was given nothing, or speaks another protocol. */
export function decodeAssignment(assignment: Buffer): readonly TopicPartitions[] {
  if (assignment.length < sizeOfVersion) return []
  const version = Math.min(assignment.readInt16BE(0), consumerProtocolAssignment.maxVersion)
  return decode(consumerProtocolAssignment, version, assignment, sizeOfVersion).assignedPartitions
}

/** What each member gets, by its id; `partitionsCountOf` is 0 for a topic that does not exist. */
export function assignRanges(
  members: readonly JoinGroupResponseMember[],
  partitionsCountOf: (topic: string) => number,
): Map<string, TopicPartitions[]> {
  const assigned = new Map<string, TopicPartitions[]>(members.map(({ memberId }) => [memberId, []]))
  const subscribers = new Map<string, JoinGroupResponseMember[]>()
  for (const member of members)
    for (const topic of decodeSubscribedTopics(member.metadata))
      subscribers.set(topic, [...(subscribers.get(topic) ?? []), member])
  for (const [topic, subscribed] of [...subscribers].sort(([left], [right]) => (left < right ? -1 : 1))) {
    subscribed.sort(compareMembers)
    const count = partitionsCountOf(topic)
    const share = Math.floor(count / subscribed.length)
    const extra = count % subscribed.length
    let next = 0
    for (const [index, { memberId }] of subscribed.entries()) {
      const size = share + (index < extra ? 1 : 0)
      if (size > 0)
        assigned.get(memberId)!.push({ topic, partitions: Array.from({ length: size }, (_, offset) => next + offset) })
      next += size
    }
  }
  return assigned
}

function compareMembers(left: JoinGroupResponseMember, right: JoinGroupResponseMember): number {
  const [leftInstance, rightInstance] = [left.groupInstanceId, right.groupInstanceId]
  if (leftInstance !== null && rightInstance !== null) return leftInstance < rightInstance ? -1 : 1
  if (leftInstance !== null) return -1
  if (rightInstance !== null) return 1
  return left.memberId < right.memberId ? -1 : 1
}
