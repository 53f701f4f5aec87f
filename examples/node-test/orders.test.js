// With node:test: a broker per test. With Node 24 or TypeScript it is one line: `await using broker = await startBroker(...)`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBroker } from 'ottla'
import { order, readTotals, startTotals } from '../orders.js'

test('totals add up by customer', async (context) => {
  const broker = await startBroker({ topics: ['orders', 'totals'] })
  const totals = await startTotals(broker.bootstrapServers)
  context.after(async () => {
    await totals.stop()
    await broker.stop()
  })
  await order(broker.bootstrapServers, [
    ['ada', 3],
    ['ada', 4],
  ])
  assert.deepEqual(await readTotals(broker.bootstrapServers, 2), ['ada: 3', 'ada: 7'])
})
