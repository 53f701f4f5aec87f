export interface PlantedBug {
  readonly name: string
  readonly what: string
  /** The first seed, counted from 0, that finds it. */
  /** Or that there is none below some. */
  readonly seed: number | string
  readonly changes: readonly { readonly file: string; readonly find: string; readonly replace: string }[]
}

export const plantedBugs: readonly PlantedBug[]
