/** franz-go, which follows the newest protocol versions, across a kill -9. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { goClient } from './support/run-tool.ts'
import { layouts, startBrokers, type TestedBrokers } from './support/tested-brokers.ts'

describe.each(layouts)('%s', (layout) => {
  let broker: TestedBrokers

  beforeAll(async () => {
    broker = await startBrokers(layout)
  })

  afterAll(async () => {
    await broker.dispose()
  })

  test('franz-go creates, writes, reads, commits and resumes', async () => {
    expect(await goClient('create', broker.bootstrap, 'go', '2')).toMatchObject({ partitions: 2 })
    expect(await goClient('produce', broker.bootstrap, 'go', '500')).toEqual({ delivered: 500 })
    const first = await goClient('consume', broker.bootstrap, 'go', 'go-group', '200')
    await broker.kill()
    await broker.restart()
    const second = await goClient('consume', broker.bootstrap, 'go', 'go-group', '300')
    const records = [...(first.records as string[]), ...(second.records as string[])].map((record) => record.split(':'))
    const values = Array.from({ length: 500 }, (_, index) => `value-${index}`)
    expect(records.map(([, , value]) => value).sort()).toEqual(values.sort())
    // Each partition is read from 0 on without a gap.
    for (const partition of ['0', '1']) {
      const offsets = records.filter(([index]) => index === partition).map(([, offset]) => Number(offset))
      expect(offsets).toEqual(offsets.map((_, index) => index))
    }
  })
})
