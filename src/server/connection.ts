/**
 * One client's connection: takes frames from its bytes, has the dispatcher handle them in order, and sends the answers
 * in that order, whichever is ready first. What a client can hold is bounded: requests and bytes in flight, answers that
 * it does not take, and its share of the budget for all; beyond that its socket is not read.
 *
 *   socket > framer > dispatcher > (promise) > answers, in order > socket
 *
 * One guarded loop (`#run`) does all progress; events only record what happened and call it.
 */
import type { Clock } from '../base/clock.ts'
import { frameMemory } from '../base/frame-memory.ts'
import { limits } from '../base/limits.ts'
import type { Socket, SocketHandler } from '../base/network.ts'
import type { ConnectionInfo } from '../handlers/handler.ts'
import type { Chunk } from '../protocol/records-region.ts'
import type { Encoded } from '../protocol/writer.ts'
import { AnswerStream } from './answer-stream.ts'
import { type FrameRoom, Framer } from './framer.ts'
import type { BudgetWaiter, InFlightBudget } from './in-flight-budget.ts'
import type { OutputTurn, TurnMember } from './output-turn.ts'
import { isStreamedRegion, releaseChunks, type StreamedRegion } from './streamed-region.ts'

/** An answer; undefined where the protocol has none. */
export type Answer = Encoded | undefined

/** What a connection needs of the dispatcher. */
export interface FrameHandler {
  /** Handles one frame. Throws, or rejects, when the connection must close. */
  handleFrame(connection: Connection, frame: Buffer, receivedAtMs: number): Answer | Promise<Answer>
}

/** What all connections of a server share. */
export interface ConnectionEnvironment {
  readonly clock: Clock
  readonly budget: InFlightBudget
  readonly turn: OutputTurn
  readonly frameSizeMax: number
  /** The connection closes because of `reason`: the client's fault, an unexpected exception, or a limit. */
  onFailure(connection: Connection, reason: unknown): void
  onClosed(connection: Connection): void
}

/** The place of a request's answer in the order of answers. */
class AnswerSlot {
  readonly frameSize: number
  /** The frame, where its memory is used again. */
  readonly lentFrame: Buffer | undefined
  readonly isSerial: boolean
  isReady: boolean
  answer: Answer

  constructor(frame: Buffer, isLent: boolean, isSerial: boolean, isReady: boolean, answer: Answer) {
    this.frameSize = frame.length
    this.lentFrame = isLent ? frame : undefined
    this.isSerial = isSerial
    this.isReady = isReady
    this.answer = answer
  }
}

function isInMemory(chunk: Chunk): boolean {
  return Buffer.isBuffer(chunk) || (isStreamedRegion(chunk) && chunk.slices.every((slice) => Buffer.isBuffer(slice)))
}

/** Releases what an answer holds that nobody gets. */
function discard(answer: Answer | Promise<Answer>): void {
  if (answer instanceof Promise) answer.then(discard, () => {})
  else if (answer !== undefined) releaseChunks(answer.chunks)
}

export class Connection implements ConnectionInfo, SocketHandler, FrameRoom, BudgetWaiter, TurnMember {
  readonly id: number
  readonly listenerName: string
  readonly clientHost: string
  readonly clientPort: number
  readonly localHost: string
  readonly localPort: number
  readonly principal = 'User:ANONYMOUS'
  readonly frameSizeMax: number
  clientSoftwareName = ''
  clientSoftwareVersion = ''
  /** As the last request named itself; for log lines. */
  clientId: string | null = null

