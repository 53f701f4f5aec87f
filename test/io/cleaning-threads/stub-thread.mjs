/** Speaks what src/cleaner-thread.ts speaks; the task's name says what it does. */
import { parentPort } from 'node:worker_threads'

const outcome = { endOffset: 7 }
const failed = (cause) => ({ kind: 'failed', cause, message: `it ${cause}`, code: 'EIO', path: '/data/x' })

parentPort.on('message', ({ kind, task, abortFlag, message }) => {
  if (kind === 'replaced') return parentPort.postMessage({ kind: 'done', outcome })
  if (kind === 'refused') return parentPort.postMessage({ ...failed('aborted'), message })
  if (task.name === 'work') return parentPort.postMessage({ kind: 'done', outcome })
  if (task.name === 'replace') return parentPort.postMessage({ kind: 'replace', cleaned: { baseOffset: 3 } })
  if (task.name === 'exit') process.exit(5)
  if (task.name === 'throw') throw new Error('it threw')
  if (task.name === 'deaf') return undefined
  if (task.name !== 'obedient') return parentPort.postMessage(failed(task.name))
  while (Atomics.load(abortFlag, 0) === 0);
  return parentPort.postMessage(failed('aborted'))
})
