/**
 * Sends one answer whose records are still in files: reads them piece by piece into buffers that are used again, and
 * only as fast as the socket drains. Small chunks between the records are copied into the same pieces, so the kernel
 * always gets large writes. The connection runs one at a time; every region is released exactly once, whatever happens.
 */

import { frameMemory } from '../base/frame-memory.ts'
import type { Socket } from '../base/network.ts'
import type { Chunk } from '../protocol/records-region.ts'
import { isStreamedRegion, type RegionPart } from './streamed-region.ts'

const pieceSize = 256 * 1024
const pooledPiecesMax = 16
/** Bytes that may wait in the socket while the next piece is read. */
const unsentBytesMax = 256 * 1024
/** Buffers up to this size are copied into the piece. */
const copiedSizeMax = 16 * 1024

/** Buffers for pieces, kept for the next answer; at most 4 MB lie idle. */
class PiecePool {
  readonly #free: Buffer[] = []

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(pieceSize)
  }

  give(piece: Buffer): void {
    if (this.#free.length < pooledPiecesMax) this.#free.push(piece)
  }
}

const pool = new PiecePool()

/** What the stream needs of its connection. */
export interface StreamOwner {
  readonly isClosed: boolean
  /** Resolves at the next drain, or when the connection closes. */
  whenDrained(): Promise<void>
}

export class AnswerStream {
  readonly #socket: Socket
  readonly #owner: StreamOwner
  #piece: Buffer | undefined
  #filled = 0

  constructor(socket: Socket, owner: StreamOwner) {
    this.#socket = socket
    this.#owner = owner
  }

  /** Sends all chunks. Rejects when a region cannot be read; then the frame is cut and the connection useless. */
  async send(chunks: readonly Chunk[]): Promise<void> {
    const unreleased = new Set(chunks.filter(isStreamedRegion))
    try {
      for (const chunk of chunks) {
        if (this.#owner.isClosed) return
        if (Buffer.isBuffer(chunk)) await this.#add(chunk)
        else if (isStreamedRegion(chunk)) {
          for (const slice of chunk.slices) await this.#sendSlice(slice)
          unreleased.delete(chunk)
          chunk.release()
        } else throw new TypeError('a region that cannot be read')
      }
      await this.#flush()
    } finally {
      for (const region of unreleased) region.release()
      if (this.#piece !== undefined) pool.give(this.#piece)
      this.#piece = undefined
    }
  }

  async #sendSlice(slice: Buffer | RegionPart): Promise<void> {
    if (Buffer.isBuffer(slice)) return this.#add(slice)
    for (let offset = 0; offset < slice.sizeInBytes && !this.#owner.isClosed; ) {
      const piece = this.#roomyPiece()
      const target = piece.subarray(this.#filled, Math.min(pieceSize, this.#filled + slice.sizeInBytes - offset))
      const count = await slice.read(target, offset)
      if (count === 0) throw new Error(`a region of ${slice.sizeInBytes} bytes ended after ${offset}`)
      offset += count
      this.#filled += count
      if (this.#filled === pieceSize) await this.#flush()
    }
  }

  async #add(bytes: Buffer): Promise<void> {
    if (bytes.length > copiedSizeMax) {
      await this.#flush()
      // Its region may be released before the socket has it.
      frameMemory.hold(bytes)
      this.#socket.write(bytes, () => frameMemory.release(bytes))
      return this.#throttle()
    }
    if (this.#filled + bytes.length > pieceSize) await this.#flush()
    this.#filled += bytes.copy(this.#roomyPiece(), this.#filled)
  }

  #roomyPiece(): Buffer {
    this.#piece ??= pool.take()
    return this.#piece
  }

  /** Hands the piece to the socket, which gives it back when the kernel has it. */
  async #flush(): Promise<void> {
    const piece = this.#piece
    if (piece === undefined || this.#filled === 0 || this.#owner.isClosed) return
    const filled = this.#filled
    this.#piece = undefined
    this.#filled = 0
    this.#socket.write(filled === pieceSize ? piece : piece.subarray(0, filled), () => pool.give(piece))
    return this.#throttle()
  }

  async #throttle(): Promise<void> {
    while (this.#socket.unsentBytes > unsentBytesMax && !this.#owner.isClosed) await this.#owner.whenDrained()
  }
}
