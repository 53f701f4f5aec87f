/**
 * Puts together what all fetches of a broker share, as its configuration says: called once by the node, before requests.
 */
import type { Clock } from '../../base/clock.ts'
import type { BrokerConfig } from '../../config/broker-config.ts'
import type { MetadataImage } from '../../metadata/metadata-image.ts'
import { selectInRack } from '../../replication/replica-selector.ts'
import { ReplicationQuota } from '../../replication/replication-quota.ts'
import { LeaderThrottle } from '../replica/leader-throttle.ts'
import { PreferredReplicas } from '../replica/preferred-replicas.ts'
import type { ReplicaManager } from '../replica/replica-manager.ts'
import type { FetchEnvironment } from './delayed-fetch.ts'
import type { FetchBudget } from './fetched-records.ts'

export interface FetchEnvironmentOptions {
  readonly config: BrokerConfig
  readonly image: MetadataImage
  readonly manager: ReplicaManager
  readonly budget: FetchBudget
  readonly clock: Clock
}

export function createFetchEnvironment(options: FetchEnvironmentOptions): FetchEnvironment {
  const { config, image, manager, budget, clock } = options
  const brokerId = config.nodeId
  const quota = new ReplicationQuota(() => config.number('leader.replication.throttled.rate'))
  return {
    manager,
    budget,
    clock,
    throttle: new LeaderThrottle({ brokerId, image, quota, clock }),
    preferredReplicas: config.selectsReplicasByRack
      ? new PreferredReplicas({ brokerId, image, select: selectInRack })
      : undefined,
  }
}
