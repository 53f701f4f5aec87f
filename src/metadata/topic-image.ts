/** One topic of the image: its identity, and its partitions with an undo log. */
import type { Uuid } from '../base/uuid.ts'
import type { PartitionRegistration } from './partition-registration.ts'
import type { UndoableMap } from './undo-log.ts'

export class TopicImage {
  readonly id: Uuid
  readonly name: string
  /** By partition index; replayed in ascending order, so iteration ascends too. */
  readonly partitions: UndoableMap<number, PartitionRegistration>

  constructor(id: Uuid, name: string, partitions: UndoableMap<number, PartitionRegistration>) {
    this.id = id
    this.name = name
    this.partitions = partitions
  }
}
