/**
 * Snapshots of the metadata log on disk: `<end offset>-<epoch>.checkpoint` beside its segments. A file under its final
 * name is whole and synced; `.checkpoint.part` is one that is being written or downloaded.
 *
 *   control batch: SnapshotHeader [KRaftVersion KRaftVoters] | data batches | control batch: SnapshotFooter
 *
 * Offsets inside count from 0 and mean nothing; all batches carry the snapshot's epoch. Owned by the raft driver.
 */
import { joinPath } from '../../log/file-names.ts'
import type { FileHandle, FileSystem } from '../../log/file-system.ts'
import { BatchCursor } from '../../protocol/record/batch-cursor.ts'
import * as batch from '../../protocol/record/batch-header.ts'
import { noCodecs } from '../../protocol/record/compression.ts'
import { openRecords } from '../../protocol/record/record.ts'
import { RecordCursor } from '../../protocol/record/record-cursor.ts'
import { type ControlRecord, decodeControlBatch, encodeControlBatch, encodeDataBatch } from '../../raft/log-batches.ts'
import type { OffsetAndEpoch } from '../../raft/log-view.ts'
import type { QuorumSettings } from '../../raft/voter-history.ts'
import { VoterSet } from '../../raft/voter-set.ts'

const suffix = '.checkpoint'
const partSuffix = '.checkpoint.part'
const deletedSuffix = '.checkpoint.deleted'
const namePattern = /^(\d{20})-(\d{10})\.checkpoint$/

export interface SnapshotFile extends OffsetAndEpoch {
  readonly sizeInBytes: number
}

export function snapshotName(id: OffsetAndEpoch): string {
  return `${`${id.endOffset}`.padStart(20, '0')}-${`${id.epoch}`.padStart(10, '0')}${suffix}`
}

/** The snapshots in a directory, by end offset. What a crash left unfinished is removed. */
export async function listSnapshots(fileSystem: FileSystem, directory: string): Promise<SnapshotFile[]> {
  const found: SnapshotFile[] = []
  for (const { name } of await fileSystem.list(directory)) {
    const path = joinPath(directory, name)
    if (name.endsWith(partSuffix) || name.endsWith(deletedSuffix)) await fileSystem.remove(path)
    const match = namePattern.exec(name)
    if (match === null) continue
    const sizeInBytes = await fileSystem.size(path)
    if (sizeInBytes !== undefined) found.push({ endOffset: Number(match[1]), epoch: Number(match[2]), sizeInBytes })
  }
  return found.sort((left, right) => left.endOffset - right.endOffset || left.epoch - right.epoch)
}

export interface SnapshotContent {
  readonly lastContainedLogTimestamp: number
  /** Undefined when the snapshot says nothing of them: kraft.version 0. */
  readonly settings: QuorumSettings | undefined
  readonly sizeInBytes: number
  readonly batches: () => Iterable<readonly Buffer[]>
}

/** Reads a snapshot and checks every batch of it. Throws when it is damaged or has no end. */
export async function readSnapshot(fileSystem: FileSystem, path: string): Promise<SnapshotContent> {
  return decodeSnapshot(await fileSystem.readFile(path), path)
}

export function decodeSnapshot(bytes: Buffer, path: string): SnapshotContent {
  const control: ControlRecord[] = []
  const dataPositions: number[] = []
  const cursor = new BatchCursor(bytes)
  while (cursor.next()) {
    const { position } = cursor
    if (!batch.isCrcValid(bytes, position)) throw new Error(`${path} is damaged at ${position}`)
    if (batch.isControl(bytes, position)) {
      for (const { record } of decodeControlBatch(bytes, position)) control.push(record)
    } else dataPositions.push(position)
  }
  const header = control[0]
  if (header?.type !== 'snapshotHeader') throw new Error(`${path} does not begin as a snapshot`)
  if (control.at(-1)?.type !== 'snapshotFooter' || cursor.nextPosition !== bytes.length) {
    throw new Error(`${path} ends too early`)
  }
  return {
    lastContainedLogTimestamp: header.lastContainedLogTimestamp,
    settings: settingsOf(control),
    sizeInBytes: bytes.length,
    *batches() {
      for (const position of dataPositions) yield recordValues(bytes, position)
    },
  }
}

/** The values of the records of the batch at `position`. */
export function recordValues(bytes: Buffer, position: number): Buffer[] {
  const cursor = new RecordCursor()
  openRecords(cursor, bytes, position, noCodecs)
  const values: Buffer[] = []
  for (let left = batch.recordsCount(bytes, position); left > 0; left--) {
    cursor.next()
    values.push(cursor.bytes.subarray(cursor.valuePosition, cursor.valuePosition + Math.max(0, cursor.valueSize)))
  }
  return values
}

