/**
 * The lock of a data directory. Apache Kafka holds a POSIX record lock on `.lock` (Java's FileChannel.tryLock), which goes
 * with its process. With the optional package fs-native-extensions we hold an open file description lock on the same
 * file: each excludes the other, and the kernel lets go of it whatever ends the process.
 *
 * Where the package has no binary, `.lock` carries our pid and start time instead, which another ottla respects while that
 * process lives; on Linux /proc/locks still tells when Apache Kafka holds it, though Kafka then cannot see us.
 */
import fs from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { type FileLock, FileSystemError } from '../log/file-system.ts'

interface NativeLocks {
  tryLock(descriptor: number): boolean
  unlock(descriptor: number): void
}

/** Locks by path that this process holds: a second one in the same process is refused on every platform. */
const held = new Set<string>()

/**
 * A process that was killed holds its locks until the kernel has taken it apart, which on a loaded machine can be after
 * its successor asks. A holder is believed to live after this time only.
 */
const holderGraceMs = 2_000
const retryMs = 20

export interface LockOptions {
  /** Null: without the package. */
  readonly native?: NativeLocks | null
  readonly graceMs?: number
}

/**
 * Rejects with `code: 'ELOCKED'` when another process holds it and goes on holding it for `graceMs` milliseconds, or
 * when this process does.
 */
export async function lockFile(path: string, options: LockOptions = {}): Promise<FileLock> {
  const { native = findNativeLocks(), graceMs = holderGraceMs } = options
  const deadlineMs = performance.now() + graceMs
  for (;;) {
    const descriptor = openFile(path)
    const realPath = findRealPath(path)
    // A holder that stops removes the file: here between the two calls.
    if (realPath === undefined) {
      fs.closeSync(descriptor)
      continue
    }
    if (held.has(realPath)) {
      fs.closeSync(descriptor)
      throw new FileSystemError('ELOCKED', path, `${path} is locked by this process already`)
    }
    const isTaken = takeLock(descriptor, native)
    if (isTaken && isStillThere(descriptor, path)) {
      held.add(realPath)
      return { release: async () => release(descriptor, path, realPath, native) }
    }
    // Not ours; or its holder removed it as we opened it, and what we have locked has no name any more.
    fs.closeSync(descriptor)
    if (isTaken) continue
    if (performance.now() >= deadlineMs)
      throw new FileSystemError('ELOCKED', path, `${path} is locked by another process`)
    await delay(retryMs)
  }
}

/** The file goes before the lock does, as Apache Kafka leaves no `.lock` after a clean stop. */
function release(descriptor: number, path: string, realPath: string, native: NativeLocks | null): void {
  if (!held.delete(realPath)) return
  fs.rmSync(path, { force: true })
  native?.unlock(descriptor)
  fs.closeSync(descriptor)
}

function isStillThere(descriptor: number, path: string): boolean {
  const there = fs.statSync(path, { bigint: true, throwIfNoEntry: false })
  return there !== undefined && there.ino === fs.fstatSync(descriptor, { bigint: true }).ino
}

function findRealPath(path: string): string | undefined {
  try {
    return fs.realpathSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function openFile(path: string): number {
  try {
    return fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new FileSystemError(code ?? 'EIO', path, message)
  }
}

function takeLock(descriptor: number, native: NativeLocks | null): boolean {
  if (native !== null) return native.tryLock(descriptor)
  if (isLockedInKernel(descriptor)) return false
  const [pid, startTime] = fs.readFileSync(descriptor, 'utf8').split(' ')
  if (pid !== undefined && pid !== '' && isAlive(Number(pid), startTime?.trim() ?? '')) return false
  fs.ftruncateSync(descriptor, 0)
  fs.writeSync(descriptor, `${process.pid} ${statusOf(process.pid).startTime}\n`, 0)
  return true
}

/** Whether /proc/locks lists a lock on the file; false where there is none to ask. */
function isLockedInKernel(descriptor: number): boolean {
  let locks: string
  try {
    locks = fs.readFileSync('/proc/locks', 'utf8')
  } catch {
    return false
  }
  const { dev, ino } = fs.fstatSync(descriptor, { bigint: true })
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn)
  const hex = (value: bigint) => value.toString(16).padStart(2, '0')
  return locks.includes(` ${hex(major)}:${hex(minor)}:${ino} `)
}

/** A pid may have been given to another process since: the start time tells. */
function isAlive(pid: number, startTime: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const { state, threadsCount, startTime: startTimeNow } = statusOf(pid)
  // A zombie is only waited for. Its first thread may be one while others still write.
  if ((state === 'Z' || state === 'X') && threadsCount <= 1) return false
  return startTime === startTimeNow
}

/** From /proc; empty where there is none. The start is in clock ticks since boot. */
function statusOf(pid: number): { state: string; threadsCount: number; startTime: string } {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', threadsCount: Number(fields[17]), startTime: fields[19] ?? '' }
  } catch {
    return { state: '', threadsCount: 0, startTime: '' }
  }
}

/** What the package's binary offers; `length` 0: to the end of the file, however long it grows. */
interface LockBinding {
  tryLock(descriptor: number, offset: number, length: number, isExclusive: boolean): void
  unlock(descriptor: number, offset: number, length: number): void
}

/** The binary itself: the package's own way to it costs five times as long and ten times the memory. */
function findNativeLocks(): NativeLocks | null {
  const { platform, arch } = process
  let binding: LockBinding
  try {
    const file = `fs-native-extensions/prebuilds/${platform}-${arch}/fs-native-extensions.node`
    binding = createRequire(import.meta.url)(file) as LockBinding
  } catch {
    return null
  }
  return {
    tryLock(descriptor) {
      try {
        binding.tryLock(descriptor, 0, 0, true)
        return true
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false
        throw error
      }
    },
    unlock: (descriptor) => binding.unlock(descriptor, 0, 0),
  }
}
