/**
 * Tries again what failed for a passing reason, until a deadline. Backoff doubles from a tenth of a second to one second.
 */
import { isRetriable } from './client-errors.ts'

const backoffMsFirst = 100
const backoffMsMax = 1000

export function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}

/**
 * Runs `attempt` until it resolves. Rejects with what is not worth another try, and with the last failure once
 * `deadlineMs` (of Date.now) has passed. `onRetry` may forget what was learned before.
 */
export async function tryUntil<T>(
  deadlineMs: number,
  attempt: () => Promise<T>,
  onRetry: (error: unknown) => unknown = () => {},
): Promise<T> {
  let backoffMs = backoffMsFirst
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!isRetriable(error) || Date.now() + backoffMs > deadlineMs) throw error
      await onRetry(error)
      await sleep(backoffMs)
      backoffMs = Math.min(backoffMs * 2, backoffMsMax)
    }
  }
}
