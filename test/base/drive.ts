/** Brings what waits for virtual time and simulated disks to its end. */
import type { VirtualClock } from '../../src/base/virtual-clock.ts'

/** Far more than anything takes that ends at all. */
const turnsMax = 1_000_000

/** Lets the ends of turns and the disks go on until `promise` settles; time stands still, unless `onTurn` lets it pass. */
export async function drive<Result>(
  clock: VirtualClock,
  promise: Promise<Result> | Result,
  onTurn?: (turn: number) => Promise<void> | undefined,
): Promise<Result> {
  let isSettled = false
  const watched = Promise.resolve(promise).finally(() => {
    isSettled = true
  })
  watched.catch(() => undefined)
  for (let turn = 0; !isSettled; turn++) {
    if (turn > turnsMax) throw new Error('the promise never settles')
    const passing = onTurn?.(turn)
    if (passing !== undefined) await passing
    await Promise.resolve()
    clock.runTurn()
  }
  return watched
}
