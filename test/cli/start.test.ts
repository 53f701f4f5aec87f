import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { NetworkError } from '../../src/base/network.ts'
import { main } from '../../src/cli/main.ts'
import type { RunningNode, StartNodeOptions } from '../../src/cli/running-node.ts'
import { type Host, start } from '../../src/cli/start.ts'

let folder: string
let output: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ottla-start-'))
  output = []
  const write = (text: string | Uint8Array): boolean => {
    output.push(String(text))
    return true
  }
  vi.spyOn(process.stdout, 'write').mockImplementation(write)
  vi.spyOn(process.stderr, 'write').mockImplementation(write)
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

class FakeHost extends EventEmitter {
  readonly exits: number[] = []
  exit(code: number): void {
    this.exits.push(code)
  }
}

function fakeNode(overrides: Partial<RunningNode> = {}): RunningNode {
  return {
    listeners: [{ name: 'PLAINTEXT', host: '', port: 9092 }],
    dataDirectories: [folder],
    stop: async () => {},
    ...overrides,
  }
}

function options(...override: string[]) {
  return {
    config: undefined,
    override: [`log.dirs=${folder}`, ...override],
    logFormat: 'plain',
    logLevel: 'info',
  } as const
}

/** Far beyond what any of this takes. */
const patience = { timeout: 30_000 }

/** Resolves when a line that contains `text` was written. */
async function shown(text: string): Promise<void> {
  await vi.waitUntil(() => output.some((line) => line.includes(text)), patience)
}

test('it says where to connect and where the data is, and stops cleanly on a signal', async () => {
  const host = new FakeHost()
  let given: StartNodeOptions | undefined
  let stops = 0
  const node = fakeNode({
    stop: async () => {
      stops++
    },
  })
  const running = start(
    options(),
    async () => async (nodeOptions) => {
      given = nodeOptions
      return node
    },
    host as unknown as Host,
  )
  await shown('is ready')
  const text = output.join('')
  expect(text).toContain('clients connect to localhost:9092 (PLAINTEXT, every address of this machine)')
  expect(text).toContain(`data in ${folder}`)
  expect(text).toContain('behind a mapped port set advertised.listeners')
  expect(text).toContain('first run: wrote')
  expect(given!.config.offsetsTopicReplicationFactor).toBe(1)
  host.emit('SIGTERM')
  expect(await running).toBe(0)
  expect(stops).toBe(1)
  expect(host.exits).toEqual([])
})

test('advertised listeners are what clients are told', async () => {
  const host = new FakeHost()
  const override = 'advertised.listeners=PLAINTEXT://kafka.example.com:19092'
  const running = start(options(override), async () => async () => fakeNode(), host as unknown as Host)
  await shown('is ready')
  expect(output.join('')).toContain('clients connect to kafka.example.com:19092')
  expect(output.join('')).not.toContain('mapped port')
  host.emit('SIGINT')
  expect(await running).toBe(0)
})

test('a second signal does not wait', async () => {
  const host = new FakeHost()
  const node = fakeNode({ stop: () => new Promise(() => {}) })
  void start(options(), async () => async () => node, host as unknown as Host)
  await shown('is ready')
  host.emit('SIGTERM')
  await shown('stopping on SIGTERM')
  host.emit('SIGTERM')
  await vi.waitUntil(() => host.exits.length > 0, patience)
  expect(host.exits).toEqual([143])
})

test('a signal ends a start that is not over', async () => {
  const host = new FakeHost()
  const running = start(options(), async () => () => new Promise(() => {}), host as unknown as Host)
  await vi.waitUntil(() => host.listenerCount('SIGTERM') > 0, patience)
  host.emit('SIGTERM')
  expect(await running).toBe(143)
  expect(output.join('')).toContain('before the start was over')
})

test('the ready line of JSON logs tells a script the ports', async () => {
  const host = new FakeHost()
  const json = { ...options(), logFormat: 'json' } as const
  const listeners = [{ name: 'PLAINTEXT', host: '', port: 40_123 }]
  const running = start(json, async () => async () => fakeNode({ listeners }), host as unknown as Host)
  await shown('is ready')
  const line = output.find((text) => text.includes('is ready'))!
  expect(JSON.parse(line)).toMatchObject({ listeners, dataDirectories: [folder], pid: process.pid })
  host.emit('SIGTERM')
  await running
})

test('a node that cannot go on stops with a reason and exit code 1', async () => {
  const node = fakeNode({ halted: Promise.resolve('no data directory is left') })
  expect(await start(options(), async () => async () => node, new FakeHost() as unknown as Host)).toBe(1)
  expect(output.join('')).toContain('ERROR stopping: no data directory is left')
})

test('what fails again while it stops adds no stack to the reason', async () => {
  const halted = Promise.resolve('no data directory is left')
  const node = fakeNode({ halted, stop: () => Promise.reject(new Error('disk full')) })
  expect(await start(options(), async () => async () => node, new FakeHost() as unknown as Host)).toBe(1)
  expect(output.join('')).not.toContain('disk full')
})

test('an exception that nobody caught ends the process', async () => {
  const host = new FakeHost()
  void start(options(), async () => async () => fakeNode(), host as unknown as Host)
  await shown('is ready')
  host.emit('uncaughtException', new TypeError('broken'))
  expect(host.exits).toEqual([1])
  expect(output.join('')).toContain('TypeError: broken')
})

test('what keeps a node from starting reaches the caller', async () => {
  const error = new NetworkError('EADDRINUSE', 'cannot listen on *:9092: another process listens there')
  const running = start(options(), async () => () => Promise.reject(error), new FakeHost() as unknown as Host)
  await expect(running).rejects.toBe(error)
})

test.each([
  [
    ['start', '-o', 'num.partitions=many', '-o', 'log.dirs=FOLDER'],
    1,
    'ottla: Invalid value many for configuration num.partitions: Not a number of type INT',
  ],
  [['start', '--config', '/no/such/file'], 1, 'ottla: there is no configuration file /no/such/file\n'],
  [
    ['format', '--cluster-id', 'x y', '-o', 'log.dirs=FOLDER'],
    1,
    "ottla: cluster id 'x y': it is 1 to 249 printable characters without spaces",
  ],
  [['start', '--nonsense'], 2, 'see ottla --help\n'],
  [[], 2, 'ottla: a command is missing: start, produce, consume or another; see ottla --help\n'],
])('%j ends with one line and exit code %i', async (words, exitCode, line) => {
  expect(await main(words.map((word) => word.replace('FOLDER', folder)))).toBe(exitCode)
  expect(output.join('')).toContain(line)
  expect(output.join('').trimEnd()).not.toContain('\n')
})
