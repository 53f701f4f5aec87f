import { afterEach, beforeEach, expect, test } from 'vitest'
import { VirtualClock } from '../../src/base/virtual-clock.ts'
import { CleaningThreads } from '../../src/io/cleaning-threads.ts'
import {
  type CleanedSegment,
  CleaningAbortedError,
  type CleaningControl,
  type CleaningTask,
} from '../../src/log/cleaner/cleaning-task.ts'
import { FileSystemError } from '../../src/log/file-system.ts'

let clock: VirtualClock
let threads: CleaningThreads
beforeEach(() => {
  clock = new VirtualClock()
  threads = new CleaningThreads(new URL('./cleaning-threads/stub-thread.mjs', import.meta.url), clock)
})
afterEach(() => threads.close())

let abort: () => void = () => {}
const control: CleaningControl = {
  isAborted: () => false,
  onAbort: (callback) => {
    abort = callback
  },
  replaceSegments: () => Promise.resolve(),
}
const run = (name: string, more: Partial<CleaningControl> = {}) =>
  threads.run({ name } as CleaningTask, { ...control, ...more })
const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => new Error('it went well'),
    (error) => error,
  )

test('a thread is started for the first cleaning, used again, and goes when it is idle', async () => {
  expect(threads.threadsCount).toBe(0)
  expect(await run('work')).toEqual({ endOffset: 7 })
  await run('work')
  expect(threads.threadsCount).toBe(1)
  await Promise.all([run('work'), run('work')])
  expect(threads.threadsCount).toBe(2)
  clock.advance(60_000)
  expect(threads.threadsCount).toBe(0)
})

test('segments are put in place by the owner of the log', async () => {
  const replaced: CleanedSegment[] = []
  await run('replace', { replaceSegments: async (cleaned) => void replaced.push(cleaned) })
  expect(replaced).toEqual([{ baseOffset: 3 }])
})

test('what the owner refuses with is what the cleaning rejects with', async () => {
  const error = new CleaningAbortedError('the log changed')
  expect(await failure(run('replace', { replaceSegments: () => Promise.reject(error) }))).toBe(error)
})

test('failures keep their kind', async () => {
  expect(await failure(run('aborted'))).toBeInstanceOf(CleaningAbortedError)
  expect(await failure(run('disk'))).toMatchObject({ code: 'EIO', path: '/data/x', message: 'it disk' })
  expect(await failure(run('disk'))).toBeInstanceOf(FileSystemError)
  expect(await failure(run('other'))).not.toBeInstanceOf(FileSystemError)
})

test('a thread that dies fails its cleaning; the next one gets another', async () => {
  expect(await failure(run('throw'))).toMatchObject({
    name: 'CleaningInterruptedError',
    message: expect.stringMatching(/it threw$/),
  })
  expect(await failure(run('exit'))).toMatchObject({
    name: 'CleaningInterruptedError',
    message: expect.stringMatching(/code 5$/),
  })
  expect(await run('work')).toEqual({ endOffset: 7 })
})

test('an abort reaches a busy thread', async () => {
  const error = failure(run('obedient'))
  abort()
  expect(await error).toBeInstanceOf(CleaningAbortedError)
})

test('a thread that does not hear is stopped', async () => {
  const error = failure(run('deaf'))
  abort()
  clock.advance(500)
  expect(await error).toBeInstanceOf(CleaningAbortedError)
  expect(threads.threadsCount).toBe(0)
})

test('a closed one runs nothing', async () => {
  await threads.close()
  expect(await failure(run('work'))).toBeInstanceOf(CleaningAbortedError)
})
