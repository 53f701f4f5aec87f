export interface PlantedBug {
  readonly name: string
  readonly what: string
  /** The first seed, counted from 0, that finds it, or in words which one found it once. */
  readonly seed: number | string
  readonly changes: readonly { readonly file: string; readonly find: string; readonly replace: string }[]
}

export const plantedBugs: readonly PlantedBug[]
