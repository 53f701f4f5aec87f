/**
 * npm run simulate -- --seed N: bundles test/simulation/main.ts with the broker's sources and runs it. `--plant NAME` breaks a rule
 * on purpose first (test/simulation/planted-bugs.mjs), which the simulation must notice.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { bundleSimulation } from '../test/simulation/bundle.mjs'

const words = process.argv.slice(2)
const at = words.indexOf('--plant')
const plant = at >= 0 ? words.splice(at, 2)[1] : undefined
const program = await bundleSimulation(plant)
const child = spawn(process.execPath, [program, ...words], { stdio: 'inherit' })
const [code] = await once(child, 'close')
process.exit(code ?? 1)
