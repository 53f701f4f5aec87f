/**
 * Runs a client program to its end. A program that fails makes the test fail with what it printed.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { repositoryRoot } from './broker-process.ts'
import { watch } from './watched-process.ts'

/** Where install.sh put the clients. */
export const interopCache =
  process.env.OTTLA_INTEROP_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ottla-interop')

export async function run(command: string, words: readonly string[], input = ''): Promise<string> {
  const child = spawn(command, words)
  watch([command, ...words].join(' ').slice(0, 300), child)
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  // A program may end without having read.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${command} ${words.join(' ')} ended with ${code}:\n${output}\n${errors}`)
  return output
}

/** kcat by itself gives up a request for metadata after 5 s. */
export function kcatTool(words: readonly string[], input = ''): Promise<string> {
  return run('kcat', ['-m', '120', ...words], input)
}

/** A stock tool of Apache Kafka by its class name. */
export function javaTool(className: string, words: readonly string[], input = ''): Promise<string> {
  return run(join(repositoryRoot, 'test/interop/reference/kafka.sh'), ['tool', className, ...words], input)
}

export async function pythonClient(...words: readonly string[]): Promise<Record<string, unknown>> {
  const script = join(repositoryRoot, 'test/interop/python-client/client.py')
  return JSON.parse(await run(join(interopCache, 'python/bin/python'), [script, ...words]))
}

export async function goClient(...words: readonly string[]): Promise<Record<string, unknown>> {
  return JSON.parse(await run(join(interopCache, 'go-client'), words))
}
