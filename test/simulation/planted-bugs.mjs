/**
 * Rules that the simulation must notice when they are broken: each names the sources to change. `seed` is the first, counted
 * from 0, that finds it.
 */
export const plantedBugs = []
