/**
 * Runs `visit` for every item, at most `limit` at once. The first failure keeps further ones from starting and is thrown
 * once those under way have ended.
 */
export async function forEachBounded<Item>(
  items: readonly Item[],
  limit: number,
  visit: (item: Item) => Promise<void>,
): Promise<void> {
  let index = 0
  let failure: { readonly error: unknown } | undefined
  const work = async (): Promise<void> => {
    while (index < items.length && failure === undefined) {
      try {
        await visit(items[index++]!)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work))
  if (failure !== undefined) throw failure.error
}
