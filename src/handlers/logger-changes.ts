/**
 * IncrementalAlterConfigs for the loggers of this node (BROKER_LOGGER): levels are set, or given back to the root, for as
 * long as the process lives. A resource is checked as a whole before anything of it is changed.
 */
import { type LoggerLevel, loggerLevelNames, rootLoggerName } from '../base/logger.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { NodeServices } from './broker.ts'

export const configOperations = { set: 0, delete: 1, append: 2, subtract: 3 } as const

interface LevelChange {
  readonly name: string
  readonly configOperation: number
  readonly value: string | null
}

interface LoggerResource {
  readonly resourceName: string
  readonly configs: readonly LevelChange[]
}

/** Throws KafkaError when the resource is not this node, or one of its changes is not allowed. */
export function checkLoggerChanges(broker: NodeServices, { resourceName, configs }: LoggerResource): void {
  const invalid = (message: string) => new KafkaError('INVALID_REQUEST', message)
  if (!/^[+-]?\d+$/.test(resourceName)) throw invalid(`Node id must be an integer, but it is: ${resourceName}`)
  if (Number(resourceName) !== broker.nodeId) {
    throw invalid(`Unexpected node id. Expected ${broker.nodeId}, but received ${resourceName}`)
  }
  for (const { name, configOperation, value } of configs) {
    const { append, subtract } = configOperations
    if (configOperation === append) throw invalid('APPEND operation is not allowed for the BROKER_LOGGER resource')
    if (configOperation === subtract) throw invalid('SUBTRACT operation is not allowed for the BROKER_LOGGER resource')
    if (broker.loggers.level(name) === undefined) {
      throw new KafkaError('INVALID_CONFIG', `Logger ${name} does not exist!`)
    }
    if (configOperation === configOperations.delete) {
      if (name === rootLoggerName) throw invalid('Removing the log level of the root logger is not allowed')
    } else if (!isLevel(value)) {
      throw new KafkaError(
        'INVALID_CONFIG',
        `Cannot set the log level of ${name} to ${value} as it is not a supported log level. Valid log levels are ` +
          [...loggerLevelNames].sort().join(', '),
      )
    }
  }
}

/** Makes changes that were checked. */
export function applyLoggerChanges({ loggers, logger }: NodeServices, { configs }: LoggerResource): void {
  for (const { name, configOperation, value } of configs) {
    const level = configOperation !== configOperations.delete && isLevel(value) ? value : undefined
    loggers.setLevel(name, level)
    logger.info('the level of a logger has changed', { name, level: loggers.level(name) })
  }
}

function isLevel(value: string | null): value is LoggerLevel {
  return (loggerLevelNames as readonly (string | null)[]).includes(value)
}
