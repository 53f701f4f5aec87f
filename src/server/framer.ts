/**
 * Cuts a connection's byte stream into frames. Connection feeds it and takes frames out one at a time, so that a
 * connection over its limits leaves the rest where it is. Every frame is taken from `frameMemory`: a small one is copied
 * out of the chunk that the socket lent, of a large one all but the first bytes are received in place. Lengths are
 * checked, and room for the frame is asked for, before memory is taken.
 *
 *   stream   | size 4 | frame | size 4 | frame | ...
 */
import { frameMemory } from '../base/frame-memory.ts'
import { ProtocolError } from '../protocol/errors.ts'

const sizeOfSize = 4
/** A frame of which less is missing is completed by copying: a read of its own would cost more. */
const targetSizeMin = 16 * 1024
/** After a frame of this size the next one's size is read alone, so that all of the frame can be received in place. */
const largeSizeMin = 32 * 1024

/** What the framer needs to know of limits. */
export interface FrameRoom {
  /** The largest frame, in bytes. */
  readonly frameSizeMax: number
  /** False: no room now; the framer asks again at the next `next`. True: the bytes are taken until `giveFrame`. */
  takeFrame(sizeInBytes: number): boolean
}

export class Framer {
  readonly #room: FrameRoom
  /** Chunks not looked at yet, the first from `#position`. The last may be lent. */
  readonly #chunks: Buffer[] = []
  #hasLent = false
  #position = 0
  #bufferedBytes = 0
  /** A frame that began: its size, once its room is taken its buffer, and how much of it is there. */
  #frameSize = -1
  #frame: Buffer | undefined
  #frameFilled = 0
  /** A size that is read alone, and how much of it is there. */
  readonly #size = Buffer.alloc(sizeOfSize)
  #sizeFilled = 0
  #isAfterLarge = false

  constructor(room: FrameRoom) {
    this.#room = room
  }

  /** Adds what was received. The chunk is lent: take frames, then call `keep`. */
  push(chunk: Buffer): void {
    if (this.#sizeFilled > 0) {
      this.#chunks.push(Buffer.from(this.#size.subarray(0, this.#sizeFilled)))
      this.#bufferedBytes += this.#sizeFilled
      this.#sizeFilled = 0
    }
    this.#chunks.push(chunk)
    this.#hasLent = true
    this.#bufferedBytes += chunk.length
  }

  /** Copies what no frame took of the chunk that was lent. */
  keep(): void {
    if (!this.#hasLent) return
    this.#hasLent = false
    const lent = this.#chunks.pop()
    if (lent === undefined) return
    const start = this.#chunks.length === 0 ? this.#position : 0
    if (this.#chunks.length === 0) this.#position = 0
    this.#chunks.push(Buffer.from(lent.subarray(start)))
  }

  /** What is worth receiving in place: the rest of the frame under way, or after a large frame the next one's size. */
  readTarget(): Buffer | undefined {
    if (this.#chunks.length > 0) return undefined
    const frame = this.#frame
    if (frame !== undefined)
      return frame.length - this.#frameFilled >= targetSizeMin ? frame.subarray(this.#frameFilled) : undefined
    const isSizeNext = this.#isAfterLarge && this.#frameSize < 0 && this.#sizeFilled < sizeOfSize
    return isSizeNext ? this.#size.subarray(this.#sizeFilled) : undefined
  }

  /** `count` bytes were received into the last target. */
  onTargetFilled(count: number): void {
    if (this.#frame !== undefined) this.#frameFilled += count
    else this.#sizeFilled += count
  }

  /** Bytes received that no frame has yet; at most a chunk or two beyond the limits of the connection. */
  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /** True when bytes of a frame are here that is not whole. */
  get isWithinFrame(): boolean {
    return this.#frameSize >= 0 || this.#bufferedBytes > 0 || this.#sizeFilled > 0
  }

  /** Bytes of room that the frame under way holds. */
  get takenBytes(): number {
    return this.#frame === undefined ? 0 : this.#frameSize
  }

  /** The size of the frame that waits for room; -1 when none does. */
  get waitingSize(): number {
    return this.#frameSize >= 0 && this.#frame === undefined && this.#bufferedBytes > 0 ? this.#frameSize : -1
  }

  /**
   * The next whole frame, without its size, or undefined when it has not arrived or has no room. Its room is taken.
   * Throws ProtocolError for a size that cannot be.
   */
  next(): Buffer | undefined {
    if (this.#frameSize < 0 && !this.#readSize()) return undefined
    if (this.#frame !== undefined) return this.#fill()
    // A client that only promises a frame gets no memory, unless it has kept such a promise before.
    if (this.#chunks.length === 0 && !this.#isAfterLarge) return undefined
    if (!this.#room.takeFrame(this.#frameSize)) return undefined
    this.#frame = frameMemory.take(this.#frameSize)
    this.#frameFilled = 0
    return this.#fill()
  }

  #readSize(): boolean {
    if (this.#bufferedBytes >= sizeOfSize) {
      const first = this.#chunks[0]!
      if (first.length - this.#position >= sizeOfSize) {
        first.copy(this.#size, 0, this.#position)
        this.#skip(sizeOfSize)
      } else
        for (let index = 0; index < sizeOfSize; index++) {
          this.#size[index] = this.#chunks[0]![this.#position]!
          this.#skip(1)
        }
    } else if (this.#sizeFilled < sizeOfSize) return false
    this.#sizeFilled = 0
    const size = this.#size.readInt32BE(0)
    if (size <= 0 || size > this.#room.frameSizeMax) throw new ProtocolError(wrongSize(size, this.#room.frameSizeMax))
    this.#frameSize = size
    return true
  }

  #skip(count: number): void {
    this.#position += count
    this.#bufferedBytes -= count
    if (this.#position === this.#chunks[0]!.length) {
      this.#chunks.shift()
      this.#position = 0
    }
  }

  #fill(): Buffer | undefined {
    const frame = this.#frame!
    while (this.#frameFilled < frame.length) {
      const chunk = this.#chunks[0]
      if (chunk === undefined) return undefined
      const count = Math.min(chunk.length - this.#position, frame.length - this.#frameFilled)
      chunk.copy(frame, this.#frameFilled, this.#position, this.#position + count)
      this.#frameFilled += count
      this.#skip(count)
    }
    this.#frame = undefined
    this.#frameSize = -1
    this.#isAfterLarge = frame.length >= largeSizeMin
    return frame
  }
}

const tlsHandshake = 0x16030000
const httpMethods = new Set(['GET ', 'POST', 'HEAD', 'PUT ', 'OPTI', 'CONN', 'DELE', 'PRI '])

/** Says what the first four bytes look like when they are no size: the usual mistakes of clients' settings. */
function wrongSize(size: number, sizeMax: number): string {
  if (size === 0) return 'a frame of 0 bytes'
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(size, 0)
  let hint = ''
  if (httpMethods.has(bytes.toString('latin1'))) hint = '; this looks like HTTP'
  else if ((size & 0xffff0000) >>> 0 === tlsHandshake) hint = '; this looks like TLS, and the listener is PLAINTEXT'
  if (size < 0) return `a frame of ${size} bytes${hint}`
  return `a frame of ${size} bytes, over socket.request.max.bytes=${sizeMax}${hint}`
}
