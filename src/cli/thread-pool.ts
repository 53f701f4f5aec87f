/**
 * The size of Node's pool of threads for files. It can be chosen until the pool is first used, which `ottla start` does
 * not do before it knows its configuration when it runs from the bundle; otherwise UV_THREADPOOL_SIZE in the environment.
 */
import { threadsFor } from '../io/io-lanes.ts'

/** Leaves threads to every directory when one of them hangs; what the operator set stays. */
export function sizeThreadPool(directories: readonly string[]): void {
  // Modules that were not bundled were read by the pool: it has its size already.
  if (!import.meta.url.includes('/dist/bundle/')) return
  const count = new Set(directories).size
  if (count > 1) process.env.UV_THREADPOOL_SIZE ??= String(threadsFor(count))
}
