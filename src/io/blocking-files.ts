/**
 * Files for a thread of its own, whose event loop nobody waits for: every operation blocks it. That costs less than the
 * pool of threads, which stays with the broker's disks. Used by the log cleaner's threads.
 */
import fs from 'node:fs'
import { type FileHandle, type FileSystem, FileSystemError } from '../log/file-system.ts'

export class BlockingFiles implements Pick<FileSystem, 'open' | 'size' | 'remove'> {
  async open(path: string, options: { create?: boolean; readOnly?: boolean } = {}): Promise<FileHandle> {
    const { O_RDONLY, O_RDWR, O_CREAT } = fs.constants
    const flags = options.readOnly ? O_RDONLY : O_RDWR | (options.create ? O_CREAT : 0)
    return new BlockingFileHandle(
      path,
      during(path, () => fs.openSync(path, flags, 0o644)),
    )
  }

  async size(path: string): Promise<number | undefined> {
    return during(path, () => fs.statSync(path, { throwIfNoEntry: false })?.size)
  }

  async remove(path: string): Promise<void> {
    during(path, () => fs.rmSync(path, { recursive: true, force: true }))
  }
}

class BlockingFileHandle implements FileHandle {
  readonly path: string
  readonly #descriptor: number

  constructor(path: string, descriptor: number) {
    this.path = path
    this.#descriptor = descriptor
  }

  async read(buffer: Buffer, position: number): Promise<number> {
    return during(this.path, () => {
      let filled = 0
      while (filled < buffer.length) {
        const count = fs.readSync(this.#descriptor, buffer, filled, buffer.length - filled, position + filled)
        if (count === 0) break
        filled += count
      }
      return filled
    })
  }

  async write(buffers: readonly Buffer[], position: number): Promise<void> {
    let at = position
    for (const buffer of buffers) {
      const count = during(this.path, () => fs.writeSync(this.#descriptor, buffer, 0, buffer.length, at))
      if (count < buffer.length)
        throw new FileSystemError('EIO', this.path, `${count} of ${buffer.length} bytes were written to ${this.path}`)
      at += count
    }
  }

  async sync(): Promise<void> {
    during(this.path, () => fs.fdatasyncSync(this.#descriptor))
  }

  async truncate(size: number): Promise<void> {
    during(this.path, () => fs.ftruncateSync(this.#descriptor, size))
  }

  async size(): Promise<number> {
    return during(this.path, () => fs.fstatSync(this.#descriptor).size)
  }

  async close(): Promise<void> {
    during(this.path, () => fs.closeSync(this.#descriptor))
  }
}

function during<Result>(path: string, operation: () => Result): Result {
  try {
    return operation()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new FileSystemError(code ?? 'EIO', path, message)
  }
}
