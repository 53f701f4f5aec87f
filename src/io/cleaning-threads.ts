/**
 * Runs cleanings in worker threads: one is started when there is something to clean and no idle one, and ends when it
 * had nothing to do for a while, so that a broker without compacted logs has none. Made by node-cleaner.ts.
 *
 * A thread that does not end its cleaning soon after it was told to is stopped where it is: all that it writes are files
 * that nobody uses yet.
 */
import { Worker } from 'node:worker_threads'
import type { Clock, Timer } from '../base/clock.ts'
import {
  CleaningAbortedError,
  type CleaningControl,
  CleaningInterruptedError,
  type CleaningOutcome,
  type CleaningRunner,
  type CleaningTask,
} from '../log/cleaner/cleaning-task.ts'
import { FileSystemError } from '../log/file-system.ts'
import type { MessageFromThread, MessageToThread } from './cleaning-messages.ts'

const abortGraceMs = 500
const idleMs = 60_000

interface IdleThread {
  readonly worker: Worker
  readonly timer: Timer
}

export class CleaningThreads implements CleaningRunner {
  readonly #module: URL
  readonly #clock: Clock
  readonly #idle: IdleThread[] = []
  readonly #busy = new Set<Worker>()
  #isClosed = false

  /** `module`: the compiled cleaner-thread.ts. */
  constructor(module: URL, clock: Clock) {
    this.#module = module
    this.#clock = clock
  }

  get threadsCount(): number {
    return this.#idle.length + this.#busy.size
  }

  async run(task: CleaningTask, control: CleaningControl): Promise<CleaningOutcome> {
    if (this.#isClosed) throw new CleaningAbortedError('The cleaner is closed')
    const worker = this.#take()
    this.#busy.add(worker)
    try {
      const outcome = await new ThreadCleaning(worker, this.#clock, control).run(task)
      this.#giveBack(worker)
      return outcome
    } catch (error) {
      await worker.terminate()
      throw error
    } finally {
      this.#busy.delete(worker)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const { worker, timer } of this.#idle.splice(0)) {
      timer.cancel()
      await worker.terminate()
    }
    await Promise.all([...this.#busy].map((worker) => worker.terminate()))
  }

  #take(): Worker {
    const idle = this.#idle.pop()
    idle?.timer.cancel()
    if (idle !== undefined) return idle.worker
    const worker = new Worker(this.#module)
    // Whoever embeds a broker may end without closing it.
    worker.unref()
    return worker
  }

  #giveBack(worker: Worker): void {
    const timer = this.#clock.schedule(idleMs, () => {
      this.#idle.splice(
        this.#idle.findIndex((idle) => idle.worker === worker),
        1,
      )
      void worker.terminate()
    })
    this.#idle.push({ worker, timer })
  }
}

/** One cleaning in one thread. */
class ThreadCleaning {
  readonly #worker: Worker
  readonly #clock: Clock
  readonly #control: CleaningControl
  readonly #abortFlag = new Uint8Array(new SharedArrayBuffer(1))
  #resolve: (outcome: CleaningOutcome) => void = () => {}
  #reject: (error: Error) => void = () => {}
  #graceTimer: Timer | undefined

  constructor(worker: Worker, clock: Clock, control: CleaningControl) {
    this.#worker = worker
    this.#clock = clock
    this.#control = control
  }

  async run(task: CleaningTask): Promise<CleaningOutcome> {
    const worker = this.#worker
    const onEnd = (why: string): void =>
      this.#reject(new CleaningInterruptedError(`The cleaner's thread ended: ${why}`))
    const onError = (error: Error): void => onEnd(error.message)
    const onExit = (code: number): void => onEnd(`code ${code}`)
    const onMessage = (message: MessageFromThread): void => this.#onMessage(message)
    worker.on('message', onMessage).on('error', onError).on('exit', onExit)
    try {
      return await new Promise((resolve, reject) => {
        this.#resolve = resolve
        this.#reject = reject
        this.#control.onAbort(() => this.#abort(task.name))
        this.#send({ kind: 'clean', task, abortFlag: this.#abortFlag })
      })
    } finally {
      this.#graceTimer?.cancel()
      worker.off('message', onMessage).off('error', onError).off('exit', onExit)
    }
  }

  #send(message: MessageToThread): void {
    this.#worker.postMessage(message)
  }

  #abort(name: string): void {
    this.#abortFlag[0] = 1
    this.#graceTimer = this.#clock.schedule(abortGraceMs, () => {
      this.#reject(new CleaningAbortedError(`The cleaning of ${name} was aborted`))
    })
  }

  #onMessage(message: MessageFromThread): void {
    if (message.kind === 'done') this.#resolve(message.outcome)
    else if (message.kind === 'failed') this.#reject(errorOf(message))
    else {
      this.#control.replaceSegments(message.cleaned).then(
        () => this.#send({ kind: 'replaced' }),
        (error: Error) => {
          // What it was is known here; the thread only has to end.
          this.#reject(error)
          this.#send({ kind: 'refused', message: error.message })
        },
      )
    }
  }
}

function errorOf({ cause, message, code, path }: MessageFromThread & { kind: 'failed' }): Error {
  if (cause === 'aborted') return new CleaningAbortedError(message)
  return cause === 'disk' ? new FileSystemError(code, path, message) : new Error(message)
}