  readonly #socket: Socket
  readonly #handler: FrameHandler
  readonly #environment: ConnectionEnvironment
  readonly #framer: Framer
  readonly #slots: AnswerSlot[] = []
  readonly #toRelease: StreamedRegion[] = []
  readonly #onClose: (() => void)[] = []
  #bytesInFlight = 0
  #unsentCounted = 0
  #mustAnswerFirst = false
  #isFrameLent = false
  #isRunning = false
  #isStreaming = false
  #isCorked = false
  #isPaused = false
  #state: 'open' | 'finishing' | 'ending' | 'closed' = 'open'
  #receivedAtMs: number
  #lastDrainMs: number
  #endedAtMs = 0
  #frameStartMs = -1
  #drainWaiter: (() => void) | undefined

  constructor(
    id: number,
    listenerName: string,
    socket: Socket,
    handler: FrameHandler,
    environment: ConnectionEnvironment,
  ) {
    this.id = id
    this.listenerName = listenerName
    this.clientHost = socket.remoteHost
    this.clientPort = socket.remotePort
    this.localHost = socket.localHost
    this.localPort = socket.localPort
    this.frameSizeMax = environment.frameSizeMax
    this.#socket = socket
    this.#handler = handler
    this.#environment = environment
    this.#framer = new Framer(this)
    this.#receivedAtMs = environment.clock.monotonic()
    this.#lastDrainMs = this.#receivedAtMs
    socket.setHandler(this)
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** Requests that are handled, or whose answer has not left. */
  get requestsInFlight(): number {
    return this.#slots.length + (this.#isStreaming ? 1 : 0)
  }

  onClose(callback: () => void): void {
    if (this.isClosed) callback()
    else this.#onClose.push(callback)
  }

  // What the socket says

  onData(chunk: Buffer): void {
    this.#receivedAtMs = this.#environment.clock.monotonic()
    // After our side ended, what comes is read only to see the end of theirs.
    if (this.#state === 'ending') return
    this.#framer.push(chunk)
    this.#run()
    this.#framer.keep()
  }

  readTarget(): Buffer | undefined {
    return this.#framer.readTarget()
  }

  onTargetFilled(count: number): void {
    this.#receivedAtMs = this.#environment.clock.monotonic()
    this.#framer.onTargetFilled(count)
    this.#run()
  }

  onDrain(): void {
    this.#countUnsent()
    this.#wakeStream()
    this.#run()
  }

  /** The peer sends no more: what is answered still leaves, what waits for its answer is dropped. */
  onEnd(): void {
    if (this.isClosed) return
    this.#uncork()
    if (this.#socket.unsentBytes === 0 || this.#isStreaming) this.close()
    else this.#end()
  }

  onClosed(error: Error | undefined): void {
    if (this.isClosed) return
    if (error !== undefined) this.#environment.onFailure(this, error)
    this.#afterClose()
  }

  onBudget(): void {
    this.#run()
  }

  onTurnEnd(): void {
    this.#uncork()
    this.#countUnsent()
    this.#run()
  }

  // Frames in

  takeFrame(sizeInBytes: number): boolean {
    const { budget } = this.#environment
    if (!budget.tryTake(sizeInBytes)) {
      budget.wait(this)
      return false
    }
    this.#bytesInFlight += sizeInBytes
    return true
  }

  #giveFrame(sizeInBytes: number, lentFrame: Buffer | undefined): void {
    if (lentFrame !== undefined) frameMemory.release(lentFrame)
    this.#bytesInFlight -= sizeInBytes
    this.#environment.budget.give(sizeInBytes)
  }

  #mayDispatch(): boolean {
    return (
      !this.#mustAnswerFirst &&
      this.#state === 'open' &&
      this.requestsInFlight < limits.maxRequestsInFlight &&
      this.#bytesInFlight - this.#framer.takenBytes < limits.maxRequestBytesInFlight &&
      this.#socket.unsentBytes < limits.maxUnsentBytes
    )
  }

  /** Handles what can be handled, sends what can be sent, and reads on or not. */
  #run(): void {
    if (this.#isRunning || this.isClosed) return
    this.#isRunning = true
    try {
      while (this.#mayDispatch()) {
        const frame = this.#framer.next()
        if (frame === undefined) break
        this.#dispatch(frame)
      }
    } catch (error) {
      this.fail(error)
    }
    this.#isRunning = false
    if (this.#state === 'open' || this.#state === 'finishing') this.#steer()
  }

  /** Pauses the socket while nothing more can be taken, and notes since when a frame is under way. */
  #steer(): void {
    const isFull = !this.#mayDispatch() || this.#framer.waitingSize >= 0
    if (isFull !== this.#isPaused) {
      this.#isPaused = isFull
      if (isFull) this.#socket.pause()
      else this.#socket.resume()
    }
    if (!this.#framer.isWithinFrame) this.#frameStartMs = -1
    else if (this.#frameStartMs < 0) this.#frameStartMs = this.#receivedAtMs
    if (this.#state === 'finishing' && this.requestsInFlight === 0) {
      this.#end()
    }
  }

  #dispatch(frame: Buffer): void {
    this.#frameStartMs = -1
    this.#isFrameLent = false
    const answer = this.#handler.handleFrame(this, frame, this.#receivedAtMs)
    const isLent = this.#isFrameLent
    if (this.isClosed) discard(answer)
    else if (answer instanceof Promise) {
      const slot = new AnswerSlot(frame, isLent, this.#mustAnswerFirst, false, undefined)
      this.#slots.push(slot)
      answer.then(
        (value) => this.#onAnswer(slot, value),
        (error) => this.fail(error),
      )
    } else {
      this.#mustAnswerFirst = false
      if (this.requestsInFlight === 0) this.#send(answer, frame.length, isLent ? frame : undefined)
      else this.#slots.push(new AnswerSlot(frame, isLent, false, true, answer))
    }
  }

  /** The dispatcher says, while it handles a request, that the next one must wait for its answer. */
  answerBeforeNext(): void {
    this.#mustAnswerFirst = true
  }

  /** The dispatcher says, while it handles a request, that nothing of its frame is used once it is answered. */
  lendFrame(): void {
    this.#isFrameLent = true
  }

  #onAnswer(slot: AnswerSlot, answer: Answer): void {
    if (this.#state === 'ending' || this.#state === 'closed') discard(answer)
    else {
      slot.answer = answer
      slot.isReady = true
      this.#sendReady()
      this.#run()
    }
  }

  // Answers out

  #sendReady(): void {
    while (!this.#isStreaming && !this.isClosed) {
      const slot = this.#slots[0]
      if (slot === undefined || !slot.isReady) return
      this.#slots.shift()
      if (slot.isSerial) this.#mustAnswerFirst = false
      this.#send(slot.answer, slot.frameSize, slot.lentFrame)
    }
  }

  /** Sends the answer whose turn it is, and lets its request go. */
  #send(answer: Answer, frameSize: number, lentFrame: Buffer | undefined): void {
    if (answer === undefined) this.#giveFrame(frameSize, lentFrame)
    else if (answer.chunks.every(isInMemory)) {
      this.#cork()
      for (const chunk of answer.chunks) this.#writeFromMemory(chunk)
      this.#giveFrame(frameSize, lentFrame)
    } else this.#stream(answer, frameSize, lentFrame)
  }

  #writeFromMemory(chunk: Chunk): void {
    if (Buffer.isBuffer(chunk)) this.#socket.write(chunk)
    else if (isStreamedRegion(chunk)) {
      for (const slice of chunk.slices) this.#socket.write(slice as Buffer)
      this.#toRelease.push(chunk)
    }
  }

