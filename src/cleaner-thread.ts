/**
 * The program of a thread that cleans logs (io/cleaning-threads.ts starts it): one cleaning at a time, with files that
 * block this thread alone. It yields the processor to the broker's own thread where the system lets it.
 */
import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { BlockingFiles } from './io/blocking-files.ts'
import type { MessageFromThread, MessageToThread } from './io/cleaning-messages.ts'
import { NodeCodecs } from './io/codecs/node-codecs.ts'
import { findNativeCrc32c } from './io/crc32c.ts'
import { NodeClock } from './io/node-clock.ts'
import { NodeRandom } from './io/node-random.ts'
import { cleanLog } from './log/cleaner/clean-log.ts'
import { CleaningAbortedError, type CleaningTask } from './log/cleaner/cleaning-task.ts'
import { FileSystemError } from './log/file-system.ts'
import { installCrc32c } from './protocol/record/crc32c.ts'

/** When both want all, a third of the processor that a thread at 0 gets; with less a busy machine's disk would fill. */
const niceness = 5

const port = parentPort!
const parts = { fileSystem: new BlockingFiles(), codecs: new NodeCodecs(), random: new NodeRandom() }
let answer: { resolve: () => void; reject: (error: Error) => void } | undefined

function send(message: MessageFromThread): void {
  port.postMessage(message)
}

async function clean(task: CleaningTask, abortFlag: Uint8Array): Promise<void> {
  const clock = new NodeClock()
  try {
    const outcome = await cleanLog(task, {
      ...parts,
      clock,
      isAborted: () => Atomics.load(abortFlag, 0) !== 0,
      replaceSegments: (cleaned) =>
        new Promise((resolve, reject) => {
          answer = { resolve, reject }
          send({ kind: 'replace', cleaned })
        }),
    })
    send({ kind: 'done', outcome })
  } catch (error) {
    const isDisk = error instanceof FileSystemError
    const cause = error instanceof CleaningAbortedError ? 'aborted' : isDisk ? 'disk' : 'other'
    const { message } = error as Error
    send({ kind: 'failed', cause, message, code: isDisk ? error.code : '', path: isDisk ? error.path : '' })
  } finally {
    clock.close()
  }
}

/** On Linux a thread has a priority of its own: /proc/thread-self is `<process>/task/<thread>`. */
function becomeNice(): void {
  try {
    const threadId = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    setPriority(threadId, niceness)
  } catch {
    // It then runs as all do.
  }
}

becomeNice()
installCrc32c(findNativeCrc32c())
port.on('message', (message: MessageToThread) => {
  if (message.kind === 'clean') void clean(message.task, message.abortFlag)
  else if (message.kind === 'replaced') answer?.resolve()
  else answer?.reject(new CleaningAbortedError(message.message))
})
