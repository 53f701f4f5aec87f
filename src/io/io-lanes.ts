/**
 * Keeps one disk from starving the others. Node's file operations share one pool of threads, so a directory whose disk
 * hangs would take them all. NodeFileSystem sends every operation through the lane of its path. With several directories
 * each has a lane with so few under way that threads are left for the rest, and the metadata log one of its own. A lone
 * directory is not bounded, for there is nothing to protect, except in what takes long: the metadata log must not wait
 * behind the flushes of partitions.
 *
 * Bounds cost: 64 small writes at once take three times as long through 4 at a time, and so they do in a pool of 16
 * threads. So the pool stays at Node's 4 unless there are several directories (see cli/thread-pool.ts).
 */
import path from 'node:path'
import { assert } from '../base/assert.ts'
import { SwiftWrites } from './swift-writes.ts'

const poolSizeDefault = 4
/** Threads that no log directory takes: two of the metadata log, two for all else. */
const reservedCount = 4
const perDirectoryMax = 4

/** What an operation passes through: flushes through one, all else through the other. */
export interface PathLanes {
  readonly common: IoLane
  readonly flushes: IoLane
  /** Only of a lone directory: where there are several, a disk that hangs must not hold up the turn of all. */
  readonly swiftWrites?: SwiftWrites | undefined
}

export class IoLane {
  readonly #limit: number
  #runningCount = 0
  readonly #waiting: (() => void)[] = []

  constructor(limit: number) {
    assert(limit > 0, `a lane of ${limit}`)
    this.#limit = limit
  }

  /** Operations that wait for the lane. */
  get waitingCount(): number {
    return this.#waiting.length
  }

  /** Runs `start` now, or in its turn. Whoever runs calls `done` when the operating system has answered. */
  run(start: () => void): void {
    if (this.#runningCount === this.#limit) {
      this.#waiting.push(start)
      return
    }
    this.#runningCount++
    start()
  }

  /** An operation is over: the next one takes its place. */
  done(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#runningCount--
    else next()
  }
}

/** Threads of the pool, as libuv reads them. */
export function threadPoolSize(): number {
  const given = Number(process.env.UV_THREADPOOL_SIZE)
  return Number.isInteger(given) && given > 0 ? Math.min(given, 1024) : poolSizeDefault
}

/** Threads that `directoryCount` directories and the metadata log need, so that one that hangs takes none of the others'. */
export function threadsFor(directoryCount: number): number {
  return directoryCount <= 1 ? poolSizeDefault : Math.min(1024, directoryCount * perDirectoryMax + reservedCount)
}

export class IoLanes {
  readonly #byRoot: (readonly [root: string, lanes: PathLanes])[] = []
  readonly #other: PathLanes

  /** `directories` are roots whose IO is bounded together; the metadata log lies in one of them or elsewhere. */
  constructor(directories: readonly string[] = [], metadataLog?: string, poolSize: number = threadPoolSize()) {
    const isAlone = directories.length <= 1
    const reserved = poolSize > 2 * reservedCount ? reservedCount : 1
    const share = Math.floor((poolSize - reserved) / Math.max(1, directories.length))
    const limit = isAlone ? Number.POSITIVE_INFINITY : Math.max(1, Math.min(perDirectoryMax, share))
    const flushLimit = Math.max(1, Math.min(perDirectoryMax, share) - 1)
    const swiftWrites = isAlone ? new SwiftWrites() : undefined
    const lanes = (): PathLanes => {
      const common = new IoLane(limit)
      return { common, flushes: isAlone ? new IoLane(flushLimit) : common, swiftWrites }
    }
    for (const root of directories) this.#byRoot.push([path.resolve(root), lanes()])
    if (metadataLog !== undefined) {
      const common = new IoLane(isAlone ? limit : Math.max(1, reserved / 2))
      this.#byRoot.push([path.resolve(metadataLog), { common, flushes: common, swiftWrites }])
    }
    this.#byRoot.sort(([first], [second]) => second.length - first.length)
    this.#other = lanes()
  }

  /** The lanes of the longest root that holds `filePath`. */
  of(filePath: string): PathLanes {
    const absolute = path.resolve(filePath)
    for (const [root, lanes] of this.#byRoot) {
      if (!absolute.startsWith(root)) continue
      if (absolute.length === root.length || absolute[root.length] === path.sep || root.endsWith(path.sep)) return lanes
    }
    return this.#other
  }
}
