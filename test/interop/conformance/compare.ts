/** Where two accounts of the same steps differ, in lines that a person can read. */
import type { Observation } from './prober.ts'

export interface Difference {
  readonly step: string
  readonly details: readonly string[]
}

export function compare(ottla: readonly Observation[], kafka: readonly Observation[]): Difference[] {
  const differences: Difference[] = []
  ottla.forEach(({ step, answer }, index) => {
    const theirs = kafka[index]!.answer
    if (answer !== theirs) differences.push({ step, details: [...details(parsed(theirs), parsed(answer), '')] })
  })
  return differences
}

function parsed(answer: string): unknown {
  return answer.startsWith('{') || answer.startsWith('[') ? JSON.parse(answer) : answer
}

function* details(kafka: unknown, ottla: unknown, path: string): Generator<string> {
  if (!isTree(kafka) || !isTree(ottla)) {
    const [theirs, ours] = [JSON.stringify(kafka), JSON.stringify(ottla)]
    if (theirs !== ours) yield `${path}: Kafka ${theirs}, ottla ${ours}`
    return
  }
  for (const key of new Set([...Object.keys(kafka), ...Object.keys(ottla)])) {
    yield* details(kafka[key], ottla[key], `${path}.${key}`)
  }
}

function isTree(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object'
}
