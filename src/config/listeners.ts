/**
 * Listener strings: `PLAINTEXT://host:9092,INTERNAL://:9094`. Names are upper case, an empty host is every address, an
 * IPv6 address stands in brackets. broker-config.ts parses `listeners`, `advertised.listeners` and the voters with it.
 */
import { ConfigError } from './config-value.ts'

export type SecurityProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'

export interface Listener {
  readonly name: string
  /** Empty for every address of the machine. IPv6 addresses without brackets. */
  readonly host: string
  readonly port: number
  readonly securityProtocol: SecurityProtocol
}

export interface VoterAddress {
  readonly id: number
  readonly host: string
  readonly port: number
}

/** True for a host that means every address of the machine: nobody can connect to it by that name. */
export function isEveryAddress(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}

const securityProtocols: readonly string[] = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']
const listenerPattern = /^([^:]*):\/\/\[?([0-9a-zA-Z\-%._:]*?)\]?:(\d{1,5})$/
const voterPattern = /^(\d+)@\[?([0-9a-zA-Z\-%._:]+?)\]?:(\d{1,5})$/
const addressPattern = /^\[?([0-9a-zA-Z\-%._:]+?)\]?:(\d{1,5})$/

function parsePort(key: string, text: string, portText: string): number {
  const port = Number(portText)
  if (port > 65_535) throw new ConfigError(`${key}: '${text}' has port ${port}; ports end at 65535`)
  return port
}

/** Parses `NAME:PROTOCOL,...` into a map of upper case listener names. */
export function parseSecurityProtocolMap(key: string, text: string): Map<string, SecurityProtocol> {
  const protocols = new Map<string, SecurityProtocol>()
  for (const part of text.split(',').map((piece) => piece.trim())) {
    if (part === '') continue
    const colon = part.lastIndexOf(':')
    const protocol = part
      .slice(colon + 1)
      .trim()
      .toUpperCase()
    if (colon <= 0 || !securityProtocols.includes(protocol))
      throw new ConfigError(`${key}: '${part}' must be NAME:PROTOCOL with one of ${securityProtocols.join(', ')}`)
    protocols.set(part.slice(0, colon).trim().toUpperCase(), protocol as SecurityProtocol)
  }
  return protocols
}

/** Parses the elements of `key`; every name must be in `protocols`, and no name may come twice. */
export function parseListeners(
  key: string,
  elements: readonly string[],
  protocols: ReadonlyMap<string, SecurityProtocol>,
): Listener[] {
  const listeners: Listener[] = []
  for (const text of elements) {
    const match = listenerPattern.exec(text)
    if (match === null || match[1] === '')
      throw new ConfigError(`${key}: '${text}' is not a listener; write it as NAME://host:port`)
    const name = match[1]!.toUpperCase()
    const securityProtocol = protocols.get(name)
    if (securityProtocol === undefined)
      throw new ConfigError(
        `${key}: no security protocol for listener ${name}; add ${name}:PLAINTEXT to listener.security.protocol.map`,
      )
    if (listeners.some((listener) => listener.name === name))
      throw new ConfigError(`${key}: each listener must have a different name, ${name} comes twice`)
    listeners.push({ name, host: match[2]!, port: parsePort(key, text, match[3]!), securityProtocol })
  }
  return listeners
}

/** Two sockets cannot share a port, unless one is IPv4 and the other IPv6. Port 0 is any free one. */
export function checkDistinctPorts(key: string, listeners: readonly Listener[]): void {
  for (const [index, listener] of listeners.entries()) {
    const other = listeners.slice(index + 1).find((candidate) => candidate.port === listener.port)
    if (other === undefined || listener.port === 0) continue
    const versions = [ipVersion(listener.host), ipVersion(other.host)]
    if (versions.includes(4) && versions.includes(6)) continue
    throw new ConfigError(
      `${key}: each listener must have a different port, ${listener.name} and ${other.name} both have ${listener.port}`,
    )
  }
}

function ipVersion(host: string): 4 | 6 | undefined {
  if (host.includes(':')) return 6
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) ? 4 : undefined
}

/** Parses `1@host:9093` of controller.quorum.voters. */
export function parseVoters(key: string, elements: readonly string[]): VoterAddress[] {
  const voters: VoterAddress[] = []
  for (const text of elements) {
    const match = voterPattern.exec(text)
    if (match === null) throw new ConfigError(`${key}: '${text}' is not a voter; write it as id@host:port`)
    const id = Number(match[1])
    if (voters.some((voter) => voter.id === id)) throw new ConfigError(`${key}: voter ${id} comes twice`)
    voters.push({ id, host: match[2]!, port: parsePort(key, text, match[3]!) })
  }
  return voters
}

/** Parses `host:port` of controller.quorum.bootstrap.servers. */
export function parseAddresses(key: string, elements: readonly string[]): { host: string; port: number }[] {
  return elements.map((text) => {
    const match = addressPattern.exec(text)
    if (match === null) throw new ConfigError(`${key}: '${text}' is not an address; write it as host:port`)
    return { host: match[1]!, port: parsePort(key, text, match[2]!) }
  })
}
