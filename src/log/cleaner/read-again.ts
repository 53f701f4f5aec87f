/**
 * Reads walk from segment to segment while compaction may put one in the place of several. A read that met such a change
 * and failed, or may have missed something, is made again. Used by partition-log.ts for all that reads more than memory.
 */
import type { LogSegments } from '../log-segments.ts'

/** Compaction replaces a segment every few hundred milliseconds at most; more often means that something else is wrong. */
const attemptsMax = 20

/** A read that was started already, and what `replacementsCount` was before. */
export interface StartedRead<Result> {
  readonly result: Promise<Result>
  readonly replacementsCount: number
}

/** `isCertain`: the result is right whatever changed. */
export async function readAgainWhenReplaced<Result>(
  segments: LogSegments,
  read: () => Result | Promise<Result>,
  isCertain: (result: Result) => boolean = () => false,
  started?: StartedRead<Result>,
): Promise<Result> {
  for (let attempts = 1; ; attempts++) {
    const first = attempts === 1 ? started : undefined
    const before = first?.replacementsCount ?? segments.replacementsCount
    const isSettled = (): boolean => segments.replacementsCount === before || attempts === attemptsMax
    try {
      const result = await (first?.result ?? read())
      if (isSettled() || isCertain(result)) return result
    } catch (error) {
      if (isSettled()) throw error
    }
  }
}
