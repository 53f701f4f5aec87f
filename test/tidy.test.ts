/**
 * Style as a test: who may import whom, what pure rooms may not contain, how long a file and a function may be, and
 * that every API served has its schema, its handler and a test. docs/ARCHITECTURE.md states the table; there is no list
 * of exceptions.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { codeOnly } from './tidy/code-only.ts'
import { longFunctions } from './tidy/long-functions.ts'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const maxFileLines = 500
const maxFunctionLines = 70

const everything = [
  'base',
  'protocol',
  'metrics',
  'config',
  'log',
  'metadata',
  'raft',
  'replication',
  'controller',
  'coordinator',
  'share-partition',
  'runtime',
  'handlers',
  'server',
  'io',
  'client',
  'cli',
  'node',
  'node-cleaner',
  'cleaner-thread',
  'embedded',
]
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  protocol: ['base'],
  metrics: ['base'],
  config: ['base'],
  log: ['base', 'protocol', 'config'],
  metadata: ['base', 'protocol', 'config'],
  raft: ['base', 'protocol'],
  replication: ['base', 'protocol'],
  controller: ['base', 'protocol', 'config', 'metadata', 'replication'],
  coordinator: ['base', 'protocol', 'config', 'metadata'],
  'share-partition': ['base', 'protocol'],
  runtime: [
    'base',
    'protocol',
    'metrics',
    'config',
    'log',
    'metadata',
    'raft',
    'replication',
    'controller',
    'coordinator',
    'share-partition',
  ],
  handlers: ['base', 'protocol', 'config', 'metadata', 'metrics', 'runtime'],
  server: ['base', 'protocol', 'config', 'handlers', 'metrics'],
  // Adapters: their own folder may also import the interface files that they implement (checked below).
  client: ['base', 'protocol', 'io'],
  io: ['base', 'protocol'],
  'cleaner-thread': ['protocol', 'log', 'io'],
  'node-cleaner': ['base', 'protocol', 'config', 'log', 'io'],
  node: everything.filter((room) => room !== 'cli' && room !== 'embedded'),
  embedded: everything.filter((room) => room !== 'cli'),
  cli: everything,
}
const interfaceFiles = new Set([
  'log/cleaner/cleaning-task.ts',
  'log/file-system.ts',
  'runtime/worker.ts',
  'raft/raft-network.ts',
])
const pureRooms = new Set([
  'protocol',
  'metadata',
  'raft',
  'replication',
  'controller',
  'coordinator',
  'share-partition',
])
const awaitingRooms = new Set(['log', 'runtime', 'handlers', 'server', 'config', 'metrics', 'base'])
const bannedWhereItMayAwait =
  /\bnode:|\bDate\b|\bMath\.random\b|\bset(?:Timeout|Interval|Immediate)\b|\bnextTick\b|\bqueueMicrotask\b/
const bannedInPureRooms = /\basync\b|\bawait\b|\bPromise\b/

interface SourceFile {
  readonly path: string
  readonly room: string
  readonly text: string
  readonly code: string
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
}

function roomOf(path: string): string {
  const first = path.split('/')[0]!
  return first.endsWith('.ts') ? first.slice(0, -3) : first
}

const sources: SourceFile[] = filesUnder(join(root, 'src')).map((file) => {
  const path = relative(join(root, 'src'), file)
  const text = readFileSync(file, 'utf8')
  return { path, room: roomOf(path), text, code: codeOnly(text) }
})

function importsOf(source: SourceFile): string[] {
  return [...source.text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!)
}

function relativeImportsOf(source: SourceFile): string[] {
  return importsOf(source)
    .filter((target) => target.startsWith('.'))
    .map((target) => relative(join(root, 'src'), resolve(join(root, 'src', dirname(source.path)), target)))
}

describe('imports', () => {
  test('follow the table of docs/ARCHITECTURE.md', () => {
    const wrong: string[] = []
    for (const source of sources) {
      const allowed = mayImport[source.room]
      if (allowed === undefined) wrong.push(`${source.path}: no room of this name in the table`)
      for (const target of relativeImportsOf(source)) {
        const targetRoom = roomOf(target)
        if (targetRoom === source.room || allowed?.includes(targetRoom)) continue
        if (source.room === 'io' && interfaceFiles.has(target)) continue
        wrong.push(`${source.path} imports ${target}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test('make no cycles', () => {
    const edges = new Map(sources.map((source) => [source.path, valueImportsOf(source)]))
    const done = new Set<string>()
    const cycles: string[] = []
    function visit(path: string, trail: readonly string[]): void {
      if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' > '))
      if (done.has(path) || trail.includes(path)) return
      for (const target of edges.get(path) ?? []) visit(target, [...trail, path])
      done.add(path)
    }
    for (const source of sources) visit(source.path, [])
    expect(cycles).toEqual([])
  })
})

/** Imports that exist at run time: a cycle of types alone is drawn, not walked. */
function valueImportsOf(source: SourceFile): string[] {
  const valueText = source.text.replace(/(?:import|export) type [^;]*?from\s*'[^']+'/g, '')
  return relativeImportsOf({ ...source, text: valueText })
}

