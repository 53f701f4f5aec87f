/**
 * Memory of large frames, used again. Fresh memory for each of them is what costs most on the way of large batches: the
 * kernel clears its pages, and the garbage collector runs for every few dozen megabytes. Who receives a frame takes it
 * here; whoever keeps bytes of it beyond the call in which they were handed over holds them; when all have released it,
 * the next frame is received there.
 *
 * Invariant: a frame is used again only when it was released as often as it was taken and held. Who does not release
 * leaves it to the garbage collector, which is always safe; who releases once too often, or reads on, is not: tests let
 * `overwriteReleased` show that. Bytes that were not taken here can be held and released too: nothing comes of it.
 */
import { assert } from './assert.ts'

/** Below this, a frame of its own costs less than it would to remember it. */
const frameSizeMin = 8 * 1024
const capacityMin = 64
const idleBytesMax = 32 * 1024 * 1024

interface Frame {
  readonly bytes: Buffer
  holdersCount: number
}

export class FrameMemory {
  #frameSizeMin = frameSizeMin
  readonly #idleBytesMax: number
  /** Frames that somebody has, as far as they are to come back. */
  readonly #frames = new WeakMap<ArrayBufferLike, Frame>()
  /** By capacity; the capacity that was released last comes last. */
  readonly #idle = new Map<number, Frame[]>()
  #idleBytes = 0
  #isOverwriting = false

  /** `idleBytesMax`: bytes that nobody has and that are kept for the next frame. */
  constructor(maxIdleBytes: number = idleBytesMax) {
    this.#idleBytesMax = maxIdleBytes
  }

  get idleBytes(): number {
    return this.#idleBytes
  }

  /** For tests: frames of any size are used again, and what nobody has any more is overwritten at once. */
  overwriteReleased(): void {
    this.#frameSizeMin = 1
    this.#isOverwriting = true
  }

  /** A buffer with anything in it; the caller has it until `release`. */
  take(size: number): Buffer {
    if (size < this.#frameSizeMin) return Buffer.allocUnsafe(size)
    const capacity = capacityOf(size)
    if (capacity > this.#idleBytesMax) return Buffer.allocUnsafeSlow(size)
    const frame = this.#takeIdle(capacity) ?? this.#make(capacity)
    frame.holdersCount = 1
    return frame.bytes.subarray(0, size)
  }

  /** `bytes`, a part of a frame or of anything else, are kept: their frame is not used again before they are released. */
  hold(bytes: Buffer): void {
    const frame = this.#frames.get(bytes.buffer)
    if (frame === undefined) return
    assert(frame.holdersCount > 0, 'what is held is not released yet')
    frame.holdersCount++
  }

  /** `bytes` are not touched any more by one who took or held them. */
  release(bytes: Buffer): void {
    const frame = this.#frames.get(bytes.buffer)
    if (frame === undefined) return
    assert(frame.holdersCount > 0, 'a frame is released as often as it was taken and held')
    frame.holdersCount--
    if (frame.holdersCount === 0) this.#putBack(frame)
  }

  #make(capacity: number): Frame {
    const frame = { bytes: Buffer.allocUnsafeSlow(capacity), holdersCount: 0 }
    this.#frames.set(frame.bytes.buffer, frame)
    return frame
  }

  #takeIdle(capacity: number): Frame | undefined {
    const frames = this.#idle.get(capacity)
    const frame = frames?.pop()
    if (frame === undefined) return undefined
    this.#idleBytes -= capacity
    if (frames!.length === 0) this.#idle.delete(capacity)
    return frame
  }

  #putBack(frame: Frame): void {
    if (this.#isOverwriting) frame.bytes.fill(0xdb)
    const capacity = frame.bytes.length
    const frames = this.#idle.get(capacity) ?? []
    frames.push(frame)
    this.#idle.delete(capacity)
    this.#idle.set(capacity, frames)
    this.#idleBytes += capacity
    for (const longest of this.#idle.keys()) {
      if (this.#idleBytes <= this.#idleBytesMax) return
      while (this.#idleBytes > this.#idleBytesMax && this.#takeIdle(longest) !== undefined);
    }
  }
}

/** Four capacities for each power of two: at most a fourth is wasted, and frames of about one size share theirs. */
function capacityOf(size: number): number {
  if (size <= capacityMin) return capacityMin
  const step = 2 ** (29 - Math.clz32(size - 1))
  return Math.ceil(size / step) * step
}

/** Of all servers and connections of this process. */
export const frameMemory = new FrameMemory()
