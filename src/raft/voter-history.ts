/**
 * Which voter set and which kraft.version hold at which offset of the metadata log. A control record counts from the
 * moment it is appended, committed or not, and stops counting when it is truncated: so the history is kept next to the
 * log and changes together with it. Below its first entry holds what a snapshot or the configuration said.
 */
import { VoterSet } from './voter-set.ts'

export interface QuorumSettings {
  /** 0: voters come from the configuration and are known by id. 1: they come from the log. */
  readonly kraftVersion: number
  readonly voters: VoterSet
}

interface SettingsEntry extends QuorumSettings {
  readonly offset: number
}

export class VoterHistory {
  #base: QuorumSettings
  #entries: SettingsEntry[] = []

  constructor(base: QuorumSettings = { kraftVersion: 0, voters: new VoterSet([]) }) {
    this.#base = base
  }

  /** What holds now. */
  get latest(): QuorumSettings {
    return this.#entries.at(-1) ?? this.#base
  }

  /** The offset of the record that made `latest`; undefined when no record of the log did. */
  get latestOffset(): number | undefined {
    return this.#entries.at(-1)?.offset
  }

  /** What a snapshot that ends before `endOffset` has to say. */
  before(endOffset: number): QuorumSettings {
    return this.#entries.findLast((entry) => entry.offset < endOffset) ?? this.#base
  }

  /** The control record at `offset` changes one of the two, or both. */
  add(offset: number, change: Partial<QuorumSettings>): void {
    this.#entries.push({ ...this.latest, ...change, offset })
  }

  /** The log now ends at `endOffset`. */
  truncate(endOffset: number): void {
    while (this.#entries.length > 0 && this.#entries.at(-1)!.offset >= endOffset) this.#entries.pop()
  }

  /** Nobody will ask about offsets below `startOffset` any more. */
  trim(startOffset: number): void {
    this.#base = this.before(startOffset)
    this.#entries = this.#entries.filter((entry) => entry.offset >= startOffset)
  }

  /** A snapshot replaced the log. */
  reset(base: QuorumSettings): void {
    this.#base = base
    this.#entries = []
  }
}
