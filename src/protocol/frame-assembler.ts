/**
 * Cuts what a socket delivers into frames: four bytes of size, then so many bytes. A frame that lies in one piece is a
 * view of it; a larger one gets a buffer of its own, after its size was checked, and can be received in place. Whoever
 * lends the bytes that it pushes must not let frames outlive them, or says where frames are taken: then each is copied
 * there.
 */
import { ProtocolError } from './errors.ts'

const sizeBytes = 4

export class FrameAssembler {
  readonly #onFrame: (frame: Buffer) => void
  readonly #frameSizeMax: number
  readonly #takeFrame: ((size: number) => Buffer) | undefined
  #pending: Buffer = Buffer.alloc(0)
  #frame: Buffer | undefined
  #filled = 0

  constructor(onFrame: (frame: Buffer) => void, frameSizeMax: number, takeFrame?: (size: number) => Buffer) {
    this.#onFrame = onFrame
    this.#frameSizeMax = frameSizeMax
    this.#takeFrame = takeFrame
  }

  /** Takes the next bytes; calls back for each frame that they complete. Throws ProtocolError for an impossible size. */
  push(chunk: Buffer): void {
    let bytes = chunk
    while (bytes.length > 0) {
      if (this.#frame !== undefined) {
        bytes = this.#fill(this.#frame, bytes)
        continue
      }
      if (this.#pending.length > 0) {
        bytes = Buffer.concat([this.#pending, bytes])
        this.#pending = Buffer.alloc(0)
      }
      if (bytes.length < sizeBytes) {
        this.#pending = Buffer.from(bytes)
        return
      }
      const size = bytes.readInt32BE(0)
      if (size < sizeBytes || size > this.#frameSizeMax) throw new ProtocolError(`an answer of ${size} bytes`)
      const end = sizeBytes + size
      if (bytes.length >= end && this.#takeFrame === undefined) {
        this.#onFrame(bytes.subarray(sizeBytes, end))
        bytes = bytes.subarray(end)
      } else {
        this.#frame = this.#takeFrame?.(size) ?? Buffer.allocUnsafeSlow(size)
        this.#filled = 0
        bytes = this.#fill(this.#frame, bytes.subarray(sizeBytes))
      }
    }
  }

  /** Where the rest of a large frame belongs; undefined between frames. */
  get target(): Buffer | undefined {
    return this.#frame?.subarray(this.#filled)
  }

  /** So many bytes were put at the start of `target`. */
  onTargetFilled(count: number): void {
    const frame = this.#frame!
    this.#filled += count
    if (this.#filled < frame.length) return
    this.#frame = undefined
    this.#onFrame(frame)
  }

  #fill(frame: Buffer, bytes: Buffer): Buffer {
    const copied = bytes.copy(frame, this.#filled)
    this.#filled += copied
    if (this.#filled === frame.length) {
      this.#frame = undefined
      this.#onFrame(frame)
    }
    return bytes.subarray(copied)
  }
}
