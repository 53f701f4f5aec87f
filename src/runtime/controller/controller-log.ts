/** The metadata log as the controller uses it: the raft driver, and what tests put in its place. */
import type { RaftDriver } from '../raft/raft-driver.ts'

export type ControllerLog = Pick<
  RaftDriver,
  'append' | 'logEndOffset' | 'resign' | 'settings' | 'upgradeKraftVersion'
> & {
  /** Resolves when those brokers have read the record at `offset` and know that it is committed, or after `timeoutMs`. */
  whenReplicasKnow?(brokerIds: readonly number[], offset: number, timeoutMs: number): Promise<unknown>
}
