/**
 * A machine that dies at every single operation of its disk, in turn: whatever was committed is there afterwards, once
 * and in order, and the node goes on.
 */
import { expect, test } from 'vitest'
import { RaftHarness, type RaftMachine } from './raft-harness.ts'

const retention = { bytesMax: 400, ageMsMax: -1 }

/** Appends, snapshots and a clean restart; stops wherever the disk dies. */
async function work(harness: RaftHarness, appended: string[], committed: string[]): Promise<void> {
  const { machine } = harness
  for (let round = 0; round < 3; round++) {
    const driver = await machine.start({ retention })
    // What a start replays was committed before.
    note(machine, committed)
    for (let index = 0; index < 4; index++) {
      const value = `${round}.${index}`
      appended.push(value)
      driver.append([Buffer.from(value)])
      if (index % 2 === 1) await harness.settle()
    }
    await harness.settle()
    note(machine, committed)
    const { values } = machine.listener
    await harness.drive(driver.writeSnapshot(driver.highWatermark, [values.map((value) => Buffer.from(value))]))
    await harness.drive(driver.close())
  }
}

function note(machine: RaftMachine, committed: string[]): void {
  for (const value of machine.listener.values.slice(committed.length)) committed.push(value)
}

/** Works until the disk dies at operation `dieAt`, then looks at what is left. True when it did not come to that. */
async function dieAt(operation: number, kind: 'process' | 'power'): Promise<boolean> {
  const harness = new RaftHarness(1, operation)
  const { machine } = harness
  await machine.format()
  const appended: string[] = []
  const committed: string[] = []
  machine.disk.dieAfter(operation)
  const hasFinished = await work(harness, appended, committed).then(
    () => true,
    () => false,
  )
  if (machine.driver !== undefined) note(machine, committed)
  machine.crash(kind)
  await machine.start({ retention })
  const { values } = machine.listener
  expect(values.slice(0, committed.length)).toEqual(committed)
  expect(values).toEqual(appended.slice(0, values.length))
  expect(await machine.append('more')).toBe(machine.driver!.logEndOffset - 1)
  expect(machine.listener.values.at(-1)).toBe('more')
  return hasFinished
}

test.each(['process', 'power'] as const)('the %s dies at any operation of the disk', async (kind) => {
  let operation = 0
  while (!(await dieAt(operation, kind))) operation++
  expect(operation).toBeGreaterThan(60)
})
