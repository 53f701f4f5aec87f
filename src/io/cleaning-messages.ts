/** What goes between the broker and a thread that cleans logs (cleaning-threads.ts and cleaner-thread.ts). */
import type { CleanedSegment, CleaningOutcome, CleaningTask } from '../log/cleaner/cleaning-task.ts'

export type MessageToThread =
  | {
      readonly kind: 'clean'
      readonly task: CleaningTask
      /** One byte of shared memory: not 0 when the cleaning should end. A busy thread reads no messages. */
      readonly abortFlag: Uint8Array
    }
  /** The segment is in its place. */
  | { readonly kind: 'replaced' }
  /** It is not, and will not be. */
  | { readonly kind: 'refused'; readonly message: string }

export type MessageFromThread =
  | { readonly kind: 'replace'; readonly cleaned: CleanedSegment }
  | { readonly kind: 'done'; readonly outcome: CleaningOutcome }
  | {
      readonly kind: 'failed'
      readonly cause: 'aborted' | 'disk' | 'other'
      readonly message: string
      /** Of the disk. */
      readonly code: string
      readonly path: string
    }
