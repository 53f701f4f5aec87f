/**
 * npm run check:protocol [-- FOLDER]
 *
 * Compares every schema of the built project with Apache Kafka's own message specifications, which travel inside its
 * jars. The jars come from Maven Central once (this needs `mvn`) and stay in the cache folder; a FOLDER with
 * specifications (*.json, at any depth) spares that. Prints a line for each difference and exits with 1 if there is
 * one.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { compareSpecifications, parseSpecification } from './compare-specification.mjs'
import { readZip } from './read-zip.mjs'

const kafkaVersion = '4.3.1'
const artifacts = [
  'kafka-clients',
  'kafka-metadata',
  'kafka-raft',
  'kafka-group-coordinator',
  'kafka-transaction-coordinator',
  'kafka-share-coordinator',
]

function downloadJars(folder) {
  const cache = join(folder, '..')
  mkdirSync(cache, { recursive: true })
  const work = mkdtempSync(join(cache, 'download-'))
  const dependency = (artifact) =>
    `<dependency><groupId>org.apache.kafka</groupId><artifactId>${artifact}</artifactId><version>${kafkaVersion}</version></dependency>`
  const project = `<project><modelVersion>4.0.0</modelVersion><groupId>ottla</groupId><artifactId>specifications</artifactId>
<version>1</version><dependencies>${artifacts.map(dependency).join('\n')}</dependencies></project>`
  writeFileSync(join(work, 'pom.xml'), project)
  const goal = ['dependency:copy-dependencies', '-DexcludeTransitive=true', `-DoutputDirectory=${join(work, 'jars')}`]
  execFileSync('mvn', ['-q', '-B', '-f', join(work, 'pom.xml'), ...goal], { stdio: 'inherit' })
  renameSync(join(work, 'jars'), folder)
}

function specificationsOfJars() {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const folder = join(cache, 'ottla', `kafka-${kafkaVersion}-jars`)
  if (!existsSync(folder)) downloadJars(folder)
  const isSpecification = (name) => /^common\/(message|metadata)\/\w+\.json$/.test(name)
  return artifacts.flatMap((artifact) => {
    const jar = readFileSync(join(folder, `${artifact}-${kafkaVersion}.jar`))
    return [...readZip(jar, isSpecification)].map(([, contents]) => parseSpecification(contents.toString('utf8')))
  })
}

function specificationsOf(folder) {
  const names = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.json'))
  return names.map((name) => parseSpecification(readFileSync(join(folder, name), 'utf8')))
}

async function ourSchemas() {
  const built = new URL('../dist/protocol/', import.meta.url)
  if (!existsSync(built)) throw new Error('no dist/: run `npm run build` first')
  const { apis } = await import(new URL('api/index.js', built))
  const { storedSchemas } = await import(new URL('stored/index.js', built))
  return [...[...apis.values()].flatMap((api) => [api.request, api.response]), ...storedSchemas]
}

const folder = process.argv[2]
const specifications = folder === undefined ? specificationsOfJars() : specificationsOf(folder)
const comparison = compareSpecifications(specifications, await ourSchemas())
for (const difference of comparison.differences) console.log(difference)
const { messageCount, fieldCount, differences } = comparison
console.log(`${messageCount} messages, ${fieldCount} fields compared, ${differences.length} differences`)
process.exitCode = differences.length === 0 && messageCount > 0 ? 0 : 1