  #stream(answer: Encoded, frameSize: number, lentFrame: Buffer | undefined): void {
    this.#uncork()
    this.#isStreaming = true
    new AnswerStream(this.#socket, this).send(answer.chunks).then(
      () => this.#onStreamed(frameSize, lentFrame),
      (error) => {
        this.#isStreaming = false
        this.fail(error)
      },
    )
  }

  #onStreamed(frameSize: number, lentFrame: Buffer | undefined): void {
    this.#isStreaming = false
    if (this.isClosed) return
    this.#giveFrame(frameSize, lentFrame)
    this.#countUnsent()
    this.#sendReady()
    this.#run()
  }

  whenDrained(): Promise<void> {
    return new Promise((resolve) => {
      this.#drainWaiter = resolve
    })
  }

  #wakeStream(): void {
    const waiter = this.#drainWaiter
    this.#drainWaiter = undefined
    waiter?.()
  }

  #cork(): void {
    if (this.#isCorked) return
    this.#isCorked = true
    this.#socket.cork()
    this.#environment.turn.add(this)
  }

  #uncork(): void {
    if (!this.#isCorked) return
    this.#isCorked = false
    this.#socket.uncork()
  }

  /** Counts what the client has not taken, and lets go of records that it has. */
  #countUnsent(): void {
    if (this.isClosed) return
    const unsentBytes = this.#socket.unsentBytes
    if (unsentBytes === 0 && this.#toRelease.length > 0) this.#releaseSent()
    const change = unsentBytes - this.#unsentCounted
    if (change === 0) return
    if (change < 0 || this.#unsentCounted === 0) this.#lastDrainMs = this.#environment.clock.monotonic()
    this.#unsentCounted = unsentBytes
    if (change > 0) this.#environment.budget.take(change)
    else this.#environment.budget.give(-change)
  }

  #releaseSent(): void {
    for (const region of this.#toRelease.splice(0)) region.release()
  }

  // The end

  /** Milliseconds for which the client alone could have gone on and did not. */
  idleMs(nowMs: number): number {
    this.#countUnsent()
    if (this.#unsentCounted > 0) return nowMs - this.#lastDrainMs
    if (this.requestsInFlight > 0 || this.#isPaused) return 0
    return nowMs - (this.#frameStartMs >= 0 ? this.#frameStartMs : this.#receivedAtMs)
  }

  /**
   * Milliseconds for which it has held memory that others may need: answers of which the client takes nothing, or a
   * frame that comes more slowly than 256 KB each second.
   */
  stalledMs(nowMs: number): number {
    this.#countUnsent()
    if (this.#unsentCounted > 0) return nowMs - this.#lastDrainMs
    if (this.#frameStartMs < 0 || this.#isPaused) return 0
    return nowMs - this.#frameStartMs - this.#framer.takenBytes / 256
  }

  /** Milliseconds since this side was closed and the client's was not; 0 while it is open. */
  lingerMs(nowMs: number): number {
    return this.#state === 'ending' ? nowMs - this.#endedAtMs : 0
  }

  #end(): void {
    this.#state = 'ending'
    this.#endedAtMs = this.#environment.clock.monotonic()
    this.#uncork()
    this.#socket.end()
    if (this.#isPaused) this.#socket.resume()
    this.#isPaused = false
  }

  /** Takes no more requests; closes when all that is in flight is answered and sent. */
  finish(): void {
    if (this.#state !== 'open') return
    this.#state = 'finishing'
    this.#steer()
  }

  /** Closes because of `reason`, which is reported. */
  fail(reason: unknown): void {
    if (this.isClosed) return
    this.#environment.onFailure(this, reason)
    this.close()
  }

  /** Closes at once; what was answered before still leaves if the kernel takes it. */
  close(): void {
    if (this.isClosed) return
    this.#uncork()
    this.#socket.destroy()
    this.#afterClose()
  }

  #afterClose(): void {
    this.#state = 'closed'
    const { budget } = this.#environment
    budget.stopWaiting(this)
    for (const slot of this.#slots.splice(0)) discard(slot.answer)
    this.#releaseSent()
    this.#wakeStream()
    for (const callback of this.#onClose.splice(0)) callback()
    budget.give(this.#bytesInFlight + this.#unsentCounted)
    this.#environment.onClosed(this)
  }
}
