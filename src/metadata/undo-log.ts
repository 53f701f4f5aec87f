/**
 * Going back to an earlier offset. A controller replays records before they are committed; when the append fails or
 * leadership is lost, the image must be as if they had never been. Every mutation of the image goes through a cell or a
 * map of this file, which notes the old value under the offset of the record being replayed; `undoTo` puts the old
 * values back, newest first, and `commitTo` forgets what can no longer be undone.
 *
 * Invariant: entries ascend by offset. An image that only ever sees committed records records nothing.
 */
import { assert } from '../base/assert.ts'

interface Undoable {
  /** Puts back what `key` held before; undefined: nothing. */
  restore(key: unknown, previous: unknown): void
}

interface UndoEntry {
  readonly offset: number
  readonly target: Undoable
  readonly key: unknown
  readonly previous: unknown
}

export class UndoLog {
  #entries: UndoEntry[] = []
  /** Entries before this index are committed. */
  #startIndex = 0
  #offset = -1
  readonly #isRecording: boolean

  constructor(isRecording: boolean) {
    this.#isRecording = isRecording
  }

  /** What happens from now on belongs to the record at `offset`. */
  begin(offset: number): void {
    assert(offset >= this.#offset, `records are replayed in order: ${offset} after ${this.#offset}`)
    this.#offset = offset
  }

  push(target: Undoable, key: unknown, previous: unknown): void {
    if (!this.#isRecording) return
    this.#entries.push({ offset: this.#offset, target, key, previous })
  }

  /** Undoes every mutation by records at or after `offset`. */
  undoTo(offset: number): void {
    assert(this.#isRecording, 'this image keeps no undo log')
    while (this.#entries.length > this.#startIndex) {
      const entry = this.#entries.at(-1)!
      if (entry.offset < offset) break
      this.#entries.pop()
      entry.target.restore(entry.key, entry.previous)
    }
    this.#offset = Math.min(this.#offset, offset - 1)
  }

  /** Records below `endOffset` are committed and will not be undone. */
  commitTo(endOffset: number): void {
    const entries = this.#entries
    while (this.#startIndex < entries.length && entries[this.#startIndex]!.offset < endOffset) this.#startIndex++
    if (this.#startIndex === entries.length) {
      this.#entries = []
      this.#startIndex = 0
    } else if (this.#startIndex > 1024 && this.#startIndex * 2 > entries.length) {
      this.#entries = entries.slice(this.#startIndex)
      this.#startIndex = 0
    }
  }

  /** Mutations that could still be undone. */
  get size(): number {
    return this.#entries.length - this.#startIndex
  }
}

/** Told of every change of a map, undoing included; keeps derived indexes and deltas in step. */
export type MapChangeListener<K, V> = (key: K, previous: V | undefined, current: V | undefined) => void

/** A map of immutable values whose changes can be undone. */
export class UndoableMap<K, V> implements Undoable {
  readonly #map = new Map<K, V>()
  readonly #undoLog: UndoLog
  readonly #onChange: MapChangeListener<K, V> | undefined

  constructor(undoLog: UndoLog, onChange?: MapChangeListener<K, V>) {
    this.#undoLog = undoLog
    this.#onChange = onChange
  }

  get size(): number {
    return this.#map.size
  }

  get(key: K): V | undefined {
    return this.#map.get(key)
  }

  has(key: K): boolean {
    return this.#map.has(key)
  }

  keys(): MapIterator<K> {
    return this.#map.keys()
  }

  values(): MapIterator<V> {
    return this.#map.values()
  }

  entries(): MapIterator<[K, V]> {
    return this.#map.entries()
  }

  set(key: K, value: V): void {
    this.#undoLog.push(this, key, this.#assign(key, value))
  }

  delete(key: K): void {
    if (!this.#map.has(key)) return
    this.#undoLog.push(this, key, this.#assign(key, undefined))
  }

  restore(key: unknown, previous: unknown): void {
    this.#assign(key as K, previous as V | undefined)
  }

  #assign(key: K, value: V | undefined): V | undefined {
    const previous = this.#map.get(key)
    if (value === undefined) this.#map.delete(key)
    else this.#map.set(key, value)
    this.#onChange?.(key, previous, value)
    return previous
  }
}

/** One immutable value whose changes can be undone. */
export class UndoableCell<V> implements Undoable {
  readonly #undoLog: UndoLog
  #value: V

  constructor(undoLog: UndoLog, value: V) {
    this.#undoLog = undoLog
    this.#value = value
  }

  get value(): V {
    return this.#value
  }

  set(value: V): void {
    this.#undoLog.push(this, undefined, this.#value)
    this.#value = value
  }

  restore(_key: unknown, previous: unknown): void {
    this.#value = previous as V
  }
}

/** A growing list that undoing shortens again. */
export class UndoableList<V> implements Undoable {
  readonly #undoLog: UndoLog
  #values: V[] = []

  constructor(undoLog: UndoLog) {
    this.#undoLog = undoLog
  }

  get values(): readonly V[] {
    return this.#values
  }

  push(value: V): void {
    this.#undoLog.push(this, this.#values, undefined)
    this.#values.push(value)
  }

  /** Takes all values out; the list that was is kept for undoing. */
  clear(): void {
    this.#undoLog.push(this, undefined, this.#values)
    this.#values = []
  }

  restore(key: unknown, previous: unknown): void {
    if (previous === undefined) this.#values.pop()
    else this.#values = previous as V[]
    void key
  }
}
