/**
 * Decodes the committed metadata log once for everyone who follows it in this process: the publisher first, so that what
 * a controller's answer says is already in the broker's image, then the controller. The listener that node.ts gives to
 * the raft driver. A record that cannot be decoded ends the node: whoever read on would serve a wrong cluster.
 */
import type { MetadataRecord } from '../../metadata/metadata-record.ts'
import { decodeMetadataRecord } from '../../metadata/metadata-record-codec.ts'
import type { CommittedBatch, LoadedSnapshot, RaftListener } from './raft-listener.ts'

export interface DecodedBatch extends Omit<CommittedBatch, 'records'> {
  /** Decoded when first asked for, and shared: a controller that wrote them does not ask. Empty for a control batch. */
  records(): readonly MetadataRecord[]
}

export interface DecodedSnapshot extends Omit<LoadedSnapshot, 'batches'> {
  readonly records: readonly MetadataRecord[]
}

/** As RaftListener, decoded. */
export interface MetadataFollower {
  onSnapshot(snapshot: DecodedSnapshot): void
  onCommitted(batch: DecodedBatch): void
  onLeaderChange?(leader: { readonly leaderId: number; readonly epoch: number }): void
  onBecomeLeader?(leader: { readonly epoch: number }): void
  onResign?(leader: { readonly epoch: number }): void
}

export class MetadataFeed implements RaftListener {
  readonly #followers: readonly MetadataFollower[]

  /** Told in this order. */
  constructor(followers: readonly MetadataFollower[]) {
    this.#followers = followers
  }

  onLoadSnapshot({ batches, ...snapshot }: LoadedSnapshot): void {
    const records: MetadataRecord[] = []
    for (const batch of batches) for (const bytes of batch) records.push(decodeMetadataRecord(bytes))
    for (const follower of this.#followers) follower.onSnapshot({ ...snapshot, records })
  }

  onCommitted({ records: encoded, ...batch }: CommittedBatch): void {
    let decoded: readonly MetadataRecord[] | undefined
    const records = () => {
      decoded ??= encoded.map((bytes) => decodeMetadataRecord(bytes))
      return decoded
    }
    for (const follower of this.#followers) follower.onCommitted({ ...batch, records })
  }

  onLeaderChange(leader: { readonly leaderId: number; readonly epoch: number }): void {
    for (const follower of this.#followers) follower.onLeaderChange?.(leader)
  }

  onBecomeLeader(leader: { readonly epoch: number }): void {
    for (const follower of this.#followers) follower.onBecomeLeader?.(leader)
  }

  onResign(leader: { readonly epoch: number }): void {
    for (const follower of this.#followers) follower.onResign?.(leader)
  }
}
