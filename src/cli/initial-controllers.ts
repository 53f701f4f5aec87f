/**
 * The voters of a new quorum as an operator writes them, for `ottla format` and kafka-storage:
 *
 *   1@one.example:9093:JEXY6aqzQY-32P5TStzaFg,2@two.example:9093:MvDxzVmcRsaTz33bUuRU6A
 */
import type { BrokerConfig } from '../config/broker-config.ts'
import type { Voter } from '../raft/voter-set.ts'
import { OperatorError } from './operator-error.ts'

const pattern = /^(\d{1,10})@(?:\[([^\]]+)\]|([^:@\s]+)):(\d{1,5}):([A-Za-z0-9_-]{22})$/

/** Throws OperatorError. `listenerName` is that of the controllers. */
export function parseInitialControllers(text: string, listenerName: string): Voter[] {
  const voters = text.split(',').map((each) => {
    const match = pattern.exec(each.trim())
    if (match === null)
      throw new OperatorError(
        `initial controller '${each}': write it as id@host:port:directoryId, the last of 22 characters`,
      )
    const [, id, bracketed, plain, port, directoryId] = match
    if (Number(id) > 0x7fffffff || Number(port) > 65_535)
      throw new OperatorError(`initial controller '${each}': the id or the port is too large`)
    const endpoints = [{ name: listenerName, host: (bracketed ?? plain)!, port: Number(port) }]
    return { id: Number(id), directoryId: directoryId!, endpoints, kraftVersionMin: 0, kraftVersionMax: 1 }
  })
  const ids = voters.map(({ id }) => id)
  const repeated = ids.find((id, index) => ids.indexOf(id) !== index)
  if (repeated !== undefined) throw new OperatorError(`initial controllers: node ${repeated} is named twice`)
  return voters
}

export interface InitialControllerOptions {
  readonly standalone: boolean
  readonly noInitialControllers: boolean
  readonly initialControllers: string | undefined
}

/** What formatting is told; undefined where nothing was said. Throws OperatorError. */
export function initialControllersOf(
  config: BrokerConfig,
  { standalone, noInitialControllers, initialControllers: text }: InitialControllerOptions,
): 'standalone' | 'none' | readonly Voter[] | undefined {
  if ([standalone, noInitialControllers, text !== undefined].filter(Boolean).length > 1)
    throw new OperatorError('--standalone, --initial-controllers and --no-initial-controllers exclude each other')
  if (standalone && !config.isController) throw new OperatorError('You can only use --standalone on a controller.')
  if ((standalone || text !== undefined) && config.controllerQuorumVoters.length > 0)
    throw new OperatorError(
      'You cannot specify controller.quorum.voters and format the node with --initial-controllers or --standalone. If you want to use dynamic quorum, please remove controller.quorum.voters and specify controller.quorum.bootstrap.servers instead.',
    )
  if (standalone) return 'standalone'
  if (noInitialControllers) return 'none'
  return text === undefined ? undefined : parseInitialControllers(text, config.controllerListenerNames[0]!)
}
