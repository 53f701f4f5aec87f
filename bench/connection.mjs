/**
 * A client connection that costs as little as it can, so that a measurement is of the broker: frames are encoded once and
 * sent again and again, answers are counted, and only the first bytes of an answer are kept.
 */
import { connect } from 'node:net'

/** Enough for everything before the records of a Fetch answer with one partition. */
const keptSize = 512

export class Connection {
  #socket
  #waiting = []
  #waitingHead = 0
  #remaining = 0
  #kept = Buffer.alloc(keptSize)
  #keptSize = 0
  #size = Buffer.alloc(4)
  #sizeFilled = 0
  #frameSize = 0

  constructor(socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#onData(chunk))
    const fail = (error) => {
      for (const waiting of this.#waiting.splice(0)) waiting?.reject(error)
    }
    socket.on('error', fail)
    socket.on('close', () => fail(new Error('the connection was closed')))
  }

  /** Rejects when nobody listens. */
  static open(port) {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new Connection(socket))
      })
    })
  }

  /** Resolves with the first bytes of the answer, which stay valid until the next answer, and its whole size. */
  send(frame) {
    this.#socket.write(frame)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  close() {
    this.#socket.destroy()
  }

  #onData(chunk) {
    let at = 0
    while (at < chunk.length) {
      if (this.#remaining === 0) {
        const count = Math.min(4 - this.#sizeFilled, chunk.length - at)
        chunk.copy(this.#size, this.#sizeFilled, at, at + count)
        this.#sizeFilled += count
        at += count
        if (this.#sizeFilled < 4) return
        this.#sizeFilled = 0
        this.#frameSize = this.#size.readInt32BE(0)
        this.#remaining = this.#frameSize
        this.#keptSize = 0
        continue
      }
      const count = Math.min(this.#remaining, chunk.length - at)
      const kept = Math.min(count, keptSize - this.#keptSize)
      if (kept > 0) {
        chunk.copy(this.#kept, this.#keptSize, at, at + kept)
        this.#keptSize += kept
      }
      at += count
      this.#remaining -= count
      if (this.#remaining === 0) this.#answer()
    }
  }

  #answer() {
    const waiting = this.#waiting[this.#waitingHead]
    this.#waiting[this.#waitingHead++] = undefined
    if (this.#waitingHead > 1024) {
      this.#waiting = this.#waiting.slice(this.#waitingHead)
      this.#waitingHead = 0
    }
    waiting.resolve({ head: this.#kept.subarray(0, this.#keptSize), size: this.#frameSize })
  }
}
