/** A disk of a few megabytes, part of which a ballast takes that can be thrown out. Mounting needs root or sudo. */
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './run-tool.ts'

export class SmallDisk {
  readonly path: string
  readonly #ballast: string

  private constructor(path: string) {
    this.path = path
    this.#ballast = join(path, 'ballast')
  }

  /** Rejects when it cannot be mounted: a full disk is not tested by a test that does without. */
  static async mount(sizeMiB: number, ballastMiB: number): Promise<SmallDisk> {
    const disk = new SmallDisk(mkdtempSync(join(tmpdir(), 'ottla-disk-')))
    await asRoot('mount', '-t', 'tmpfs', '-o', `size=${sizeMiB}m,mode=777`, 'ottla', disk.path)
    writeFileSync(disk.#ballast, Buffer.alloc(ballastMiB * 1024 * 1024))
    return disk
  }

  dropBallast(): void {
    rmSync(this.#ballast)
  }

  async unmount(): Promise<void> {
    await asRoot('umount', '--lazy', this.path)
    rmdirSync(this.path)
  }
}

async function asRoot(command: string, ...words: readonly string[]): Promise<void> {
  if (process.getuid?.() === 0) await run(command, words)
  else await run('sudo', ['-n', command, ...words])
}
