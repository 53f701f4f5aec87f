import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { lockFile } from '../../src/io/file-lock.ts'
import { NodeFileSystem } from '../../src/io/node-file-system.ts'

const fileSystem = new NodeFileSystem()
let root: string
const at = (name: string) => join(root, name)

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ottla-files-'))
})

afterEach(() => {
  rmSync(root, { recursive: true })
})

test('the disk has room, and paths are told as other processes name them', async () => {
  const { totalBytes, usableBytes } = await fileSystem.space(root)
  expect(usableBytes).toBeGreaterThan(0)
  expect(totalBytes).toBeGreaterThanOrEqual(usableBytes)
  await expect(fileSystem.space(at('nowhere'))).rejects.toMatchObject({ code: 'ENOENT' })
  expect([fileSystem.absolutePath('data'), fileSystem.absolutePath('/data/')]).toEqual([
    `${process.cwd()}/data`,
    '/data',
  ])
})

describe('files', () => {
  test('are written at a position, from several buffers, and read back', async () => {
    const file = await fileSystem.open(at('x'), { create: true })
    await file.write([Buffer.from('hello '), Buffer.from('world')], 3)
    await file.sync()
    const bytes = Buffer.alloc(20)
    expect(await file.read(bytes, 3)).toBe(11)
    expect(bytes.toString('utf8', 0, 11)).toBe('hello world')
    expect(await file.read(Buffer.alloc(4), 100)).toBe(0)
    await file.truncate(8)
    expect([await file.size(), await fileSystem.size(at('x'))]).toEqual([8, 8])
    await file.close()
  })

  test('take more buffers than one call of the system', async () => {
    const file = await fileSystem.open(at('x'), { create: true })
    const buffers = Array.from({ length: 2500 }, (_, index) => Buffer.from([index & 0xff]))
    await file.write(buffers, 0)
    await file.close()
    expect((await fileSystem.readFile(at('x'))).equals(Buffer.concat(buffers))).toBe(true)
  })

  test('take more bytes than one call should', async () => {
    const file = await fileSystem.open(at('x'), { create: true })
    const buffers = [300_000, 5, 0, 600_000, 262_144, 1].map((size, index) => Buffer.alloc(size, index + 1))
    await file.write(buffers, 10)
    await file.close()
    expect((await fileSystem.readFile(at('x'))).equals(Buffer.concat([Buffer.alloc(10), ...buffers]))).toBe(true)
  })

  test('are not made unless asked for, and errors carry the code of the system', async () => {
    await expect(fileSystem.open(at('none'))).rejects.toMatchObject({ name: 'FileSystemError', code: 'ENOENT' })
    await expect(fileSystem.list(at('none'))).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await fileSystem.size(at('none'))).toBeUndefined()
    const file = await fileSystem.open(at('x'), { create: true })
    await file.close()
    await expect(file.write([Buffer.from('x')], 0)).rejects.toMatchObject({ code: 'EBADF' })
    await expect(file.sync()).rejects.toMatchObject({ code: 'EBADF' })
  })

  test('are replaced as a whole', async () => {
    writeFileSync(at('checkpoint'), 'old and long')
    await fileSystem.replaceFile(at('checkpoint'), 'new')
    expect(readFileSync(at('checkpoint'), 'utf8')).toBe('new')
    expect((await fileSystem.list(root)).map(({ name }) => name)).toEqual(['checkpoint'])
  })

  test('directories are made, listed, renamed and removed', async () => {
    await fileSystem.makeDirectory(at('a/b'))
    await fileSystem.makeDirectory(at('a/b'))
    writeFileSync(at('a/f'), '')
    expect([...(await fileSystem.list(at('a')))].sort((left, right) => (left.name < right.name ? -1 : 1))).toEqual([
      { name: 'b', isDirectory: true },
      { name: 'f', isDirectory: false },
    ])
    await fileSystem.rename(at('a'), at('c'))
    await fileSystem.syncDirectory(at('c'))
    await fileSystem.remove(at('c'))
    await fileSystem.remove(at('c'))
    expect(existsSync(at('c'))).toBe(false)
  })
})

describe('the lock of a directory', () => {
  test('is held once, and its file goes with it', async () => {
    const lock = await fileSystem.lock(at('.lock'))
    await expect(fileSystem.lock(at('.lock'))).rejects.toMatchObject({ code: 'ELOCKED' })
    await lock.release()
    await lock.release()
    expect(existsSync(at('.lock'))).toBe(false)
    const again = await fileSystem.lock(at('.lock'))
    await again.release()
  })

  test('without the native package: respects a process that lives, not one that is gone', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    try {
      const stat = readFileSync(`/proc/${other.pid}/stat`, 'utf8')
      const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
      writeFileSync(at('.lock'), `${other.pid} ${startTime}\n`)
      await expect(lockFile(at('.lock'), { native: null, graceMs: 50 })).rejects.toMatchObject({ code: 'ELOCKED' })
      writeFileSync(at('.lock'), `${other.pid} 1\n`)
      const lock = await lockFile(at('.lock'), { native: null })
      expect(readFileSync(at('.lock'), 'utf8')).toMatch(new RegExp(`^${process.pid} \\d+\\n$`))
      await lock.release()
    } finally {
      other.kill('SIGKILL')
    }
  })

  test('what a native lock refuses is refused', async () => {
    const taken = { tryLock: () => false, unlock: () => undefined }
    const options = { native: taken, graceMs: 50 }
    await expect(lockFile(at('.lock'), options)).rejects.toMatchObject({ code: 'ELOCKED' })
  })

  test('a holder that is being taken apart is waited for', async () => {
    let tries = 0
    const native = { tryLock: () => ++tries === 3, unlock: () => undefined }
    const lock = await lockFile(at('.lock'), { native })
    expect(tries).toBe(3)
    await lock.release()
  })

  test('without the native package: a holder that was killed and that nobody reaped holds nothing', async () => {
    // The shell starts a child, tells its pid and becomes a program that never reaps it.
    const parent = spawn('/bin/sh', ['-c', 'sleep 1000 & echo $!; exec sleep 1000'])
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer]
      const pid = Number(line.toString())
      const fields = () => {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
        return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      }
      writeFileSync(at('.lock'), `${pid} ${fields()[19]}\n`)
      const options = { native: null, graceMs: 50 }
      await expect(lockFile(at('.lock'), options)).rejects.toMatchObject({ code: 'ELOCKED' })
      process.kill(pid, 'SIGKILL')
      const lock = await lockFile(at('.lock'), { native: null })
      expect(fields()[0]).toBe('Z')
      await lock.release()
    } finally {
      parent.kill('SIGKILL')
    }
  })

  test('a file that its holder removes at the same moment is not taken for the lock', async () => {
    let tries = 0
    const racing = {
      tryLock: () => {
        if (tries++ === 0) rmSync(at('.lock'))
        return true
      },
      unlock: () => undefined,
    }
    const lock = await lockFile(at('.lock'), { native: racing })
    expect(tries).toBe(2)
    expect(existsSync(at('.lock'))).toBe(true)
    await lock.release()
  })
})
