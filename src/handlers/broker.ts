/**
 * Everything that handlers may use of the broker they serve, built by node.ts. Fields are added as rooms are built.
 */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Random } from '../base/random.ts'
import type { Authorize } from './handler.ts'

export interface Broker {
  readonly nodeId: number
  readonly clusterId: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly authorize: Authorize
}
