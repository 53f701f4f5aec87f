/**
 * Runs cleanings in the caller's own thread, over the caller's file system: tests, a broker whose disk is in memory, and one
 * that runs from sources, where there is no compiled module that a worker thread could load. Others get their turn at
 * every read.
 */
import type { Clock } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import type { Codecs } from '../../protocol/record/compression.ts'
import type { FileHandle } from '../file-system.ts'
import { cleanLog } from './clean-log.ts'
import type { CleaningControl, CleaningFiles, CleaningOutcome, CleaningRunner, CleaningTask } from './cleaning-task.ts'

interface InProcessParts {
  readonly fileSystem: CleaningFiles
  readonly codecs: Codecs
  readonly clock: Clock
  readonly random: Random
}

export class InProcessCleaning implements CleaningRunner {
  readonly #parts: InProcessParts

  constructor(parts: InProcessParts) {
    this.#parts = parts
  }

  run(task: CleaningTask, control: CleaningControl): Promise<CleaningOutcome> {
    return cleanLog(task, {
      ...this.#parts,
      fileSystem: yielding(this.#parts),
      isAborted: () => control.isAborted(),
      replaceSegments: (cleaned) => control.replaceSegments(cleaned),
    })
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** A disk in memory answers within the turn: without a pause a cleaning would hold up the whole process. */
function yielding({ fileSystem, clock }: InProcessParts): CleaningFiles {
  const pause = (): Promise<void> => new Promise((resolve) => clock.endOfTurn(resolve))
  return {
    open: async (path, options) => {
      const handle = await fileSystem.open(path, options)
      return new YieldingHandle(handle, pause)
    },
    size: (path) => fileSystem.size(path),
    remove: (path) => fileSystem.remove(path),
  }
}

class YieldingHandle implements FileHandle {
  readonly path: string
  readonly #handle: FileHandle
  readonly #pause: () => Promise<void>

  constructor(handle: FileHandle, pause: () => Promise<void>) {
    this.path = handle.path
    this.#handle = handle
    this.#pause = pause
  }

  async read(buffer: Buffer, position: number): Promise<number> {
    await this.#pause()
    return this.#handle.read(buffer, position)
  }

  write(buffers: readonly Buffer[], position: number): Promise<void> {
    return this.#handle.write(buffers, position)
  }

  sync(): Promise<void> {
    return this.#handle.sync()
  }

  truncate(size: number): Promise<void> {
    return this.#handle.truncate(size)
  }

  size(): Promise<number> {
    return this.#handle.size()
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
