/** For every file of these tests: a failed one prints what its processes said last, and none of them outlives the file. */
import { afterAll, beforeEach } from 'vitest'
import { forgetEnded, killRunning, lastWords } from './watched-process.ts'

beforeEach(({ onTestFailed }) => {
  forgetEnded()
  onTestFailed(() => console.error(lastWords()))
})

// The hooks of the file itself come before.
afterAll(() => {
  const killed = killRunning()
  if (killed.length > 0) console.error(`still running, and killed: ${killed.join(', ')}`)
})
