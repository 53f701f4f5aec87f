/**
 * Broker keys of Apache Kafka 4.3.1 for TLS, authorization and principals.
 * Joined by ../broker-keys.ts; types, ranges, defaults and update modes are Kafka's.
 */

import { boolean, type ConfigKey, className, list, password, string } from '../config-key.ts'

export const sslKeys: readonly ConfigKey[] = [
  string('authorizer.class.name', ''),
  className('principal.builder.class', 'org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder', {
    dynamic: 'per-broker',
  }),
  string('security.inter.broker.protocol', 'PLAINTEXT', { oneOf: ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] }),
  string('security.providers', null),
  boolean('ssl.allow.dn.changes', false),
  boolean('ssl.allow.san.changes', false),
  list('ssl.cipher.suites', '', { dynamic: 'per-broker' }),
  string('ssl.client.auth', 'none', { oneOf: ['required', 'requested', 'none'], dynamic: 'per-broker' }),
  list('ssl.enabled.protocols', 'TLSv1.2,TLSv1.3', { dynamic: 'per-broker' }),
  string('ssl.endpoint.identification.algorithm', 'https', { dynamic: 'per-broker' }),
  className('ssl.engine.factory.class', null, { dynamic: 'per-broker' }),
  password('ssl.key.password', null, { dynamic: 'per-broker' }),
  string('ssl.keymanager.algorithm', 'SunX509', { dynamic: 'per-broker' }),
  password('ssl.keystore.certificate.chain', null, { dynamic: 'per-broker' }),
  password('ssl.keystore.key', null, { dynamic: 'per-broker' }),
  string('ssl.keystore.location', null, { dynamic: 'per-broker' }),
  password('ssl.keystore.password', null, { dynamic: 'per-broker' }),
  string('ssl.keystore.type', 'JKS', { dynamic: 'per-broker' }),
  string('ssl.principal.mapping.rules', 'DEFAULT'),
  string('ssl.protocol', 'TLSv1.3', { dynamic: 'per-broker' }),
  string('ssl.provider', null, { dynamic: 'per-broker' }),
  string('ssl.secure.random.implementation', null, { dynamic: 'per-broker' }),
  string('ssl.trustmanager.algorithm', 'PKIX', { dynamic: 'per-broker' }),
  password('ssl.truststore.certificates', null, { dynamic: 'per-broker' }),
  string('ssl.truststore.location', null, { dynamic: 'per-broker' }),
  password('ssl.truststore.password', null, { dynamic: 'per-broker' }),
  string('ssl.truststore.type', 'JKS', { dynamic: 'per-broker' }),
]
