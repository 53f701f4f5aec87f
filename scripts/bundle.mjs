/**
 * Joins the compiled modules of a running broker into a few files, dist/bundle: a start then opens ten files instead of
 * four hundred, which halves the time to the first record and saves 8 MB. dist itself stays, for scripts and tests;
 * bin/ottla takes the bundle where there is one. Packages stay outside. It is CommonJS, which Node reads without its pool of threads
 * (src/cli/thread-pool.ts says why). What is bundled apart shares no file with a start: the commands that are clients,
 * and the log cleaner's threads.
 */
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const dist = process.argv[2] ?? fileURLToPath(new URL('../dist', import.meta.url))

/** What main.js imports when it runs a command that is bundled apart. */
const commandEntries = ['arguments', 'run-tool']

const leaveCommandsOut = {
  name: 'leave-commands-out',
  resolveId(source, importer) {
    const entry = basename(source, '.js')
    if (importer !== `${dist}/cli/main.js` || !commandEntries.includes(entry)) return null
    return { id: `./${entry}.cjs`, external: true }
  },
  renderChunk: (code) =>
    code.replaceAll(/\bimport\(("\.\/(?:arguments|run-tool)\.cjs")\)/g, 'Promise.resolve(require($1))'),
}

async function bundleTogether(input, plugins = []) {
  const bundle = await rolldown({
    input,
    plugins,
    platform: 'node',
    external: (name) => !name.startsWith('.') && !name.startsWith('/'),
  })
  await bundle.write({
    dir: `${dist}/bundle`,
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
  })
}

await bundleTogether({ main: `${dist}/cli/main.js`, embedded: `${dist}/embedded.js` }, [leaveCommandsOut])
await bundleTogether({ 'cleaner-thread': `${dist}/cleaner-thread.js` })
await bundleTogether({ arguments: `${dist}/cli/arguments.js`, 'run-tool': `${dist}/cli/tools/run-tool.js` })
