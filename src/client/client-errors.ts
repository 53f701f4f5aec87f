/**
 * What can go wrong between a client and its brokers, besides the codes that brokers answer (KafkaError). Messages are
 * one line for the person at the terminal.
 */
import { type ErrorName, KafkaError } from '../protocol/errors.ts'

/** Nobody answers there, or no longer. Worth another try until the deadline. */
export class ConnectionError extends Error {
  override name = 'ConnectionError'
}

/** None of the bootstrap servers could be reached in the time that was given. */
export class BootstrapError extends Error {
  override name = 'BootstrapError'
}

/** The broker does not offer an API, or none of the versions that this client speaks. */
export class NotServedError extends Error {
  override name = 'NotServedError'
}

/** Codes after which the same request may succeed, once metadata or coordinator were asked for anew. */
const retriable = new Set<ErrorName>([
  'CORRUPT_MESSAGE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'REQUEST_TIMED_OUT',
  'REPLICA_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_CONTROLLER',
  'KAFKA_STORAGE_ERROR',
  'FETCH_SESSION_ID_NOT_FOUND',
  'INVALID_FETCH_SESSION_EPOCH',
  'LISTENER_NOT_FOUND',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'UNSTABLE_OFFSET_COMMIT',
  'THROTTLING_QUOTA_EXCEEDED',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
  'CONCURRENT_TRANSACTIONS',
  'REBOOTSTRAP_REQUIRED',
])

export function isRetriable(error: unknown): boolean {
  if (error instanceof ConnectionError) return true
  return error instanceof KafkaError && retriable.has(error.error)
}
