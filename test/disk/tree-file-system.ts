/**
 * A FileSystem on files and directories in memory (disk-nodes.ts). When an operation takes effect, how it fails and what
 * becomes of it when its process dies is for those that build on it: a disk that dies at a chosen operation
 * (log/faulty-file-system.ts), and the disks of simulated machines (simulation/simulated-disk.ts).
 */
import {
  type DirectoryEntry,
  type DiskSpace,
  type FileHandle,
  type FileLock,
  type FileSystem,
  FileSystemError,
} from '../../src/log/file-system.ts'
import { DiskDirectory, DiskFile, type DiskNode, type EntryChange } from './disk-nodes.ts'

export function failure(code: string, path: string): FileSystemError {
  return new FileSystemError(code, path, `${code}: ${path}`)
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '')
}

export class DiskTree {
  readonly root = new DiskDirectory()

  find(path: string): DiskNode | undefined {
    let node: DiskNode | undefined = this.root
    for (const name of namesOf(path)) node = node instanceof DiskDirectory ? node.entries.get(name) : undefined
    return node
  }

  /** Throws ENOENT. */
  file(path: string): DiskFile {
    const node = this.find(path)
    if (!(node instanceof DiskFile)) throw failure('ENOENT', path)
    return node
  }

  /** Throws ENOENT. */
  directory(path: string): DiskDirectory {
    const node = this.find(path)
    if (!(node instanceof DiskDirectory)) throw failure('ENOENT', path)
    return node
  }

  /** Throws ENOENT where the directory is missing, not the entry. */
  entry(path: string): { readonly directory: DiskDirectory; readonly name: string } {
    const names = namesOf(path)
    const name = names.pop()!
    return { directory: this.directory(names.join('/')), name }
  }

  /** Throws ENOTDIR. */
  makeDirectory(path: string): void {
    let directory = this.root
    for (const name of namesOf(path)) {
      let next = directory.entries.get(name)
      if (next === undefined) {
        next = new DiskDirectory()
        directory.change([{ name, node: next }])
      }
      if (!(next instanceof DiskDirectory)) throw failure('ENOTDIR', path)
      directory = next
    }
  }
}

export abstract class TreeFileSystem implements FileSystem {
  protected abstract readonly tree: DiskTree

  /** Does `action` when its time has come, or fails. */
  protected abstract operate<Result>(operation: keyof FileSystem, path: string, action: () => Result): Promise<Result>
  protected abstract handleOf(file: DiskFile, path: string): FileHandle
  protected abstract spaceOf(path: string): DiskSpace
  protected abstract lockOf(path: string): FileLock
  protected abstract nowMs(): number

  /** A directory lets go of `node`, which was removed or replaced. */
  protected onGone(_node: DiskNode): void {}

  open(path: string, options: { create?: boolean; readOnly?: boolean } = {}): Promise<FileHandle> {
    return this.operate('open', path, () => {
      const { directory, name } = this.tree.entry(path)
      if (!directory.entries.has(name) && options.create) {
        const node = new DiskFile()
        node.modifiedMs = this.nowMs()
        directory.change([{ name, node }])
      }
      return this.handleOf(this.tree.file(path), path)
    })
  }

  list(path: string): Promise<readonly DirectoryEntry[]> {
    return this.operate('list', path, () =>
      [...this.tree.directory(path).entries].map(([name, node]) => ({
        name,
        isDirectory: node instanceof DiskDirectory,
      })),
    )
  }

  size(path: string): Promise<number | undefined> {
    return this.operate('size', path, () => {
      const node = this.tree.find(path)
      return node instanceof DiskFile ? node.size : undefined
    })
  }

  modifiedMs(path: string): Promise<number | undefined> {
    return this.operate('modifiedMs', path, () => {
      const node = this.tree.find(path)
      return node instanceof DiskFile ? node.modifiedMs : undefined
    })
  }

  space(path: string): Promise<DiskSpace> {
    return this.operate('space', path, () => this.spaceOf(path))
  }

  absolutePath(path: string): string {
    return path
  }

  readFile(path: string): Promise<Buffer> {
    return this.operate('readFile', path, () => Buffer.from(this.tree.file(path).content))
  }

  async replaceFile(path: string, content: Buffer | string): Promise<void> {
    const handle = await this.open(`${path}.tmp`, { create: true })
    await handle.truncate(0)
    await handle.write([Buffer.from(content)], 0)
    await handle.sync()
    await handle.close()
    await this.rename(`${path}.tmp`, path)
    await this.syncDirectory(path.slice(0, path.lastIndexOf('/')))
  }

  makeDirectory(path: string): Promise<void> {
    return this.operate('makeDirectory', path, () => this.tree.makeDirectory(path))
  }

  rename(from: string, to: string): Promise<void> {
    return this.operate('rename', from, () => {
      const source = this.tree.entry(from)
      const target = this.tree.entry(to)
      const node = source.directory.entries.get(source.name)
      if (node === undefined) throw failure('ENOENT', from)
      if (source.directory !== target.directory) throw failure('EXDEV', from)
      this.#change(source.directory, target.name, [
        { name: source.name, node: undefined },
        { name: target.name, node },
      ])
    })
  }

  remove(path: string): Promise<void> {
    return this.operate('remove', path, () => {
      const { directory, name } = this.tree.entry(path)
      if (directory.entries.has(name)) this.#change(directory, name, [{ name, node: undefined }])
    })
  }

  syncDirectory(path: string): Promise<void> {
    return this.operate('syncDirectory', path, () => this.tree.directory(path).sync())
  }

  lock(path: string): Promise<FileLock> {
    return this.operate('lock', path, () => this.lockOf(path))
  }

  #change(directory: DiskDirectory, goneName: string, changes: readonly EntryChange[]): void {
    const gone = directory.entries.get(goneName)
    if (gone !== undefined) this.onGone(gone)
    directory.change(changes)
  }
}
