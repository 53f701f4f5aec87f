/**
 * The client of a tool: where its brokers are, and what a properties file (--command-config and its kin) says of it.
 * What a file asks for and this client cannot do is refused; keys that are not a client's business are left alone, as
 * the stock tools leave them.
 */
import { readFileSync } from 'node:fs'
import { KafkaClient, parseBootstrap } from '../../client/kafka-client.ts'
import { parseProperties } from '../../config/properties.ts'
import { OperatorError } from '../operator-error.ts'
import { packageVersion } from '../version.ts'
import { ToolUsageError } from './tool-arguments.ts'

/** Reads a properties file; no file means no properties. Throws OperatorError. */
export function readProperties(file: string | undefined): Map<string, string> {
  if (file === undefined) return new Map()
  try {
    return parseProperties(readFileSync(file, 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new OperatorError(code === 'ENOENT' ? `${file} (No such file or directory)` : message)
  }
}

/** A client that is not connected yet. `byDefault` says its client.id when the properties do not. Throws OperatorError. */
export function createClient(
  bootstrap: string,
  properties: ReadonlyMap<string, string>,
  byDefault = 'ottla',
  asksControllers = false,
): KafkaClient {
  const endpoints = parseBootstrap(bootstrap)
  if (endpoints === undefined)
    throw new OperatorError(`Invalid url in bootstrap.servers: ${bootstrap}; write it as host:port,host:port`)
  const protocol = properties.get('security.protocol') ?? 'PLAINTEXT'
  if (protocol.toUpperCase() !== 'PLAINTEXT')
    throw new OperatorError(`security.protocol=${protocol}: this client speaks PLAINTEXT alone`)
  const operationTimeoutMs = milliseconds(properties, 'default.api.timeout.ms')
  const requestTimeoutMs = milliseconds(properties, 'request.timeout.ms')
  return new KafkaClient({
    bootstrap: endpoints,
    clientId: properties.get('client.id') ?? byDefault,
    softwareVersion: packageVersion(),
    asksControllers,
    ...(operationTimeoutMs === undefined ? {} : { operationTimeoutMs }),
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
  })
}

interface ConnectionArguments {
  text(name: 'bootstrap-server' | 'command-config'): string | undefined
}

/** The client that --bootstrap-server, --command-config name. Throws OperatorError. */
export function clientOf(given: ConnectionArguments): KafkaClient {
  const bootstrap = given.text('bootstrap-server')
  if (bootstrap === undefined) throw new ToolUsageError('Missing required argument "[bootstrap-server]"')
  return createClient(bootstrap, readProperties(given.text('command-config')))
}

interface ControllerArguments extends ConnectionArguments {
  has(name: 'bootstrap-controller'): boolean
  text(name: 'bootstrap-server' | 'bootstrap-controller' | 'command-config'): string | undefined
}

/** The same for tools that may speak with the controllers themselves. Throws OperatorError. */
export function clientOrControllerOf(given: ControllerArguments): KafkaClient {
  if (!given.has('bootstrap-controller')) return clientOf(given)
  const properties = readProperties(given.text('command-config'))
  return createClient(given.text('bootstrap-controller')!, properties, 'ottla', true)
}

/** Runs `use` with a client that is closed afterwards. */
export async function withClient<T>(client: KafkaClient, use: (client: KafkaClient) => Promise<T>): Promise<T> {
  try {
    return await use(client)
  } finally {
    client.close()
  }
}

function milliseconds(properties: ReadonlyMap<string, string>, key: string): number | undefined {
  const text = properties.get(key)
  if (text === undefined) return undefined
  const value = Number(text)
  if (!/^\d+$/.test(text.trim()) || value > 0x7fffffff)
    throw new OperatorError(`Invalid value ${text} for configuration ${key}: write it as milliseconds`)
  return value
}