function settingsOf(control: readonly ControlRecord[]): QuorumSettings | undefined {
  let kraftVersion: number | undefined
  let voters: VoterSet | undefined
  for (const record of control) {
    if (record.type === 'kraftVersion') kraftVersion = record.kraftVersion
    if (record.type === 'kraftVoters') voters = record.voters
  }
  if (kraftVersion === undefined && voters === undefined) return undefined
  return { kraftVersion: kraftVersion ?? 0, voters: voters ?? new VoterSet([]) }
}

/** The append time of the last record that a snapshot stands for, read from its header alone; undefined when unreadable. */
export async function readSnapshotTimestamp(fileSystem: FileSystem, path: string): Promise<number | undefined> {
  const handle = await fileSystem.open(path, { readOnly: true })
  try {
    const bytes = Buffer.alloc(64 * 1024)
    const head = bytes.subarray(0, await handle.read(bytes, 0))
    const cursor = new BatchCursor(head)
    if (!cursor.next() || !batch.isControl(head, cursor.position)) return undefined
    const first = decodeControlBatch(head, cursor.position)[0]?.record
    return first?.type === 'snapshotHeader' ? first.lastContainedLogTimestamp : undefined
  } finally {
    await handle.close()
  }
}

export interface SnapshotHead {
  readonly epoch: number
  readonly lastContainedLogTimestamp: number
  /** Left out of a snapshot of kraft.version 0. */
  readonly settings: QuorumSettings | undefined
}

/** Turns batches of record values into the bytes of a snapshot, piece by piece. Pure but for the time that it is told. */
export class SnapshotEncoder {
  readonly #head: SnapshotHead
  readonly #timestampMs: number
  #offset = 0

  constructor(head: SnapshotHead, timestampMs: number) {
    this.#head = head
    this.#timestampMs = timestampMs
  }

  header(): Buffer {
    const { settings, lastContainedLogTimestamp } = this.#head
    const records: ControlRecord[] = [{ type: 'snapshotHeader', lastContainedLogTimestamp }]
    if (settings !== undefined && settings.kraftVersion > 0) {
      records.push({ type: 'kraftVersion', kraftVersion: settings.kraftVersion })
      if (settings.voters.size > 0) records.push({ type: 'kraftVoters', voters: settings.voters })
    }
    return this.#control(records)
  }

  data(values: readonly Buffer[]): Buffer {
    const bytes = encodeDataBatch(this.#place(), values)
    this.#offset += values.length
    return bytes
  }

  footer(): Buffer {
    return this.#control([{ type: 'snapshotFooter' }])
  }

  #control(records: readonly ControlRecord[]): Buffer {
    const bytes = encodeControlBatch(this.#place(), records)
    this.#offset += records.length
    return bytes
  }

  #place() {
    return { baseOffset: this.#offset, epoch: this.#head.epoch, timestampMs: this.#timestampMs }
  }
}

/** A snapshot that is being written, by this node or as a download. */
export class SnapshotPart {
  readonly #fileSystem: FileSystem
  readonly #directory: string
  readonly #id: OffsetAndEpoch
  readonly #handle: FileHandle
  #position = 0

  private constructor(fileSystem: FileSystem, directory: string, id: OffsetAndEpoch, handle: FileHandle) {
    this.#fileSystem = fileSystem
    this.#directory = directory
    this.#id = id
    this.#handle = handle
  }

  static async create(fileSystem: FileSystem, directory: string, id: OffsetAndEpoch): Promise<SnapshotPart> {
    const path = partPath(directory, id)
    await fileSystem.remove(path)
    return new SnapshotPart(fileSystem, directory, id, await fileSystem.open(path, { create: true }))
  }

  get sizeInBytes(): number {
    return this.#position
  }

  async write(buffers: readonly Buffer[]): Promise<void> {
    let size = 0
    for (const buffer of buffers) size += buffer.length
    await this.#handle.write(buffers, this.#position)
    this.#position += size
  }

  /** Reads back what was written. Rejects when it is no whole snapshot. */
  verify(): Promise<SnapshotContent> {
    return readSnapshot(this.#fileSystem, partPath(this.#directory, this.#id))
  }

  /** Makes it durable under its final name. */
  async complete(): Promise<void> {
    await this.#handle.sync()
    await this.#handle.close()
    const path = joinPath(this.#directory, snapshotName(this.#id))
    await this.#fileSystem.rename(partPath(this.#directory, this.#id), path)
    await this.#fileSystem.syncDirectory(this.#directory)
  }

  async discard(): Promise<void> {
    await this.#handle.close()
    await this.#fileSystem.remove(partPath(this.#directory, this.#id))
  }
}

function partPath(directory: string, id: OffsetAndEpoch): string {
  return joinPath(directory, `${snapshotName(id).slice(0, -suffix.length)}${partSuffix}`)
}
