/**
 * Who sent a group request, as the group's members are described and stored: the client's id and its address as Java
 * prints it, without a name, behind a slash.
 */
import type { RequestContext } from './handler.ts'

export interface GroupRequestContext {
  readonly apiVersion: number
  readonly clientId: string
  readonly clientHost: string
}

export function groupRequestContext(context: RequestContext): GroupRequestContext {
  const { apiVersion, clientId, connection } = context
  return { apiVersion, clientId: clientId ?? '', clientHost: `/${javaHostAddress(connection.clientHost)}` }
}

/** IPv6 in eight groups without `::`, IPv4 also where it came mapped into IPv6. */
export function javaHostAddress(address: string): string {
  if (!address.includes(':')) return address
  const [groupsText, scope] = address.split('%') as [string, string | undefined]
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(groupsText)
  if (mapped !== null) return mapped[1]!
  const [head, tail] = groupsText.split('::').map((part) => (part === '' ? [] : part.split(':'))) as [
    string[],
    string[] | undefined,
  ]
  const zeros = tail === undefined ? [] : new Array<string>(8 - head.length - tail.length).fill('0')
  const groups = [...head, ...zeros, ...(tail ?? [])].map((group) => Number.parseInt(group, 16).toString(16))
  return groups.join(':') + (scope === undefined ? '' : `%${scope}`)
}
