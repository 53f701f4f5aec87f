/**
 * Brokers and controllers of the image. MetadataImage replays into it.
 */
import { assert } from '../base/assert.ts'
import {
  type BrokerRegistration,
  brokerFromRecord,
  type ControllerRegistration,
  controllerFromRecord,
  mergeBrokerChange,
} from './broker-registration.ts'
import type { MetadataDelta } from './metadata-delta.ts'
import type { MetadataRecordOf } from './metadata-record.ts'
import { UndoableMap, type UndoLog } from './undo-log.ts'

export type ClusterRecord =
  | MetadataRecordOf<'RegisterBrokerRecord'>
  | MetadataRecordOf<'UnregisterBrokerRecord'>
  | MetadataRecordOf<'BrokerRegistrationChangeRecord'>
  | MetadataRecordOf<'FenceBrokerRecord'>
  | MetadataRecordOf<'UnfenceBrokerRecord'>
  | MetadataRecordOf<'RegisterControllerRecord'>

export class ClusterImage {
  readonly #brokers: UndoableMap<number, BrokerRegistration>
  readonly #controllers: UndoableMap<number, ControllerRegistration>
  /** Offsets of the RegisterBrokerRecords: a broker may be unfenced when it has read its own. */
  readonly #registrationOffsets: UndoableMap<number, number>

  constructor(undoLog: UndoLog, delta: () => MetadataDelta | undefined) {
    this.#brokers = new UndoableMap(undoLog, (id, previous, current) => delta()?.onBrokerChange(id, previous, current))
    this.#controllers = new UndoableMap(undoLog, (id, previous, current) =>
      delta()?.onControllerChange(id, previous, current),
    )
    this.#registrationOffsets = new UndoableMap(undoLog)
  }

  broker(id: number): BrokerRegistration | undefined {
    return this.#brokers.get(id)
  }

  brokers(): MapIterator<BrokerRegistration> {
    return this.#brokers.values()
  }

  get brokerCount(): number {
    return this.#brokers.size
  }

  controller(id: number): ControllerRegistration | undefined {
    return this.#controllers.get(id)
  }

  controllers(): MapIterator<ControllerRegistration> {
    return this.#controllers.values()
  }

  /** Where the broker's last registration is in the log; a snapshot's end when it came from one; -1 for none. */
  registrationOffset(brokerId: number): number {
    return this.#registrationOffsets.get(brokerId) ?? -1
  }

  replay(record: ClusterRecord, offset: number): void {
    switch (record.type) {
      case 'RegisterBrokerRecord':
        this.#brokers.set(record.data.brokerId, brokerFromRecord(record.data))
        this.#registrationOffsets.set(record.data.brokerId, offset)
        return
      case 'UnregisterBrokerRecord':
        this.#broker(record.data.brokerId, record.data.brokerEpoch)
        this.#brokers.delete(record.data.brokerId)
        this.#registrationOffsets.delete(record.data.brokerId)
        return
      case 'BrokerRegistrationChangeRecord': {
        const broker = this.#broker(record.data.brokerId, record.data.brokerEpoch)
        this.#brokers.set(broker.id, mergeBrokerChange(broker, record.data))
        return
      }
      case 'FenceBrokerRecord':
        this.#setFenced(record.data, true)
        break
      case 'UnfenceBrokerRecord':
        this.#setFenced(record.data, false)
        break
      case 'RegisterControllerRecord':
        this.#controllers.set(record.data.controllerId, controllerFromRecord(record.data))
    }
  }

  #setFenced(data: { readonly id: number; readonly epoch: number }, isFenced: boolean): void {
    this.#brokers.set(data.id, { ...this.#broker(data.id, data.epoch), isFenced })
  }

  #broker(id: number, epoch: number): BrokerRegistration {
    const broker = this.#brokers.get(id)
    assert(broker !== undefined, `a change of broker ${id}, which is not registered`)
    assert(
      broker.epoch === epoch,
      `a change of broker ${id} at epoch ${epoch}, but it is registered at ${broker.epoch}`,
    )
    return broker
  }
}
