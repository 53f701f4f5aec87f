import { expect, test } from 'vitest'
import { TailBudget } from '../../src/log/tail-budget.ts'

class Owner {
  dropsCount = 0
  readonly #budget: TailBudget

  constructor(budget: TailBudget) {
    this.#budget = budget
  }

  dropFirst(): boolean {
    this.dropsCount++
    this.#budget.onChunkDropped(100)
    return true
  }
}

test('the oldest chunks of all go when there are too many bytes; who let his go by himself is not asked again', () => {
  const budget = new TailBudget(300)
  const [first, second] = [new Owner(budget), new Owner(budget)]
  for (const owner of [first, second, first]) budget.onChunkAdded(owner, 100)
  budget.onChunksForgotten(first, 1, 100)
  expect(budget.sizeInBytes).toBe(200)
  budget.onChunkAdded(second, 100)
  budget.onChunkAdded(second, 100)
  expect([first.dropsCount, second.dropsCount]).toEqual([0, 1])
  budget.onChunkAdded(second, 100)
  expect([first.dropsCount, second.dropsCount]).toEqual([1, 1])
  expect(budget.sizeInBytes).toBe(300)
})
