/**
 * The text of max.connections.per.ip.overrides: `host:count,...`. The key's check and BrokerConfig read it here.
 */
import type { ConfigValue } from './config-key.ts'

const pattern = /^(.+):(\d{1,10})$/

function elements(text: string): string[] {
  return text
    .split(',')
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '')
}

export function connectionOverridesProblem(value: ConfigValue): string | undefined {
  const wrong = elements(String(value)).find((element) => !pattern.test(element))
  return wrong === undefined ? undefined : `'${wrong}' must be host:count, as in 127.0.0.1:200`
}

/** Connections allowed by host. The text has passed the check. */
export function parseConnectionOverrides(text: string): Map<string, number> {
  const overrides = new Map<string, number>()
  for (const element of elements(text)) {
    const match = pattern.exec(element)
    if (match !== null) overrides.set(match[1]!.trim(), Number(match[2]))
  }
  return overrides
}
