/** A disk that hangs, on real files: opening a pipe to which nobody writes takes a thread of Node's pool until someone does. */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { IoLane, IoLanes, threadPoolSize } from '../../src/io/io-lanes.ts'
import { NodeFileSystem } from '../../src/io/node-file-system.ts'

test('a directory whose disk hangs stalls itself alone: the metadata log in it and other directories go on', async () => {
  const root = mkdtempSync(join(tmpdir(), 'ottla-lanes-'))
  const [slow, other] = [join(root, 'slow'), join(root, 'other')]
  const metadata = join(slow, '__cluster_metadata-0')
  for (const directory of [slow, other, metadata]) mkdirSync(directory)
  const pipes = Array.from({ length: threadPoolSize() * 2 }, (_, index) => join(slow, `hangs-${index}`))
  execFileSync('mkfifo', pipes)
  const lanes = new IoLanes([slow, other], metadata)
  const fileSystem = new NodeFileSystem(lanes)
  const hanging = pipes.map((path) => fileSystem.open(path, { readOnly: true }))
  try {
    await fileSystem.replaceFile(join(other, 'x'), 'written')
    expect(String(await fileSystem.readFile(join(other, 'x')))).toBe('written')
    const log = await fileSystem.open(join(metadata, 'y'), { create: true })
    await log.write([Buffer.from('written')], 0)
    await log.sync()
    expect(await log.size()).toBe(7)
    await log.close()
    expect(lanes.of(slow).common.waitingCount).toBeGreaterThan(pipes.length / 2)
  } finally {
    const writers = pipes.map((path) => openSync(path, constants.O_RDWR | constants.O_NONBLOCK))
    for (const file of await Promise.all(hanging)) await file.close()
    writers.forEach(closeSync)
    rmSync(root, { recursive: true })
  }
})

test('a lane runs as many as it may, and the others in their order', () => {
  const lane = new IoLane(2)
  const started: number[] = []
  for (let index = 0; index < 5; index++) lane.run(() => started.push(index))
  expect(started).toEqual([0, 1])
  lane.done()
  expect(started).toEqual([0, 1, 2])
  for (let index = 0; index < 4; index++) lane.done()
  expect(started).toEqual([0, 1, 2, 3, 4])
  lane.run(() => started.push(5))
  expect(started.at(-1)).toBe(5)
})

test('the longest root that holds a path is its lane', () => {
  const lanes = new IoLanes(['/data/a', '/data/ab'], '/data/a/__cluster_metadata-0')
  expect(lanes.of('/data/a/t-0/0.log')).toBe(lanes.of('/data/a'))
  expect(lanes.of('/data/ab/t-0')).not.toBe(lanes.of('/data/a'))
  expect(lanes.of('/data/a/__cluster_metadata-0/0.log')).not.toBe(lanes.of('/data/a'))
  expect(lanes.of('/data/b')).toBe(lanes.of('/elsewhere'))
})

test('a lone directory is bounded in its flushes only, and the metadata log waits for none of them', () => {
  const lanes = new IoLanes(['/data/a'], '/data/a/__cluster_metadata-0', 4)
  const { common, flushes } = lanes.of('/data/a/t-0/0.log')
  for (let index = 0; index < 100; index++) common.run(() => {})
  expect(common.waitingCount).toBe(0)
  for (let index = 0; index < 10; index++) flushes.run(() => {})
  expect(flushes.waitingCount).toBe(8)
  const metadata = lanes.of('/data/a/__cluster_metadata-0/0.log')
  expect(metadata.flushes).not.toBe(flushes)
  metadata.flushes.run(() => {})
  expect(metadata.flushes.waitingCount).toBe(0)
})
