// What bin/kafka-* share: each runs the tool that it is named after. As bin/ottla otherwise.
process.getBuiltinModule('node:module').enableCompileCache?.()

const isMissing = (error) => error.code === 'ERR_MODULE_NOT_FOUND'

async function run(name) {
  const { runTool } = await import('../dist/bundle/main.cjs').catch((error) => {
    if (!isMissing(error)) throw error
    return import('../dist/cli/main.js')
  })
  const exitCode = await runTool(name, process.argv.slice(2))
  // What was written last must be out before the process ends.
  process.stdout.write('', () => process.exit(exitCode))
}

module.exports = (name) =>
  run(name).catch((error) => {
    console.error(isMissing(error) ? `${name}: not built yet, run npm run build (${error.message})` : error)
    process.exit(1)
  })
