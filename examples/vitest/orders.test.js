// With vitest: one broker per file, emptied between tests.
import { startBroker } from 'ottla'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { order, readTotals, startTotals } from '../orders.js'

let broker

beforeAll(async () => {
  broker = await startBroker({ topics: ['orders', 'totals'] })
})
afterEach(() => broker.reset())
afterAll(() => broker.stop())

test('totals add up by customer', async () => {
  const totals = await startTotals(broker.bootstrapServers)
  await order(broker.bootstrapServers, [
    ['ada', 3],
    ['bob', 5],
    ['ada', 4],
  ])
  expect(await readTotals(broker.bootstrapServers, 3)).toEqual(['ada: 3', 'bob: 5', 'ada: 7'])
  await totals.stop()
})

test('the next test starts from nothing', async () => {
  const totals = await startTotals(broker.bootstrapServers)
  await order(broker.bootstrapServers, [['ada', 1]])
  expect(await readTotals(broker.bootstrapServers, 1)).toEqual(['ada: 1'])
  await totals.stop()
})
