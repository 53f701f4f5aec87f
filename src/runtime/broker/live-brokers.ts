/**
 * Waits until some broker of the cluster is up. A broker opens its listeners a moment before the controller unfences it,
 * so a client that is quick finds a cluster without brokers when there is no other; librdkafka would drop the only one it
 * knows for that answer, and never ask again. Metadata is therefore answered when there is a broker to name.
 */
import type { Clock } from '../../base/clock.ts'
import type { MetadataDelta } from '../../metadata/metadata-delta.ts'
import type { MetadataImage } from '../../metadata/metadata-image.ts'
import type { MetadataSubscriber } from '../raft/metadata-publisher.ts'

export class LiveBrokers implements MetadataSubscriber {
  readonly #image: MetadataImage
  readonly #clock: Clock
  readonly #waits = new Set<() => void>()
  #isClosed = false

  constructor(image: MetadataImage, clock: Clock) {
    this.#image = image
    this.#clock = clock
  }

  onMetadataChange({ brokers }: MetadataDelta): void {
    if (brokers.size > 0 && isAnyAlive(this.#image)) this.#releaseAll()
  }

  /** Whether there is one, or none will be waited for any more. */
  get areKnown(): boolean {
    return this.#isClosed || isAnyAlive(this.#image)
  }

  /** Resolves when there is one, after `timeoutMs`, or when this broker stops. */
  untilKnown(timeoutMs: number): Promise<void> {
    if (this.areKnown) return Promise.resolve()
    return new Promise((resolve) => {
      const finish = (): void => {
        timer.cancel()
        this.#waits.delete(finish)
        resolve()
      }
      const timer = this.#clock.schedule(timeoutMs, finish)
      this.#waits.add(finish)
    })
  }

  /** This broker stops: who waits is answered as it is. */
  close(): void {
    this.#isClosed = true
    this.#releaseAll()
  }

  #releaseAll(): void {
    for (const finish of [...this.#waits]) finish()
  }
}

function isAnyAlive(image: MetadataImage): boolean {
  for (const broker of image.cluster.brokers()) if (!broker.isFenced) return true
  return false
}
