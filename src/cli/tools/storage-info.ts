/** kafka-storage info: the directories of a node, their identity, and what is wrong with them. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { parseProperties } from '../../config/properties.ts'
import { readProperties } from './tool-client.ts'

/** Resolves with the exit code: 1 when there are problems. Throws OperatorError. */
export function describeDirectories(file: string, output: Writable): number {
  const directories = directoriesOf(readProperties(file))
  const problems: string[] = []
  const found: string[] = []
  let first: ReadonlyMap<string, string> | undefined
  for (const directory of directories) {
    const problem = problemOf(directory)
    if (problem !== undefined) problems.push(problem)
    if (!existsSync(directory) || !statSync(directory).isDirectory()) continue
    found.push(directory)
    if (problem !== undefined) continue
    const meta = parseProperties(readFileSync(join(directory, 'meta.properties'), 'utf8'))
    if (first === undefined) first = meta
    else if (first.get('cluster.id') !== meta.get('cluster.id'))
      problems.push('Mismatched cluster IDs between storage directories.')
    else if (first.get('node.id') !== meta.get('node.id'))
      problems.push('Mismatched node IDs between storage directories.')
  }
  if (found.length > 0) output.write(`Found log director${found.length === 1 ? 'y' : 'ies'}:\n${indented(found)}\n`)
  if (first !== undefined) {
    const pairs = [...first]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`)
    output.write(`Found metadata: {${pairs.join(', ')}}\n\n`)
  }
  if (problems.length > 0) output.write(`Found problem${problems.length === 1 ? '' : 's'}:\n${indented(problems)}\n`)
  return problems.length > 0 ? 1 : 0
}

/** In the order of their names, once each. */
export function directoriesOf(properties: ReadonlyMap<string, string>): string[] {
  const logDirs = properties.get('log.dirs') ?? properties.get('log.dir') ?? '/tmp/kafka-logs'
  const metadata = properties.get('metadata.log.dir')
  const all = [...logDirs.split(','), ...(metadata === undefined ? [] : [metadata])].map((each) => each.trim())
  return [...new Set(all.filter((each) => each !== ''))].sort()
}

function problemOf(directory: string): string | undefined {
  if (!existsSync(directory)) return `${directory} does not exist`
  if (!statSync(directory).isDirectory()) return `${directory} is not a directory`
  if (!existsSync(join(directory, 'meta.properties'))) return `${directory} is not formatted.`
  return undefined
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}\n`).join('')
}
