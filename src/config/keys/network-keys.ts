/**
 * Broker keys of Apache Kafka 4.3.1 for sockets: listeners, connections, request sizes.
 * Joined by ../broker-keys.ts; types, ranges, defaults and update modes are Kafka's.
 */

import { type ConfigKey, int, list, long, string } from '../config-key.ts'
import { connectionOverridesProblem } from '../connection-overrides.ts'

export const networkKeys: readonly ConfigKey[] = [
  list('advertised.listeners', null),
  int('connection.failed.authentication.delay.ms', 100, { min: 0 }),
  long('connections.max.idle.ms', 600_000),
  long('connections.max.reauth.ms', 0),
  list('early.start.listeners', null),
  string('inter.broker.listener.name', null),
  string(
    'listener.security.protocol.map',
    'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    { dynamic: 'per-broker' },
  ),
  list('listeners', 'PLAINTEXT://:9092', { dynamic: 'per-broker' }),
  int('max.connection.creation.rate', 2_147_483_647, { min: 0, dynamic: 'cluster-wide' }),
  int('max.connections', 2_147_483_647, { min: 0, dynamic: 'cluster-wide' }),
  int('max.connections.per.ip', 2_147_483_647, { min: 0, dynamic: 'cluster-wide' }),
  string('max.connections.per.ip.overrides', '', { check: connectionOverridesProblem, dynamic: 'cluster-wide' }),
  int('num.io.threads', 8, { min: 1, dynamic: 'cluster-wide' }),
  int('num.network.threads', 3, { min: 1, dynamic: 'cluster-wide' }),
  long('queued.max.request.bytes', -1),
  int('queued.max.requests', 500, { min: 1 }),
  int('request.timeout.ms', 30_000),
  long('socket.connection.setup.timeout.max.ms', 30_000),
  long('socket.connection.setup.timeout.ms', 10_000),
  int('socket.listen.backlog.size', 50, { min: 1 }),
  int('socket.receive.buffer.bytes', 102_400),
  int('socket.request.max.bytes', 104_857_600, { min: 1 }),
  int('socket.send.buffer.bytes', 102_400),
]
