/**
 * The snapshots that one node keeps: which there are, making a new one, serving bytes of them to others, and when the
 * oldest may go. Owned by the raft driver.
 */
import { assert } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import { joinPath } from '../../log/file-names.ts'
import type { FileSystem } from '../../log/file-system.ts'
import type { OffsetAndEpoch } from '../../raft/log-view.ts'
import {
  readSnapshotTimestamp,
  SnapshotEncoder,
  type SnapshotFile,
  type SnapshotHead,
  SnapshotPart,
  snapshotName,
} from './raft-snapshots.ts'

export interface MetadataRetention {
  /** metadata.max.retention.bytes of log and snapshots together; -1 for no limit. */
  readonly bytesMax: number
  /** metadata.max.retention.ms; -1 for no limit. */
  readonly ageMsMax: number
}

/** A slice of a snapshot's making ends after so much time or so many bytes, whichever comes first. */
const sliceMsMax = 3
const sliceBytesMax = 256 * 1024

export class RaftSnapshotStore {
  readonly #fileSystem: FileSystem
  readonly #directory: string
  readonly #clock: Clock
  #files: SnapshotFile[]

  constructor(fileSystem: FileSystem, directory: string, clock: Clock, files: readonly SnapshotFile[]) {
    this.#fileSystem = fileSystem
    this.#directory = directory
    this.#clock = clock
    this.#files = [...files]
  }

  /** Ascending by end offset. */
  get files(): readonly SnapshotFile[] {
    return this.#files
  }

  create(id: OffsetAndEpoch): Promise<SnapshotPart> {
    return SnapshotPart.create(this.#fileSystem, this.#directory, id)
  }

  /**
   * Writes a snapshot in slices of a few milliseconds, with writes to the disk in between. `batches` is drawn from as the
   * writing goes. Rejects, and leaves nothing behind, when it throws or the disk fails.
   */
  async write(endOffset: number, head: SnapshotHead, batches: Iterable<readonly Buffer[]>): Promise<SnapshotFile> {
    assert(endOffset > (this.#files.at(-1)?.endOffset ?? -1), `a snapshot goes forward: ${endOffset}`)
    const id = { endOffset, epoch: head.epoch }
    const part = await this.create(id)
    try {
      await this.#writeAll(part, new SnapshotEncoder(head, this.#clock.now()), batches)
      await part.complete()
    } catch (error) {
      await part.discard().catch(() => undefined)
      throw error
    }
    const file = { ...id, sizeInBytes: part.sizeInBytes }
    this.#files.push(file)
    return file
  }

  async #writeAll(part: SnapshotPart, encoder: SnapshotEncoder, batches: Iterable<readonly Buffer[]>): Promise<void> {
    let slice = [encoder.header()]
    let sliceBytes = 0
    let startMs = this.#clock.monotonic()
    for (const values of batches) {
      if (values.length === 0) continue
      const bytes = encoder.data(values)
      slice.push(bytes)
      sliceBytes += bytes.length
      if (sliceBytes < sliceBytesMax && this.#clock.monotonic() - startMs < sliceMsMax) continue
      await part.write(slice)
      slice = []
      sliceBytes = 0
      startMs = this.#clock.monotonic()
    }
    slice.push(encoder.footer())
    await part.write(slice)
  }

  /** Up to `bytesMax` bytes from `position`; undefined when there is no such snapshot or position. */
  async readChunk(
    id: OffsetAndEpoch,
    position: number,
    bytesMax: number,
  ): Promise<{ readonly size: number; readonly bytes: Buffer } | undefined> {
    const file = this.#files.find(({ endOffset, epoch }) => endOffset === id.endOffset && epoch === id.epoch)
    if (file === undefined || position < 0 || position >= file.sizeInBytes) return undefined
    const bytes = Buffer.allocUnsafe(Math.min(bytesMax, file.sizeInBytes - position))
    const handle = await this.#fileSystem.open(this.#path(file), { readOnly: true })
    try {
      const count = await handle.read(bytes, position)
      return { size: file.sizeInBytes, bytes: bytes.subarray(0, count) }
    } finally {
      await handle.close()
    }
  }

  /**
   * The oldest snapshot that must stay, when older ones may go with the log below it: as long as log and snapshots take
   * too much room, or the oldest is too old. The newest always stays. Undefined when nothing may go.
   */
  async firstToKeep(retention: MetadataRetention, logBytes: number): Promise<SnapshotFile | undefined> {
    let totalBytes = logBytes
    for (const file of this.#files) totalBytes += file.sizeInBytes
    let index = 0
    while (index < this.#files.length - 1) {
      const oldest = this.#files[index]!
      const isTooMuch = retention.bytesMax >= 0 && totalBytes > retention.bytesMax
      if (!isTooMuch && !(await this.#isTooOld(oldest, retention.ageMsMax))) break
      totalBytes -= oldest.sizeInBytes
      index++
    }
    return index === 0 ? undefined : this.#files[index]
  }

  async #isTooOld(file: SnapshotFile, ageMsMax: number): Promise<boolean> {
    if (ageMsMax < 0) return false
    const timestamp = await readSnapshotTimestamp(this.#fileSystem, this.#path(file))
    return timestamp !== undefined && this.#clock.now() - timestamp > ageMsMax
  }

  /** Removes the snapshots that end below `endOffset`. */
  async removeBefore(endOffset: number): Promise<void> {
    const removed = this.#files.filter((file) => file.endOffset < endOffset)
    this.#files = this.#files.filter((file) => file.endOffset >= endOffset)
    for (const file of removed) await this.#fileSystem.remove(this.#path(file))
    if (removed.length > 0) await this.#fileSystem.syncDirectory(this.#directory)
  }

  /** A downloaded snapshot replaces all others. */
  async replaceAll(file: SnapshotFile): Promise<void> {
    const removed = this.#files.filter(({ endOffset, epoch }) => endOffset !== file.endOffset || epoch !== file.epoch)
    this.#files = [file]
    for (const other of removed) await this.#fileSystem.remove(this.#path(other))
    if (removed.length > 0) await this.#fileSystem.syncDirectory(this.#directory)
  }

  #path(id: OffsetAndEpoch): string {
    return joinPath(this.#directory, snapshotName(id))
  }
}
