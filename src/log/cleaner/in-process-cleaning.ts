/**
 * Runs cleanings in the caller's own thread, over the caller's file system: tests, and a broker that runs from sources,
 * where there is no compiled module that a worker thread could load.
 */
import type { Clock } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import type { Codecs } from '../../protocol/record/compression.ts'
import type { FileSystem } from '../file-system.ts'
import { cleanLog } from './clean-log.ts'
import type { CleaningControl, CleaningOutcome, CleaningRunner, CleaningTask } from './cleaning-task.ts'

export class InProcessCleaning implements CleaningRunner {
  readonly #parts: { fileSystem: FileSystem; codecs: Codecs; clock: Clock; random: Random }

  constructor(parts: { fileSystem: FileSystem; codecs: Codecs; clock: Clock; random: Random }) {
    this.#parts = parts
  }

  run(task: CleaningTask, control: CleaningControl): Promise<CleaningOutcome> {
    return cleanLog(task, {
      ...this.#parts,
      isAborted: () => control.isAborted(),
      replaceSegments: (cleaned) => control.replaceSegments(cleaned),
    })
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
