/**
 * Keeps the node's image of what is committed, and tells its subscribers what changed, in the order of the log: dynamic
 * configuration, replica manager, coordinators. Until `publish` is called the image is kept but nobody is told, so that a
 * broker that starts sees the cluster as it is and not everything that it ever was.
 */
import type { Clock } from '../../base/clock.ts'
import { deltaBetween } from '../../metadata/delta-between.ts'
import { MetadataDelta } from '../../metadata/metadata-delta.ts'
import { MetadataImage } from '../../metadata/metadata-image.ts'
import type { DecodedBatch, DecodedSnapshot, MetadataFollower } from './metadata-feed.ts'

export interface MetadataSubscriber {
  /** `image` is what `delta` led to. Called once per committed batch that changed something; must not throw. */
  onMetadataChange(delta: MetadataDelta, image: MetadataImage): void
}

export class MetadataPublisher implements MetadataFollower {
  /** What is committed, as far as it was replayed. The same object for good. */
  readonly image = new MetadataImage()
  readonly #subscribers: MetadataSubscriber[] = []
  readonly #waits = new Set<{ readonly offset: number; readonly resolve: () => void }>()
  #isPublishing = false
  #finalizedFeaturesEpoch = -1
  #lastTimestampMs = 0

  constructor() {
    this.image.delta = new MetadataDelta()
  }

  /** The offset of the last record in the image; -1 for none. */
  get appliedOffset(): number {
    return this.image.nextOffset - 1
  }

  /** When the last applied batch was appended, by the leader's clock. */
  get lastTimestampMs(): number {
    return this.#lastTimestampMs
  }

  /** Where the finalized features last changed: ApiVersions tells it; -1 before. */
  get finalizedFeaturesEpoch(): number {
    return this.#finalizedFeaturesEpoch
  }

  /** Subscribers are told in the order in which they came. Returns how to leave. */
  subscribe(subscriber: MetadataSubscriber): () => void {
    this.#subscribers.push(subscriber)
    return () => {
      const index = this.#subscribers.indexOf(subscriber)
      if (index >= 0) this.#subscribers.splice(index, 1)
    }
  }

  /** From now on subscribers are told; first, everything that there is so far, as one delta. */
  publish(): void {
    this.#isPublishing = true
    this.#tell()
  }

  /** Resolves once the record at `offset` is in the image and subscribers have been told. */
  whenApplied(offset: number): Promise<void> {
    if (this.appliedOffset >= offset) return Promise.resolve()
    return new Promise((resolve) => this.#waits.add({ offset, resolve }))
  }

  /** Resolves with the next change of `appliedOffset`, or after `timeoutMs`. */
  nextApplied(clock: Clock, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = clock.schedule(timeoutMs, () => {
        this.#waits.delete(wait)
        resolve()
      })
      const wait = {
        offset: this.appliedOffset + 1,
        resolve: () => {
          timer.cancel()
          resolve()
        },
      }
      this.#waits.add(wait)
    })
  }

  onSnapshot(snapshot: DecodedSnapshot): void {
    const loaded = this.image.emptyTwin()
    for (const record of snapshot.records) loaded.replay(record, snapshot.endOffset - 1)
    loaded.skipTo(snapshot.endOffset)
    const before = this.image.delta!
    const delta = deltaBetween(this.image, loaded)
    this.image.become(loaded)
    this.#lastTimestampMs = snapshot.lastContainedLogTimestamp
    // What was not told yet of the state before goes with it: at the start it is empty, later there is nothing untold.
    this.image.delta = before.isEmpty ? delta : deltaBetween(loaded.emptyTwin(), this.image)
    this.#tell()
  }

  onCommitted(batch: DecodedBatch): void {
    batch.records().forEach((record, index) => {
      this.image.replay(record, batch.baseOffset + index)
    })
    this.image.skipTo(batch.lastOffset + 1)
    this.#lastTimestampMs = batch.appendTimestampMs
    this.#tell()
  }

  #tell(): void {
    const delta = this.image.delta!
    if (delta.features.size > 0) this.#finalizedFeaturesEpoch = this.appliedOffset
    if (this.#isPublishing && !delta.isEmpty) {
      this.image.delta = new MetadataDelta()
      for (const subscriber of [...this.#subscribers]) subscriber.onMetadataChange(delta, this.image)
    }
    for (const wait of this.#waits) {
      if (wait.offset > this.appliedOffset) continue
      this.#waits.delete(wait)
      wait.resolve()
    }
  }
}
