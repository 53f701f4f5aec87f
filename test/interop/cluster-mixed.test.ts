/** ottla and Apache Kafka 4.3.1 in one cluster, with load while partitions and coordinators move between the two. */
import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Form, mixedRun } from './cluster/mixed-run.ts'

// One form here and fewer steps, all of them in the soak.
const isShort = process.env.OTTLA_MIXED_FORMS === undefined
const forms = (process.env.OTTLA_MIXED_FORMS ?? 'under Apache Kafka controllers').split(',') as Form[]
const controllers = Number(process.env.OTTLA_MIXED_CONTROLLERS ?? 1)

test.each(forms)('brokers of both kinds, %s', { timeout: 1_800_000 }, async (form) => {
  const count = form === 'quorum of both' ? 3 : controllers
  const report = await mixedRun(form, { controllers: count, isShort, onStep: (text) => console.log(text) })
  if (process.env.OTTLA_MIXED_REPORT !== undefined)
    writeFileSync(`${process.env.OTTLA_MIXED_REPORT}.${form.replaceAll(' ', '-')}`, JSON.stringify(report))
  expect(report.failures).toEqual([])
  expect(report.steps.length).toBe(isShort ? 5 : 10)
  expect(report.commits).toBeGreaterThan(0)
})
