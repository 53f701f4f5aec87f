/**
 * What a follower does about the error of one partition in its leader's answer, and how long it lets that partition rest.
 * Right after a leader change both sides may be a moment behind each other's metadata, and an acks=all producer waits for
 * the first fetch that works: the first rests are short, and grow to replica.fetch.backoff.ms.
 */
import { type ErrorCode, errorCodes } from '../protocol/errors.ts'

/** awaitMetadata: nothing helps but a new leader epoch. findOffsets: the leader is asked where its log begins and ends. */
export type FollowerReaction = 'retry' | 'findOffsets' | 'awaitMetadata'

export function reactionTo(error: ErrorCode): FollowerReaction {
  if (error === errorCodes.OFFSET_OUT_OF_RANGE) return 'findOffsets'
  if (error === errorCodes.FENCED_LEADER_EPOCH) return 'awaitMetadata'
  return 'retry'
}

/** The leader's and our metadata differ, which passes: no reason to warn. */
export function isPassing(error: ErrorCode): boolean {
  return (
    error === errorCodes.NOT_LEADER_OR_FOLLOWER ||
    error === errorCodes.UNKNOWN_LEADER_EPOCH ||
    error === errorCodes.FENCED_LEADER_EPOCH ||
    error === errorCodes.UNKNOWN_TOPIC_ID ||
    error === errorCodes.UNKNOWN_TOPIC_OR_PARTITION ||
    error === errorCodes.OFFSET_OUT_OF_RANGE
  )
}

const firstRestMs = 10

/** Milliseconds until the next try after `failuresCount` (1 and up) failures in a row. */
export function restAfter(failuresCount: number, restMsMax: number): number {
  return Math.min(restMsMax, firstRestMs * 2 ** Math.min(failuresCount - 1, 20))
}
