/** When a small append may be written in the turn of the event loop. */
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { IoLanes } from '../../src/io/io-lanes.ts'
import { NodeFileSystem } from '../../src/io/node-file-system.ts'
import { SwiftWrites } from '../../src/io/swift-writes.ts'

test('not while a flush is under way', () => {
  const writes = new SwiftWrites()
  expect(writes.isAllowed(0)).toBe(true)
  writes.onFlushStarted()
  writes.onFlushStarted()
  writes.onFlushEnded()
  expect(writes.isAllowed(0)).toBe(false)
  writes.onFlushEnded()
  expect(writes.isAllowed(0)).toBe(true)
})

test('not for a second after a write that was slow', () => {
  const writes = new SwiftWrites()
  writes.onWritten(100, 104)
  expect(writes.isAllowed(104)).toBe(true)
  writes.onWritten(200, 205)
  expect(writes.isAllowed(205)).toBe(false)
  expect(writes.isAllowed(1204)).toBe(false)
  expect(writes.isAllowed(1205)).toBe(true)
})

test('only a lone directory has them', () => {
  expect(new IoLanes(['/a'], '/a/meta').of('/a/t-0/0.log').swiftWrites?.isAllowed()).toBe(true)
  expect(new IoLanes(['/a', '/b'], '/a/meta').of('/a/t-0/0.log').swiftWrites).toBeUndefined()
  expect(new IoLanes(['/a', '/b'], '/a/meta').of('/a/meta/0.log').swiftWrites).toBeUndefined()
})

test('a small write is in the file before its promise settles, or rejects with the file named', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ottla-swift-'))
  try {
    const path = join(directory, 'log')
    const file = await new NodeFileSystem().open(path, { create: true })
    const written = file.write([Buffer.from('at '), Buffer.from('once')], 2)
    const reader = openSync(path, constants.O_RDONLY)
    const into = Buffer.alloc(9)
    expect(readSync(reader, into, 0, 9, 0)).toBe(9)
    expect(into.toString()).toBe('\0\0at once')
    closeSync(reader)
    await written
    await file.close()
    await expect(file.write([Buffer.from('x')], 0)).rejects.toMatchObject({ code: 'EBADF', path })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
