/**
 * Cuts a connection's byte stream into frames. Connection feeds it and takes frames out one at a time, so that a
 * connection over its limits leaves the rest where it is. A frame that lies within one chunk is a view of it; a longer
 * one is gathered in a buffer of its own size, one copy for each byte. Lengths are checked, and room for a longer frame
 * is asked for, before memory is taken.
 *
 *   stream   | size 4 | frame | size 4 | frame | ...
 */
import { ProtocolError } from '../protocol/errors.ts'

const sizeOfSize = 4

/** What the framer needs to know of limits. */
export interface FrameRoom {
  /** The largest frame, in bytes. */
  readonly frameSizeMax: number
  /** False: no room now; the framer asks again at the next `next`. True: the bytes are taken until `giveFrame`. */
  takeFrame(sizeInBytes: number): boolean
}

export class Framer {
  readonly #room: FrameRoom
  /** Chunks not looked at yet, the first from `#position`. */
  readonly #chunks: Buffer[] = []
  #position = 0
  #bufferedBytes = 0
  /** A frame that began: its size, once its room is taken its buffer, and how much of it is there. */
  #frameSize = -1
  #frame: Buffer | undefined
  #frameFilled = 0

  constructor(room: FrameRoom) {
    this.#room = room
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bufferedBytes += chunk.length
  }

  /** Bytes received that no frame has yet; at most a chunk or two beyond the limits of the connection. */
  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /** True when bytes of a frame are here that is not whole. */
  get isWithinFrame(): boolean {
    return this.#frameSize >= 0 || this.#bufferedBytes > 0
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
    const first = this.#chunks[0]
    if (first === undefined) return undefined
    if (!this.#room.takeFrame(this.#frameSize)) return undefined
    if (first.length - this.#position >= this.#frameSize) return this.#view(first)
    this.#frame = Buffer.allocUnsafe(this.#frameSize)
    this.#frameFilled = 0
    return this.#fill()
  }

  #readSize(): boolean {
    if (this.#bufferedBytes < sizeOfSize) return false
    const first = this.#chunks[0]!
    let size: number
    if (first.length - this.#position >= sizeOfSize) {
      size = first.readInt32BE(this.#position)
      this.#skip(sizeOfSize)
    } else {
      const bytes = Buffer.allocUnsafe(sizeOfSize)
      for (let index = 0; index < sizeOfSize; index++) {
        bytes[index] = this.#chunks[0]![this.#position]!
        this.#skip(1)
      }
      size = bytes.readInt32BE(0)
    }
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

  #view(chunk: Buffer): Buffer {
    const frame = chunk.subarray(this.#position, this.#position + this.#frameSize)
    this.#skip(this.#frameSize)
    this.#frameSize = -1
    return frame
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