describe('pure rooms and awaiting rooms', () => {
  test('touch neither clock, disk, network nor randomness', () => {
    const wrong: string[] = []
    for (const source of sources) {
      const isPure = pureRooms.has(source.room)
      if (!isPure && !awaitingRooms.has(source.room)) continue
      const text = source.code
      const banned = bannedWhereItMayAwait.exec(text) ?? (isPure ? bannedInPureRooms.exec(text) : null)
      if (banned !== null) wrong.push(`${source.path}: ${banned[0]}`)
      for (const target of importsOf(source)) if (target.startsWith('node:')) wrong.push(`${source.path}: ${target}`)
    }
    expect(wrong).toEqual([])
  })
})

describe('length', () => {
  const measured = ['src', 'test', 'bench', 'scripts']
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => filesUnder(join(root, folder)))

  test(`a file has at most ${maxFileLines} lines`, () => {
    const long = measured
      .map((file) => ({ file: relative(root, file), lines: readFileSync(file, 'utf8').split('\n').length - 1 }))
      .filter(({ lines }) => lines > maxFileLines)
      .map(({ file, lines }) => `${file}: ${lines}`)
    expect(long).toEqual([])
  })

  test(`a function of src has at most ${maxFunctionLines} lines`, () => {
    const long = sources.flatMap((source) =>
      longFunctions(source.text, maxFunctionLines).map(
        ({ line, lines }) => `src/${source.path}:${line}: ${lines} lines`,
      ),
    )
    expect(long).toEqual([])
  })
})

describe('comments', () => {
  test('every file of src says at its top what it is for', () => {
    const silent = sources
      .filter((source) => !/^(?:#!.*\n)?\s*\/(?:\*\*|\/)/.test(source.text))
      .map((source) => source.path)
    expect(silent).toEqual([])
  })

  test('nothing is suppressed', () => {
    const mark = new RegExp(`${['biome', 'ignore'].join('-')}|@ts-(?:ignore|expect-error|nocheck)|\\bas any\\b`)
    const suppressed = sources.filter((source) => mark.test(source.text)).map((source) => source.path)
    expect(suppressed).toEqual([])
  })
})

describe('APIs', () => {
  test('every handler has a schema of the same number and name, and a test that names it', () => {
    const schemas = new Set(
      sources.filter((source) => source.path.startsWith('protocol/api/')).map((source) => source.path.slice(13)),
    )
    const handlerFiles = sources
      .filter((source) => /^handlers\/\d\d-/.test(source.path))
      .map((source) => source.path.slice(9))
    const tests = filesUnder(join(root, 'test')).map((file) => readFileSync(file, 'utf8'))
    const wrong: string[] = []
    for (const file of handlerFiles) {
      if (!schemas.has(file)) wrong.push(`${file}: no src/protocol/api/${file}`)
      if (!tests.some((text) => text.includes(file) || text.includes(file.replace(/\.ts$/, ''))))
        wrong.push(`${file}: no test imports or names it`)
    }
    expect(handlerFiles.length).toBeGreaterThan(0)
    expect(wrong).toEqual([])
  })
})
