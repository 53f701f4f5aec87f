/**
 * Which segments become one: neighbours, as many as together are within segment.bytes, segment.index.bytes for either
 * index, and the 2^31 offsets that an index can tell apart. Sizes are those before cleaning, so that what comes out fits
 * for certain; a log whose segments shrank is packed better by its next cleaning.
 */
import type { SourceSegment } from './cleaning-task.ts'

export interface MeasuredSegment extends SourceSegment {
  readonly offsetIndexSize: number
  readonly timeIndexSize: number
}

export interface GroupLimits {
  readonly segmentBytes: number
  readonly segmentIndexBytes: number
}

const relativeOffsetMax = 0x7fffffff

/** `endOffset` is where the segment after the last one begins. */
export function groupSegments(
  segments: readonly MeasuredSegment[],
  endOffset: number,
  limits: GroupLimits,
): MeasuredSegment[][] {
  const groups: MeasuredSegment[][] = []
  let group: MeasuredSegment[] = []
  let [size, offsetIndexSize, timeIndexSize] = [0, 0, 0]
  for (const [index, segment] of segments.entries()) {
    const lastOffset = (segments[index + 1]?.baseOffset ?? endOffset) - 1
    const isWithin =
      group.length > 0 &&
      size + segment.size <= limits.segmentBytes &&
      offsetIndexSize + segment.offsetIndexSize <= limits.segmentIndexBytes &&
      timeIndexSize + segment.timeIndexSize <= limits.segmentIndexBytes &&
      (segment.size === 0 || lastOffset - group[0]!.baseOffset <= relativeOffsetMax)
    if (!isWithin) {
      group = []
      groups.push(group)
      ;[size, offsetIndexSize, timeIndexSize] = [0, 0, 0]
    }
    group.push(segment)
    size += segment.size
    offsetIndexSize += segment.offsetIndexSize
    timeIndexSize += segment.timeIndexSize
  }
  return groups
}
