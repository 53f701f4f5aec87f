/**
 * Joins the simulation and the sources it runs into one file, a temporary one: no build is needed, and a planted bug is a
 * changed source of that file alone.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { plantedBugs } from './planted-bugs.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Changes the sources as the planted bug `name` says; fails where a source does not have what is to be changed. */
function planting(name) {
  const bug = plantedBugs.find((each) => each.name === name)
  if (bug === undefined)
    throw new Error(`no such bug: ${name}; there are ${plantedBugs.map((each) => each.name).join(', ')}`)
  return {
    name: 'plant',
    transform(code, id) {
      const changes = bug.changes.filter(({ file }) => id === join(root, file))
      let changed = code
      for (const { file, find, replace } of changes) {
        if (changed.split(find).length !== 2) throw new Error(`${file} has not exactly one: ${find}`)
        changed = changed.replace(find, () => replace)
      }
      return changes.length === 0 ? null : { code: changed }
    },
  }
}

/** Resolves with the path of the program. It lies in node_modules, where its packages are found. */
export async function bundleSimulation(plant) {
  const bundle = await rolldown({
    input: join(root, 'test/simulation/main.ts'),
    plugins: plant === undefined ? [] : [planting(plant)],
    platform: 'node',
    external: (name) => !name.startsWith('.') && !name.startsWith('/'),
  })
  const folder = join(root, 'node_modules/.cache/simulation')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${basename(plant ?? 'sound')}-${process.pid}.mjs`)
  await bundle.write({ file, format: 'esm', sourcemap: 'inline', codeSplitting: false })
  process.on('exit', () => rmSync(file, { force: true }))
  return file
}
